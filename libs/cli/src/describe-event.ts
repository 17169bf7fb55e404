import type { EventView, HistoryEntry } from '@synap/contracts'

/** A value of an event for people, `nothing` for none. Content of others: print it through `clip`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'nothing'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What an event says, field by field: `title Buy milk, type note`; fields without a value are left out. As above. */
export function describeDelta({ delta }: Pick<EventView, 'delta'>): string {
  return Object.entries(delta)
    .filter(([, value]) => value !== null)
    .map(([field, value]) => `${field} ${describeValue(value)}`)
    .join(', ')
}

/** `2026-11-21 08:00:00` of this machine's time zone. */
export function localTime(time: string): string {
  const at = new Date(time)
  const two = (part: number) => String(part).padStart(2, '0')
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')}`
}

/** Who did it and why, in a few words: `gpt-x (automation), because of: Captured`. As above. */
export function describeWhoAndWhy({ who, why }: Pick<HistoryEntry, 'who' | 'why'>): string {
  const cause = why.cause === null ? '' : `, because of: ${why.cause.summary}`
  return `${who.model ?? who.kind} (${why.source})${cause}`
}
