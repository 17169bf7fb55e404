import { SynapError } from '@synap/core'
import type { Appended } from './sql/append.ts'

/** What is kept of an effect under its idempotency key, to answer the same request again. */
export interface StoredResult {
  /** The aggregate that the answer is about; of a batch its first. */
  id: string
  /** Its version after the append. */
  version: number
  correlationId: string
  /** Names of the fields that an analysis set. */
  applied?: readonly string[]
  /** What a batch made, in its order. `after`: how many events of the append come after the last one of the item. */
  items?: readonly { id: string; version: number; after: number }[]
}

/** An effect as it is answered, the first time or again. */
export interface Effect extends StoredResult {
  /** The last sequence of the append. */
  sequence: number
  /** True when this is the stored answer of an earlier request. */
  replayed: boolean
}

export function effectOf(result: StoredResult, appended: Appended, replayed = false): Effect {
  return { ...result, sequence: appended.sequence, replayed }
}

/** Reads what `write.idempotency` kept. Throws `idempotency.unreadable` (bug). */
export function replayOf(stored: unknown): Effect {
  const { append, ...result } = stored as StoredResult & { append?: Appended }
  if (append === undefined) {
    throw new SynapError('a stored result has no numbers', { code: 'idempotency.unreadable', class: 'bug' })
  }
  return effectOf(result, append, true)
}
