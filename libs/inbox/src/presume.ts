import { writeMovedPositions } from '@synap/contracts'
import { errorClass } from '@synap/core'
import { awaitAtCommit, type Client } from '@synap/postgres'
import type { Admitted } from './admit.ts'
import { eventIdOf } from './resume.ts'
import type { Settled } from './settle.ts'
import { lockAsPresumed, type Moves, movePositions, refuseOpenSlots } from './sql/presumed.ts'
import type { InboxOptions, PlacedEvent } from './types.ts'

/** Items of one partition, in the order of their records. */
export interface Part<E> {
  partition: number
  items: readonly Admitted<E>[]
}

/** What becomes of items when everything is as they say: each is the next of its user, and none of his is missing. */
export interface Presumed<E> {
  moves: Moves
  settled: Settled<E>
  apply: (client: Client) => Promise<void>
}

type PresumeOptions<E> = Pick<InboxOptions<E>, 'presume' | 'schema' | 'channel'>

/** Undefined where something has to be known before. */
export function presume<E>(
  options: PresumeOptions<E>,
  topic: string,
  parts: readonly Part<E>[],
): Presumed<E> | undefined {
  if (options.presume === undefined) return undefined
  const applied: PlacedEvent<E>[] = []
  const users = new Map<string, { before: number; seen: number }>()
  for (const item of parts.flatMap(({ items }) => items)) {
    if (item.kind !== 'placed' || item.event === undefined || item.arrival.verdict.kind !== 'apply')
      return undefined
    const { userId, sequence } = item.arrival.placement
    const before = users.get(userId) ?? { before: sequence - 1, seen: sequence - 1 }
    // The row of a new user is not there yet.
    if (sequence === 1 || sequence !== before.seen + 1) return undefined
    users.set(userId, { ...before, seen: sequence })
    applied.push(item.event)
  }
  const apply = presumeApplied(options.presume, applied)
  if (apply === undefined) return undefined
  const moves: Moves = {
    topic,
    partitions: parts.flatMap(partitionMove).toSorted((a, b) => a.partition - b.partition),
    users: [...users].map(([userId, moved]) => ({ userId, ...moved })).toSorted(byUser),
  }
  const settled: Settled<E> = {
    outcome: 'settled',
    applied,
    skipped: 0,
    duplicates: 0,
    parked: [],
    filled: new Set(),
  }
  return { moves, settled, apply }
}

/** An event that cannot be thought of is refused where the others are kept from it. */
function presumeApplied<E>(
  presumes: NonNullable<InboxOptions<E>['presume']>,
  applied: readonly PlacedEvent<E>[],
): ReturnType<typeof presumes> {
  try {
    return presumes(applied)
  } catch (error) {
    if (errorClass(error) !== 'data') throw error
    return undefined
  }
}

/** Asks for all of it; the transaction fails with class `data`, and keeps nothing, when anything is not as presumed. */
export async function settlePresumed<E>(
  client: Client,
  { schema, channel }: PresumeOptions<E>,
  { moves, settled, apply }: Presumed<E>,
): Promise<Settled<E>> {
  awaitAtCommit(client, lockAsPresumed(client, schema, moves))
  awaitAtCommit(client, refuseOpenSlots(client, schema, moves))
  await apply(client)
  const seen = new Map(moves.users.map((user) => [user.userId, user.seen]))
  const notification = channel === undefined ? undefined : { channel, payload: writeMovedPositions(seen) }
  awaitAtCommit(client, movePositions(client, schema, moves, notification))
  return settled
}

const byUser = (a: { userId: string }, b: { userId: string }) => (a.userId < b.userId ? -1 : 1)

function partitionMove<E>({ partition, items }: Part<E>): Moves['partitions'][number][] {
  const [first] = items
  const last = items.at(-1)
  if (first?.kind !== 'placed' || last?.kind !== 'placed') return []
  const offsetOf = ({ source }: typeof first) => source.record?.offset ?? 0n
  return [{ partition, first: offsetOf(first), next: offsetOf(last) + 1n, eventId: eventIdOf(last.source) }]
}
