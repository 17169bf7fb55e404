import type { EventAt } from './place.ts'

/**
 * 32 bits of an event's id, aggregate and version (FNV-1a, of the authors' reference at
 * http://www.isthe.com/chongo/tech/comp/fnv/), never 0. Two different events have the same one once in 4 billion.
 */
export function fingerprintOf({ eventId, aggregateId, version }: Omit<EventAt, 'aggregateType'>): number {
  let hash = 0x811c9dc5
  const text = `${eventId}${aggregateId}${version}`
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0 || 1
}
