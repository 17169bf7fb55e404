import type { Seen } from '../sql/added-vectors.ts'
import type { PackedVectors, VectorToPack } from './packed-vectors.ts'

/** A user's vectors of one model that are in memory. */
export interface Held {
  packed: PackedVectors
  /** All that was there then is among them. */
  since: Seen
  /** When all were read; what came since was added to them. */
  readAt: number
  usedAt: number
  /** Some are known to have come since, or to be gone: not worth asking whether these are all. */
  isBehind: boolean
}

/** What is in memory, those that were used least lately first. */
export interface HeldVectors {
  /** Marks them as used. */
  use(key: string): Held | undefined
  look(key: string): Held | undefined
  /** In place of those that were there under the key. */
  put(key: string, held: Omit<Held, 'usedAt' | 'isBehind'>): void
  drop(key: string): void
  /** Adds one, at the price of those that were used least lately; false: these alone fill the memory. */
  add(to: PackedVectors, vector: VectorToPack): boolean
  /** Drops what was not used for so many milliseconds. */
  dropIdle(idleMs: number): void
  count(): number
}

export function createHeldVectors(now: () => number): HeldVectors {
  // A map gives its entries in the order in which they were put.
  const all = new Map<string, Held>()
  const drop = (key: string) => {
    all.get(key)?.packed.free()
    all.delete(key)
  }
  return {
    use(key) {
      const held = all.get(key)
      if (held === undefined) return undefined
      held.usedAt = now()
      all.delete(key)
      all.set(key, held)
      return held
    },
    look: (key) => all.get(key),
    put(key, held) {
      drop(key)
      all.set(key, { ...held, usedAt: now(), isBehind: false })
    },
    drop,
    add(to, vector) {
      while (!to.add(vector)) {
        const other = Array.from(all).find(([, { packed }]) => packed !== to)
        if (other === undefined) return false
        drop(other[0])
      }
      return true
    },
    dropIdle(idleMs) {
      for (const [key, { usedAt }] of all) {
        if (now() - usedAt < idleMs) return
        drop(key)
      }
    },
    count: () => all.size,
  }
}
