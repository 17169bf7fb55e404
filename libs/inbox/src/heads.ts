import { partitionOf, topics } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { transaction } from '@synap/postgres'
import type { Repair, RepairContext } from './repair.ts'
import type { Retry } from './retry.ts'
import { findFillableSlots, noteAsked } from './sql/parked.ts'
import { findUserPositions } from './sql/user-positions.ts'
import type { InboxOptions } from './types.ts'

/** An event has this long, in milliseconds, to come by its topic before it counts as lost. */
const olderThanMs = 60_000
const slotsPerCheck = 100
/** For work that no broker waits for. */
export const noHeartbeat = async () => undefined

/** Records still to be handled of each partition that this process has been assigned. */
export type Lag = ReadonlyMap<number, bigint>

/**
 * What no later event can show: a lost last event, and slots that ingest can fill by now. Users of partitions that are
 * behind are left out, for their events are on their way, and so are those of partitions that others have.
 */
export function createHeadCheck<E>(
  options: InboxOptions<E>,
  deps: { repair: Repair; retry: Retry; lag: Lag },
) {
  return async (signal?: AbortSignal): Promise<number> => {
    const context: RepairContext = { signal, heartbeat: noHeartbeat }
    return (await fetchLacking(options, deps, context)) + (await fillSlots(options, deps, context))
  }
}

async function fetchLacking<E>(
  { fetchHeads, pool, role, schema }: InboxOptions<E>,
  { repair, lag }: { repair: Repair; lag: Lag },
  context: RepairContext,
): Promise<number> {
  let repaired = 0
  let cursor: UserId | null = null
  do {
    const page: Awaited<ReturnType<typeof fetchHeads>> = await fetchHeads(olderThanMs, cursor, context.signal)
    const heads = page.items.filter(({ userId }) => isUpToDate(userId, lag))
    const users = heads.map((head) => head.userId)
    const seen = await transaction(pool, { role }, (client) => findUserPositions(client, schema, users))
    for (const { userId, sequence } of heads) {
      if ((seen.get(userId) ?? 0) >= sequence) continue
      await repair.upTo(userId, sequence, context)
      repaired += 1
    }
    cursor = page.next
  } while (cursor !== null)
  return repaired
}

function isUpToDate(userId: string, lag: Lag): boolean {
  return lag.get(partitionOf(userId, topics.events.partitions)) === 0n
}

/** Asks ingest for open slots, or only for those that are `marked` for it; answers how many users had one filled. */
export async function fillSlots<E>(
  { pool, role, schema }: InboxOptions<E>,
  { repair, retry }: { repair: Repair; retry: Retry },
  context: RepairContext,
  marked = false,
): Promise<number> {
  const slots = await transaction(pool, { role }, (client) =>
    findFillableSlots(client, schema, slotsPerCheck, marked),
  )
  const vain: number[] = []
  const users = new Set<UserId>()
  for (const { id, user_id, sequence } of slots) {
    const userId = user_id as UserId
    if (await repair.fill(userId, sequence, context)) users.add(userId)
    else vain.push(id)
  }
  if (vain.length > 0) await transaction(pool, { role }, (client) => noteAsked(client, schema, vain))
  for (const userId of users) await retry.user(userId, context.signal)
  return users.size
}
