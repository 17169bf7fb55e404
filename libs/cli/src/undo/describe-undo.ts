import type { EventView, HistoryEntry } from '@synap/contracts'
import { describeDelta, describeValue } from '../describe-event.ts'

/** An event of an item comes with words; one of a link or of the user without. */
export type PastEvent = EventView & Partial<Pick<HistoryEntry, 'summary' | 'changes'>>

/** What an event did: `Title changed from “A” to “B”`. Content of others: print it through `clip`. */
export function whatItDid(event: PastEvent): string {
  if (event.summary !== undefined) return event.summary
  const changes = changedIn(event).map(
    ({ field, from, to }) => `${field} ${describeValue(from)} → ${describeValue(to)}`,
  )
  return `${wordsOf(event.type)}: ${changes.join(', ') || describeDelta(event)}`
}

const whole: Readonly<Record<string, string>> = {
  'entity.created': 'the item is deleted',
  'entity.deleted': 'the item is back',
  'entity.restored': 'the item is deleted',
  'relation.created': 'the link is gone',
  'relation.deleted': 'the link is back',
}

/** What taking an event back makes of each thing that it changed: `title back to “A”`. As above. */
export function whatIsUndone(event: PastEvent): string[] {
  const known = whole[event.type]
  if (known !== undefined) return [known]
  return changedIn(event).map(({ field, from, to }) => {
    // Those an item has several of: they come and go.
    if (field === 'tag' || field === 'attachment') {
      return from === null
        ? `${field} ${describeValue(to)} taken off`
        : `${field} ${describeValue(from)} put back`
    }
    if (from === null) return `${field} taken away`
    return field === 'content' ? 'content as it was before' : `${field} back to ${quoted(from)}`
  })
}

const changedIn = (event: PastEvent) =>
  changesOf(event).filter(({ from, to }) => describeValue(from) !== describeValue(to))

const quoted = (value: unknown): string => (typeof value === 'string' ? `“${value}”` : describeValue(value))

/** As history tells them; elsewhere a delta has each field beside its `old` one. */
function changesOf({ changes, delta }: PastEvent): { field: string; from: unknown; to: unknown }[] {
  if (changes !== undefined) return changes
  return Object.keys(delta).flatMap((name) => {
    const [, rest] = /^old([A-Z].*)$/.exec(name) ?? []
    if (rest === undefined) return []
    const field = rest.charAt(0).toLowerCase() + rest.slice(1)
    return [{ field, from: delta[name] ?? null, to: delta[field] ?? null }]
  })
}

/** `tag.renamed` → `Tag renamed` */
function wordsOf(type: string): string {
  const words = type.replaceAll(/[._]/g, ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
