import type { EntityView, SearchHit } from '@synap/contracts'
import { type Cell, clip, plain } from './output.ts'
import { paint } from './paint.ts'
import { relativeDue, shortTime } from './relative-time.ts'

const nameOf = (item: Pick<EntityView, 'title' | 'preview'>): string => item.title ?? item.preview ?? ''

/** `task: Buy milk (due tomorrow, 2026-11-22)` */
export function itemSentence(item: EntityView, now = Date.now()): string {
  const due = item.task?.due ? ` (due ${relativeDue(item.task.due, now)}, ${item.task.due})` : ''
  return `${item.type}: ${clip(nameOf(item), 120)}${due}`
}

const longestTitle = 70

/** The title for a column, and when it is due: what is cut is the title. The words of `marks` in it are bold. */
export function itemTitle(item: EntityView, now = Date.now(), marks: Passage['marks'] = []): Cell {
  const name = clip(nameOf(item), longestTitle)
  const due = dueOf(item, now)
  const done = item.task?.status === 'done' ? '✓ ' : ''
  const tags = item.tags.map((tag) => ` #${plain(tag.name)}`).join('')
  return (room) => {
    const long = due === undefined ? '' : ` (due ${due.text})`
    const end =
      done.length + name.length + long.length <= room || long === '' ? long : ` (${due?.text ?? ''})`
    const left = Math.max(1, room - done.length - end.length)
    const shown = clip(name, left)
    const labels = shown.length + tags.length <= left && tags !== '' ? paint.dim(tags) : ''
    return done + markWords(shown, marks, String) + (due?.paint(end) ?? '') + labels
  }
}

/** When an open task is due, and in which colour. */
function dueOf({ task }: EntityView, now: number) {
  if (!task?.due || task.status === 'done' || task.status === 'cancelled') return undefined
  const text = relativeDue(task.due, now)
  const days = (Date.parse(task.due) - now) / 86_400_000
  return { text, paint: days < -1 ? paint.red : days < 1 ? paint.yellow : paint.dim }
}

/** The columns of a list. `ids` shortens them for people. */
export const itemHeads = ['id', 'type', 'created', 'title']
export function itemRow(item: EntityView, ids?: ReadonlyMap<string, string>, now = Date.now()): Cell[] {
  return [...aboutItem(item, ids, now), itemTitle(item, now)]
}

const aboutItem = (item: EntityView, ids: ReadonlyMap<string, string> | undefined, now: number): Cell[] => [
  ids?.get(item.id) ?? item.id,
  item.type,
  shortTime(item.createdAt, now),
]

/** The same columns for what was found; below the title where the words stand, unless the title shows them. */
export function hitRow(
  { entity, highlights: [first] }: Pick<SearchHit, 'entity' | 'highlights'>,
  ids?: ReadonlyMap<string, string>,
  now = Date.now(),
): Cell[] {
  const about = aboutItem(entity, ids, now)
  if (first === undefined) return [...about, itemTitle(entity, now)]
  const name = clip(nameOf(entity), longestTitle)
  const { text, marks } = onOneLine(first)
  const same = commonLength(text, name)
  const title = itemTitle(
    entity,
    now,
    marks.filter(([, end]) => end <= same),
  )
  return [
    ...about,
    (room) => {
      const head = typeof title === 'string' ? title : title(room)
      const beyond = marks.filter(([, end]) => end > Math.min(same, room))
      const isTold = marks.length > 0 ? beyond.length === 0 : same >= Math.min(name.length, 20)
      return isTold ? head : `${head}\n${markHits({ text, marks: beyond }, Math.min(90, room))}`
    },
  ]
}

/** How many characters two texts begin with in common; capitals count as small letters. */
function commonLength(a: string, b: string): number {
  let at = 0
  while (at < Math.min(a.length, b.length) && a[at]?.toLowerCase() === b[at]?.toLowerCase()) at += 1
  return at
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
  const moved = marks.map(([start, end]): [number, number] => [start - from, end - from])
  return open + markWords(line.slice(from, to), moved, paint.dim) + (isCut ? '…' : '')
}

/** The words at `marks` in bold, the rest as `other` paints it. */
function markWords(line: string, marks: Passage['marks'], other: (text: string) => string): string {
  let shown = ''
  let at = 0
  for (const [start, end] of marks) {
    if (start < at || start >= line.length) continue
    shown +=
      (at < start ? other(line.slice(at, start)) : '') + paint.bold(paint.yellow(line.slice(start, end)))
    at = Math.min(end, line.length)
  }
  return at < line.length ? shown + other(line.slice(at)) : shown
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
export function searchFor(item: Pick<EntityView, 'title' | 'preview'>): string | undefined {
  const words = nameOf(item).match(/[\p{L}\p{N}]+/gu) ?? []
  return words.toSorted((a, b) => b.length - a.length)[0]
}
