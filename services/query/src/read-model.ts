import type { AggregateId, UserId } from '@synap/core'
import type { PositionWaiter, ReadPositions } from '@synap/event-log'
import { problem } from '@synap/http'
import { type Client, type Pool, queryRole } from '@synap/postgres'
import type { Freshness } from './freshness.ts'
import { createPlace, type PlaceOptions, type Store } from './place.ts'
import { refuseParked } from './refuse-parked.ts'
import { findActiveSchema } from './sql/find-active-schema.ts'
import { findPosition, findPositions, type Position } from './sql/find-position.ts'

/** Where to read in a snapshot of a store. */
export interface Place {
  client: Client
  /** Schema of the active read model, or `log`. */
  schema: string
  /** How far the store is in this snapshot, for reads that are asked ahead of it. */
  position?: () => Promise<Position>
}

/** A store in one snapshot: everything read through it is true for the same position. */
export interface Snapshot extends Omit<Place, 'position'> {
  position: Position
}

/** A store that query reads: the read model or the event log. */
export interface ReadModel {
  /**
   * Reads pointer, position and data in one transaction. When that finds the store not fresh enough, it is left, the
   * wait holds no connection, and a new one reads again, at once when something has changed: a read of a store that is
   * level costs nothing more. Throws the problem `notCaughtUp` at the end of the wait, and `parked` at once. `onPosition` is told the position of each of the
   * transactions; the last one is what the answer, or the refusal, is true for.
   */
  read<T>(
    request: ReadRequest,
    work: (snapshot: Snapshot) => Promise<T>,
    onPosition: (position: Position) => void,
  ): Promise<T>
  /**
   * As `read`, in one round trip where the store is likely to be level: pointer, position and data are asked for together,
   * and what was read counts only when the other two allow it. So `work` may run more than once, and does nothing else.
   */
  readAhead<T>(
    request: ReadRequest,
    work: (place: Place) => Promise<T>,
    onPosition: (position: Position) => void,
  ): Promise<T>
}

export interface ReadRequest {
  userId: UserId
  freshness: Freshness
  /** The one aggregate that is read. While an event of it is parked the read is refused, unless it may be stale. */
  aggregateId?: AggregateId | undefined
  /** See `TransactionOptions`. */
  genericPlans?: boolean
  /** What is read ahead is asked for before any of it is waited for: then its transaction is one message. */
  asksAtOnce?: boolean
  signal: AbortSignal
}

/** Milliseconds without a look of its own: some other reason to refuse it, or a lost notification, is found soon. */
const mostBlindMs = 30

const activeReadModel: Store = { findSchema: findActiveSchema }

export function createReadModel(
  pool: Pool,
  waiter: Pick<PositionWaiter, 'changes' | 'heard' | 'mayBeReached'>,
  store: Store = activeReadModel,
): ReadModel {
  const place = createPlace(pool, store)

  const readWith = async <T>(
    { request, onPosition }: { request: ReadRequest; onPosition: (position: Position) => void },
    readData: ReadData<T>,
  ): Promise<T> => {
    const { userId, signal } = request
    const { minSequence: minimum, waitMs } = request.freshness
    const attempt = (mayWait: boolean, isFirst: boolean) => {
      const isFresh = (position: Position) => {
        onPosition(position)
        return !isBehind(position, request, mayWait)
      }
      const isLikely = !isFirst || isLikelyLevel(waiter, request)
      return place.read({ role: queryRole, userId }, howToRead(request, isLikely), (client, schema) =>
        readData({ client, schema, userId, isFresh, isLikely }),
      )
    }
    const until = performance.now() + waitMs
    await waitBlindly(waiter, request)
    for (let isFirst = true, mayWait = waitMs > 0; ; isFirst = false) {
      const changes = waiter.changes(userId)
      const attempted = await attempt(mayWait, isFirst)
      if (attempted.outcome === 'read') return attempted.value
      const leftMs = until - performance.now()
      mayWait = leftMs > 0 && (await waiter.mayBeReached({ userId, minimum, changes }, leftMs, signal))
    }
  }

  return {
    read: (request, work, onPosition) =>
      readWith({ request, onPosition }, async ({ client, schema, userId, isFresh }) => {
        const position = await findPosition(client, schema, userId)
        return {
          decide: async () => {
            if (!isFresh(position)) return { outcome: 'behind' }
            return { outcome: 'read', value: await work({ client, schema, position }) }
          },
        }
      }),
    readAhead: (request, work, onPosition) =>
      readWith({ request, onPosition }, async ({ client, schema, userId, isFresh, isLikely }) => {
        const asked = findPosition(client, schema, userId)
        const place = { client, schema, position: () => asked }
        const ahead = isLikely ? settled(work(place)) : undefined
        const position = await asked
        const data = await ahead
        return {
          decide: async () => {
            if (!isFresh(position)) return { outcome: 'behind' }
            return { outcome: 'read', value: data === undefined ? await work(place) : valueOf(data) }
          },
        }
      }),
  }
}

