import { eventTypes, topics } from '@synap/contracts'
import { errorClass, type UserId } from '@synap/core'
import { type Client, transaction } from '@synap/postgres'
import { type Admitted, admit } from './admit.ts'
import type { Meters } from './meters.ts'
import { describeRefusal, notify, tryApply } from './settle.ts'
import { endSpans } from './spans.ts'
import { noteStarted } from './sql/parked.ts'
import {
  type CandidateRow,
  findCandidates,
  findSlotsInOrder,
  findUsersToRetry,
  markForgotten,
  markKnownTypes,
  reopenUnplaced,
  type SlotRow,
  settleParked,
} from './sql/retry.ts'
import { lockUserPositions } from './sql/user-positions.ts'
import type { InboxOptions, ParkReason, PlacedEvent } from './types.ts'

/** Events decoded and tried per round, and users per pass. */
const page = 500

export interface Retry {
  /** Tries a user's slots in order, as far as they go; answers how many events were applied. */
  user: (userId: UserId, signal?: AbortSignal) => Promise<number>
  /** Every user with a marked slot, and what a newer build can read by now. */
  all: (signal?: AbortSignal) => Promise<number>
}

/** By row; the digest shows a row whose bytes changed meanwhile. */
type Candidates<E> = ReadonlyMap<number, { digest: string | null; item: Admitted<E> }>

export function createRetry<E>(options: InboxOptions<E>, meters: Meters): Retry {
  const { pool, role, schema } = options

  const round = async (userId: UserId, signal: AbortSignal | undefined) => {
    const candidates = await decodeCandidates(options, userId, signal)
    if (candidates.size === 0) return 0
    try {
      const applied = await transaction(
        pool,
        { role },
        (client) => tryInOrder(client, options, userId, candidates),
        { retries: 3, ...(signal === undefined ? {} : { signal }) },
      )
      if (applied.length > 0) await options.onApplied?.(applied)
      meters.event('retried', applied.length)
      return applied.length
    } finally {
      endSpans([...candidates.values()].flatMap(({ item }) => (item.kind === 'absent' ? [] : [item])))
    }
  }

  const user = async (userId: UserId, signal?: AbortSignal) => {
    let total = 0
    for (;;) {
      const applied = await round(userId, signal)
      total += applied
      if (applied === 0) return total
    }
  }

  const findUsers = () =>
    transaction(pool, { role }, async (client) => {
      await reopenUnplaced(client, schema)
      await markKnownTypes(client, schema, eventTypes)
      await markForgotten(client, schema)
      return findUsersToRetry(client, schema, page)
    })
  return { user, all: async (signal) => retryEach((await findUsers()) as UserId[], user, signal) }
}

/** Reads what may be tried of a user. Decoding may wait for the registry: no client is held meanwhile. */
async function decodeCandidates<E>(
  options: InboxOptions<E>,
  userId: UserId,
  signal: AbortSignal | undefined,
): Promise<Candidates<E>> {
  const { pool, role, schema } = options
  const rows = await transaction(pool, { role }, async (client) => {
    const found = await findCandidates(client, schema, userId, page)
    // Deadly bytes get one try per mark: the note is committed before they are touched.
    const deadly = found.filter((row) => row.reason === 'killer').map((row) => row.id)
    if (deadly.length > 0) await noteStarted(client, schema, deadly)
    return found
  })
  const candidates = new Map<number, { digest: string | null; item: Admitted<E> }>()
  for (const row of rows) {
    try {
      const how = { undecoded: false, signal }
      const item = await admit(options, row.topic ?? topics.events.name, sourceOf(row), how)
      candidates.set(row.id, { digest: row.digest, item })
    } catch (error) {
      await noteUnreadable(options, row, error)
    }
  }
  return candidates
}

/** What cannot be read as this service is set up now is a try in vain; it must not hold up other users. */
async function noteUnreadable<E>(
  { pool, role, schema }: InboxOptions<E>,
  row: CandidateRow,
  error: unknown,
): Promise<void> {
  if (errorClass(error) !== 'configuration') throw error
  if (isFollower(row.reason)) return
  const detail = describeRefusal(error)
  const settled = { id: row.id, state: 'open' as const, reason: null, detail, tried: true }
  await transaction(pool, { role }, (client) => settleParked(client, schema, settled))
}

