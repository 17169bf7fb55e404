import type { UserId } from '@synap/core'
import type { PositionWaiter, ReadPositions } from '@synap/event-log'
import { problem } from '@synap/http'
import { type Client, type Pool, queryRole, transaction } from '@synap/postgres'
import type { Freshness } from './freshness.ts'
import { findActiveSchema } from './sql/find-active-schema.ts'
import { findPosition, findPositions, type Position } from './sql/find-position.ts'

/** A store in one snapshot: everything read through it is true for the same position. */
export interface Snapshot {
  client: Client
  /** Schema of the active read model, or `log`. */
  schema: string
  position: Position
}

/** A store that query reads: the read model or the event log. */
export interface ReadModel {
  /**
   * Waits, without holding a connection, until the store is fresh enough; then reads pointer, position and data in
   * one new transaction. Throws the problem `notCaughtUp` at the end of the wait. `onPosition` is told the position
   * that the answer, or the refusal, is true for.
   */
  read<T>(
    request: ReadRequest,
    work: (snapshot: Snapshot) => Promise<T>,
    onPosition: (position: Position) => void,
  ): Promise<T>
}

export interface ReadRequest {
  userId: UserId
  freshness: Freshness
  signal: AbortSignal
}

/** The schema of a store; asked in each transaction. */
export type FindSchema = (client: Client) => Promise<string>

/** The log has one schema, and publishes its positions as a read model does. */
export const findLogSchema: FindSchema = () => Promise.resolve('log')

export function createReadModel(
  pool: Pool,
  waiter: Pick<PositionWaiter, 'reached'>,
  findSchema: FindSchema = findActiveSchema,
): ReadModel {
  return {
    async read({ userId, freshness, signal }, work, onPosition) {
      const { minSequence, waitMs, staleAllowed } = freshness
      if (minSequence > 0) await waiter.reached(userId, minSequence, waitMs, signal)
      return transaction(
        pool,
        { role: queryRole, userId },
        async (client) => {
          const schema = await findSchema(client)
          const position = await findPosition(client, schema, userId)
          onPosition(position)
          if (position.seen < minSequence && !staleAllowed) {
            throw problem('notCaughtUp', { retryAfter: 1, extensions: { sequence: position.seen } })
          }
          return work({ client, schema, position })
        },
        { isolation: 'repeatable read', readOnly: true, signal },
      )
    },
  }
}

/** How far a store is (by default the active read model), for the waiter. */
export function createPositionReader(pool: Pool, findSchema: FindSchema = findActiveSchema): ReadPositions {
  return (users) =>
    transaction(
      pool,
      { role: queryRole },
      async (client) => findPositions(client, await findSchema(client), users),
      { readOnly: true },
    )
}
