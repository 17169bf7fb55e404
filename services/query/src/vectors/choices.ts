import type { Chosen } from './chosen.ts'
import type { PackedVectors } from './packed-vectors.ts'

/** Which of a user's vectors a filter lets pass, as it was at a position of the read model. */
export interface Choice {
  vectors: Chosen
  /** What of the read model they are true for: see `stateOf`. */
  position: string
}

/**
 * What filters let pass, kept until the user's vectors in memory change. Whether it is true still, who takes it has to ask: see
 * `Choice.position`.
 */
export interface Choices {
  get(filter: string, packed: PackedVectors): Choice | undefined
  set(filter: string, packed: PackedVectors, choice: Choice): void
  drop(filter: string): void
  /** Drops what is of vectors that are not in memory any more. */
  dropGone(): void
  /** Memory in use. */
  bytes(): number
}

interface Kept extends Choice {
  packed: PackedVectors
  /** Vectors that there were: those that were added since have not been looked at. */
  count: number
}

/** So much a choice takes besides its vectors. */
const besides = 512

/** @param maxBytes memory at most; those that were asked for last stay. */
export function createChoices(maxBytes: number): Choices {
  const all = new Map<string, Kept>()
  let bytes = 0
  const drop = (filter: string) => {
    const kept = all.get(filter)
    if (kept === undefined) return
    bytes -= sizeOf(filter, kept)
    all.delete(filter)
  }
  return {
    get(filter, packed) {
      const kept = all.get(filter)
      if (kept === undefined || !isOf(kept, packed)) return undefined
      all.delete(filter)
      all.set(filter, kept)
      return kept
    },
    set(filter, packed, choice) {
      drop(filter)
      const kept = { ...choice, packed, count: packed.count() }
      if (sizeOf(filter, kept) > maxBytes) return
      all.set(filter, kept)
      bytes += sizeOf(filter, kept)
      for (const oldest of all.keys()) {
        if (bytes <= maxBytes) return
        drop(oldest)
      }
    },
    drop,
    dropGone() {
      for (const [filter, kept] of all) if (!isOf(kept, kept.packed)) drop(filter)
    },
    bytes: () => bytes,
  }
}

/** The same vectors, and none more; those that were given up have none. */
const isOf = (kept: Kept, packed: PackedVectors) => kept.packed === packed && kept.count === packed.count()

const sizeOf = (filter: string, { vectors }: Choice) => vectors.bytes + filter.length * 2 + besides
