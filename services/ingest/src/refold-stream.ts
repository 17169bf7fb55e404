import { type AggregateId, SynapError, type UserId } from '@synap/core'
import { type AggregateState, evolve } from '@synap/domain'
import type { Pool } from '@synap/postgres'
import { readStream } from './read-stream.ts'

export interface StreamToFold {
  userId: UserId
  aggregateId: AggregateId
  /** The version that the fold must come to. */
  version: number
}

/**
 * The state of an aggregate as today's code folds it: from the log, and from the outbox what the log does not hold yet.
 * Rejects with `state.unfoldable` (dependency) when the two together lack an event: the log is behind, or cannot be
 * asked.
 */
export async function refoldStream(pool: Pool, stream: StreamToFold): Promise<AggregateState> {
  let state: AggregateState | undefined
  for await (const event of readStream(pool, stream)) {
    if (event.version !== (state?.version ?? 0) + 1) throw unfoldable(stream, state?.version ?? 0)
    state = evolve(state, event)
    // Another append may have added to both since.
    if (state?.version === stream.version) return state
  }
  throw unfoldable(stream, state?.version ?? 0)
}

function unfoldable({ aggregateId, version }: StreamToFold, reached: number): SynapError {
  return new SynapError('a state of an earlier fold cannot be made again: an event is not to be had now', {
    code: 'state.unfoldable',
    class: 'dependency',
    fields: { aggregateId, version, reached },
  })
}