/** One user whose events cannot be tried now must not hold up the others. */
async function retryEach(
  users: readonly UserId[],
  retry: Retry['user'],
  signal: AbortSignal | undefined,
): Promise<number> {
  let total = 0
  const failures: unknown[] = []
  for (const userId of users) {
    try {
      total += await retry(userId, signal)
    } catch (error) {
      signal?.throwIfAborted()
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return total
}

const isFollower = (reason: ParkReason) => reason === 'behind_parked' || reason === 'behind_missing'

/** The record of a parked row, as it came. */
export function sourceOf(row: CandidateRow) {
  const { topic, partition, record_offset: offset } = row
  return {
    key: row.key,
    value: row.value,
    headers: row.headers ?? {},
    record:
      topic === null || partition === null || offset === null
        ? null
        : { topic, partition, offset: BigInt(offset) },
  }
}

async function tryInOrder<E>(
  client: Client,
  options: InboxOptions<E>,
  userId: UserId,
  candidates: Candidates<E>,
): Promise<PlacedEvent<E>[]> {
  await lockUserPositions(client, options.schema, [userId])
  const slots = await findSlotsInOrder(client, options.schema, userId)
  const holds = await createHolds(client, options, userId, slots, candidates)
  const applied: PlacedEvent<E>[] = []
  for (const slot of slots) {
    const candidate = candidates.get(slot.id)
    const item = candidate?.digest === slot.digest ? candidate.item : undefined
    const event = await trySlot(client, options, slot, item, holds.isHeld(slot))
    if (event === 'closed') continue
    if (event === 'held') holds.hold(slot)
    else {
      holds.applied(slot)
      applied.push(event)
    }
  }
  if (applied.length > 0) await notify(client, options.channel)
  return applied
}

/** One slot: the event when it was applied, `closed` when it needs nothing more, `held` when it stays. */
async function trySlot<E>(
  client: Client,
  options: InboxOptions<E>,
  slot: SlotRow,
  item: Admitted<E> | undefined,
  isHeld: boolean,
): Promise<PlacedEvent<E> | 'closed' | 'held'> {
  const settleAs = (
    state: 'open' | 'applied',
    reason: string | null,
    detail: string | null,
    tried: boolean,
  ) => settleParked(client, options.schema, { id: slot.id, state, reason, detail, tried })
  if (item === undefined) return 'held' // not asked for, or changed since: another round
  if (isHeld) {
    // Deadly bytes keep their reason, or they would be tried again unasked.
    if (slot.state === 'retry' && slot.reason !== 'killer')
      await settleAs('open', 'behind_parked', null, false)
    return 'held'
  }
  if (item.kind !== 'placed') {
    const refusal = item.kind === 'unplaced' ? item.refusal : undefined
    await settleAs('open', refusal?.reason ?? null, refusal?.detail ?? null, true)
    return 'held'
  }
  const { verdict } = item.arrival
  if (verdict.kind === 'skip') {
    await settleAs('applied', null, null, true)
    return 'closed'
  }
  if (verdict.kind === 'park' || item.event === undefined) {
    await settleAs('open', verdict.kind === 'park' ? verdict.reason : null, item.detail, true)
    return 'held'
  }
  const { event } = item
  const refusal = await tryApply(client, () => options.apply(client, [event]))
  if (refusal === undefined) {
    await settleAs('applied', null, null, true)
    return event
  }
  await settleAs('open', 'refused_by_store', refusal, true)
  return 'held'
}

/** What of a user's slots must wait for an earlier one that stays. */
async function createHolds<E>(
  client: Client,
  options: InboxOptions<E>,
  userId: UserId,
  slots: readonly SlotRow[],
  candidates: Candidates<E>,
) {
  const held = new Set<string>()
  let missing = false
  const isMissing = (slot: SlotRow) => slot.aggregate_id === null
  const versions = new Map(
    options.versionsOf !== undefined && slots.some(isMissing)
      ? await options.versionsOf(
          client,
          [...candidates.values()].flatMap(({ item }) =>
            item.kind === 'placed' ? [item.arrival.placement] : [],
          ),
        )
      : [],
  )
  const hasGap = (slot: SlotRow) => {
    if (!missing || options.versionsOf === undefined || slot.aggregate_id === null) return false
    const known = versions.get(slot.aggregate_id)
    return known !== null && (slot.version ?? 0) > (known ?? 0) + 1
  }
  return {
    isHeld(slot: SlotRow): boolean {
      if (!options.holdAggregates) return false
      return held.has(userId) || (slot.aggregate_id !== null && held.has(slot.aggregate_id)) || hasGap(slot)
    },
    hold(slot: SlotRow): void {
      if (slot.aggregate_id === null) missing = true
      else held.add(slot.aggregate_id)
    },
    applied(slot: SlotRow): void {
      if (slot.aggregate_id === null || slot.version === null) return
      if (versions.get(slot.aggregate_id) !== null) versions.set(slot.aggregate_id, slot.version)
    },
  }
}