/** Only what is likely to count is asked for along with the position. */
const howToRead = (
  { genericPlans = false, asksAtOnce = false, signal }: ReadRequest,
  isLikely: boolean,
): PlaceOptions => ({ signal, genericPlans, asksAtOnce: asksAtOnce && isLikely })

/** Before a wait the store is likely to be behind, if nobody has said otherwise, and then all that was read would be thrown away. */
const isLikelyLevel = (
  waiter: Pick<PositionWaiter, 'heard'>,
  { userId, freshness: { minSequence } }: ReadRequest,
) => (waiter.heard(userId) ?? 0) >= minSequence

/** Who is known to come too early is told by the next notification; a look would be in the way of what it waits for. */
async function waitBlindly(
  waiter: Pick<PositionWaiter, 'changes' | 'heard' | 'mayBeReached'>,
  { userId, freshness: { minSequence: minimum, waitMs }, signal }: ReadRequest,
): Promise<void> {
  if ((waiter.heard(userId) ?? minimum) >= minimum) return
  const wanted = { userId, minimum, changes: waiter.changes(userId) }
  await waiter.mayBeReached(wanted, Math.min(waitMs, mostBlindMs), signal)
}

interface Reading extends Place {
  userId: UserId
  /** Tells the position; throws when the answer would be older than what was asked for. */
  isFresh: (position: Position) => boolean
  isLikely: boolean
}

/** Asks; once it is known that the right schema was asked, `decide` makes an answer of it. */
type ReadData<T> = (reading: Reading) => Promise<{ decide: () => Promise<Attempt<T>> }>

/** The outcome of work that must have ended before its transaction does, whatever becomes of it. */
function settled<T>(work: Promise<T>): Promise<{ value: T } | { error: unknown }> {
  return work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
}

function valueOf<T>(data: { value: T } | { error: unknown }): T {
  if ('error' in data) throw data.error
  return data.value
}

type Attempt<T> = { outcome: 'read'; value: T } | { outcome: 'behind' }

/** True when it is worth waiting; throws when the answer would be older than what was asked for. */
function isBehind(position: Position, { freshness, aggregateId }: ReadRequest, mayWait: boolean): boolean {
  const { minSequence, staleAllowed } = freshness
  if (!staleAllowed && aggregateId !== undefined) refuseParked(position, aggregateId)
  if (position.seen >= minSequence) return false
  if (mayWait) return true
  if (staleAllowed) return false
  const detail = `Sequence ${minSequence} is not there yet: what is read has come to ${position.seen}.`
  throw problem('notCaughtUp', { retryAfter: 1, detail, extensions: { sequence: position.seen } })
}

/** How far a store is (by default the active read model), for the waiter. */
export function createPositionReader(pool: Pool, store: Store = activeReadModel): ReadPositions {
  const place = createPlace(pool, store)
  return (users) =>
    place.read({ role: queryRole }, {}, async (client, schema) => {
      const positions = await findPositions(client, schema, users)
      return { decide: async () => positions }
    })
}
