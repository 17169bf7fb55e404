import type { AggregateId, UserId } from '@synap/core'
import type { PositionWaiter, ReadPositions } from '@synap/event-log'
import { problem } from '@synap/http'
import { type Client, type Pool, queryRole, transaction } from '@synap/postgres'
import type { Freshness } from './freshness.ts'
import { refuseParked } from './refuse-parked.ts'
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
   * Reads pointer, position and data in one transaction. When that finds the store not fresh enough, it is left, the
   * wait holds no connection, and a new one reads again: a read of a store that is level costs nothing more. Throws the
   * problem `notCaughtUp` at the end of the wait, and `parked` at once. `onPosition` is told the position of each of the
   * transactions; the last one is what the answer, or the refusal, is true for.
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
  /** The one aggregate that is read. While an event of it is parked the read is refused, unless it may be stale. */
  aggregateId?: AggregateId | undefined
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
    async read(request, work, onPosition) {
      const { userId, freshness, signal } = request
      const attempt = (mayWait: boolean) =>
        transaction(
          pool,
          { role: queryRole, userId },
          async (client): Promise<Attempt<Awaited<ReturnType<typeof work>>>> => {
            const schema = await findSchema(client)
            const position = await findPosition(client, schema, userId)
            onPosition(position)
            if (isBehind(position, request, mayWait)) return { outcome: 'behind' }
            return { outcome: 'read', value: await work({ client, schema, position }) }
          },
          { isolation: 'repeatable read', readOnly: true, signal },
        )
      for (let mayWait = freshness.waitMs > 0; ; mayWait = false) {
        const attempted = await attempt(mayWait)
        if (attempted.outcome === 'read') return attempted.value
        await waiter.reached(userId, freshness.minSequence, freshness.waitMs, signal)
      }
    },
  }
}

type Attempt<T> = { outcome: 'read'; value: T } | { outcome: 'behind' }

/** True when it is worth waiting; throws when the answer would be older than what was asked for. */
function isBehind(position: Position, { freshness, aggregateId }: ReadRequest, mayWait: boolean): boolean {
  const { minSequence, staleAllowed } = freshness
  if (!staleAllowed && aggregateId !== undefined) refuseParked(position, aggregateId)
  if (position.seen >= minSequence) return false
  if (mayWait) return true
  if (staleAllowed) return false
  throw problem('notCaughtUp', { retryAfter: 1, extensions: { sequence: position.seen } })
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
