import type { EntityView, SearchHit } from '@synap/contracts'
import { type Cell, clip, plain } from './output.ts'
import { paint } from './paint.ts'
import { relativeDue, shortTime } from './relative-time.ts'

const nameOf = (item: EntityView): string => item.title ?? item.preview ?? ''

/** `task: Buy milk (due tomorrow, 2026-11-22)` */
export function itemSentence(item: EntityView, now = Date.now()): string {
  const due = item.task?.due ? ` (due ${relativeDue(item.task.due, now)}, ${item.task.due})` : ''
  return `${item.type}: ${clip(nameOf(item), 120)}${due}`
}

const longestTitle = 70

/** The title for a column, and when it is due: what is cut is the title. */
export function itemTitle(item: EntityView, now = Date.now()): Cell {
  const name = clip(nameOf(item), longestTitle)
  if (!item.task?.due) return (room) => clip(name, room)
  const due = relativeDue(item.task.due, now)
  return (room) => {
    const whole = `${name} (due ${due})`
    return whole.length <= room ? whole : `${clip(name, Math.max(1, room - due.length - 3))} (${due})`
  }
}

/** The columns that a list shows of an item. */
export const itemHeads = ['id', 'type', 'created', 'title']
export function itemRow(item: EntityView, now = Date.now()): Cell[] {
  return [item.id, item.type, shortTime(item.createdAt, now), itemTitle(item, now)]
}

/** The columns of a search: under the id what it is, under the title where the words stand. */
export const hitHeads = ['id', 'title']
export function hitRow({ entity, highlights: [first] }: SearchHit, now = Date.now()): Cell[] {
  const about = `${entity.id}\n  ${paint.dim(`${entity.type}, ${shortTime(entity.createdAt, now)}`)}`
  const title = itemTitle(entity, now)
  return [
    about,
    (room) => {
      const head = typeof title === 'string' ? title : title(room)
      return first === undefined ? head : `${head}\n${markHits(first, Math.min(90, room))}`
    },
  ]
}

type Passage = SearchHit['highlights'][number]

/** A passage on one line no wider than `width`, the words that were found in bold; it shows at least the first. */
export function markHits(passage: Passage, width: number): string {
  const { text: line, marks } = onOneLine(passage)
  const [first] = marks
  // A first word beyond the end of the line: the line begins a little before it.
  const from = first !== undefined && first[1] > width - 1 ? Math.max(0, first[0] - Math.floor(width / 3)) : 0
  const open = from > 0 ? '…' : ''
  const isCut = line.length - from + open.length > width
  const to = isCut ? from + width - open.length - 1 : line.length
  let shown = open
  let at = from
  for (const [start, end] of marks) {
    if (start < at || start >= to) continue
    shown += paint.dim(line.slice(at, start)) + paint.bold(line.slice(start, Math.min(end, to)))
    at = Math.min(end, to)
  }
  return shown + paint.dim(line.slice(at, to)) + (isCut ? '…' : '')
}

/** Without runs of white space, and with the marks where they then are. */
function onOneLine({ text, marks }: Passage): Passage {
  const shown = (from: number, to: number) => plain(text.slice(from, to)).replace(/\s+/g, ' ')
  let line = ''
  let at = 0
  const moved = marks.map(([start, end]): [number, number] => {
    line += shown(at, start)
    const begin = line.length
    line += shown(start, end)
    at = end
    return [begin, line.length]
  })
  return { text: (line + shown(at, text.length)).trimEnd(), marks: moved }
}

/** A search that finds an item by its title: its longest word. */
export function searchFor(item: EntityView): string | undefined {
  const words = nameOf(item).match(/[\p{L}\p{N}]+/gu) ?? []
  return words.toSorted((a, b) => b.length - a.length)[0]
}
