import { writeMovedPositions } from '@synap/contracts'
import { errorClass, SynapError } from '@synap/core'
import { answered, awaitAtCommit, type Client, execute, query } from '@synap/postgres'
import type { Admitted, Placed } from './admit.ts'
import { decide, firstGap, gateOf, type ItemStep, loadGates } from './decide.ts'
import type { HeldUsers } from './hold-users.ts'
import { fillParked, insertParked, type NewParked } from './sql/parked.ts'
import { updateUserPositions } from './sql/user-positions.ts'
import type { InboxOptions, ParkReason, PlacedEvent } from './types.ts'

export type SettleOptions<E> = Pick<
  InboxOptions<E>,
  'schema' | 'apply' | 'holdAggregates' | 'versionsOf' | 'storedIds' | 'channel'
>

/** What is known of a batch when its users are held. */
export interface Held<E> {
  users: HeldUsers
  /** In place of `apply`, where something was read ahead for it under the same locks. */
  applyAhead?: ((events: readonly PlacedEvent<E>[]) => Promise<void>) | undefined
}

/** What a settled batch did. */
export interface Settled<E> {
  outcome: 'settled'
  applied: PlacedEvent<E>[]
  skipped: number
  duplicates: number
  /** Rows that are new; a record that was parked before is none. */
  parked: { reason: ParkReason; userId: string | null; sequence: number | null }[]
  /** Users with a slot that was filled and has to be tried. */
  filled: Set<string>
}

/** Nothing was written: before this item, these sequences of its user have to come. */
export interface Gap<E> {
  outcome: 'gap'
  item: Placed<E>
  from: number
  to: number
}

/**
 * Decides and writes a batch inside the caller's transaction: effects, slots and `seen` of every user in it. With
 * `isolate` each event is applied on its own, and one that the store refuses as data is parked.
 */
export async function settle<E>(
  client: Client,
  options: SettleOptions<E>,
  items: readonly Admitted<E>[],
  { users, applyAhead }: Held<E>,
  isolate: boolean,
): Promise<Settled<E> | Gap<E>> {
  const makeGates = await loadGates(client, options, items, users)
  const gates = makeGates()
  const before = new Map([...gates].map(([user, gate]) => [user, gate.seen]))
  const steps = items.map((item) => decide(gates, item))
  const gap = firstGap(items, steps)
  if (gap !== undefined) return { outcome: 'gap', ...gap }

  const result: Settled<E> = {
    outcome: 'settled',
    applied: [],
    skipped: 0,
    duplicates: 0,
    parked: [],
    filled: new Set(),
  }
  const ahead = applyAhead && {
    ...options,
    apply: (_: Client, events: readonly PlacedEvent<E>[]) => applyAhead(events),
  }
  if (isolate) await writeEach(client, options, items, makeGates(), result)
  else await writeAll(client, ahead ?? options, items, steps, result)
  await parkForks(client, options, items, steps, result)
  const moved = [...gates].filter(([user, gate]) => gate.seen !== before.get(user))
  if (moved.length === 0) return result
  const seen = new Map(moved.map(([user, gate]) => [user, gate.seen]))
  awaitAtCommit(client, updateUserPositions(client, options.schema, seen))
  awaitAtCommit(client, notify(client, options.channel, writeMovedPositions(seen)))
  return result
}

/** One notification, sent at the commit. */
export async function notify(client: Client, channel: string | undefined, payload = ''): Promise<void> {
  if (channel === undefined) return
  const text = 'select pg_notify($1::text, $2::text)'
  await query(client, { name: 'inbox.notify', text, values: [channel, payload] })
}

async function writeAll<E>(
  client: Client,
  options: SettleOptions<E>,
  items: readonly Admitted<E>[],
  steps: readonly ItemStep[],
  result: Settled<E>,
): Promise<void> {
  for (const [index, item] of items.entries()) {
    const step = steps[index]
    if (step === undefined) continue
    if (step.kind === 'apply') result.applied.push(eventOf(item))
    else await write(client, options, item, step, result)
  }
  if (result.applied.length > 0) await options.apply(client, result.applied)
}

async function writeEach<E>(
  client: Client,
  options: SettleOptions<E>,
  items: readonly Admitted<E>[],
  gates: ReturnType<Awaited<ReturnType<typeof loadGates>>>,
  result: Settled<E>,
): Promise<void> {
  for (const item of items) {
    const step = decide(gates, item)
    if (step.kind !== 'apply' || item.kind !== 'placed') {
      await write(client, options, item, step, result)
      continue
    }
    const event = eventOf(item)
    const refusal = await tryApply(client, () => options.apply(client, [event]))
    if (refusal === undefined) result.applied.push(event)
    else {
      gateOf(gates, item).refuse(item.arrival)
      await park(client, options.schema, slotOf(item, 'refused_by_store', refusal), result)
    }
  }
}

/** Applies under a savepoint. A refusal as data is undone and described; anything else rejects. */
export async function tryApply(client: Client, apply: () => Promise<void>): Promise<string | undefined> {
  await answered(client)
  await execute(client, { text: 'savepoint one_event' })
  try {
    await apply()
    await answered(client)
    await execute(client, { text: 'release savepoint one_event' })
    return undefined
  } catch (error) {
    const refusal = await refusalAmong(client, error)
    await execute(client, { text: 'rollback to savepoint one_event' })
    return describeRefusal(refusal)
  }
}

/** What the store refused as data: it may be a statement that was not waited for, after which others failed for its sake. */
async function refusalAmong(client: Client, error: unknown): Promise<unknown> {
  const putOff = await answered(client).then(
    () => error,
    (first: unknown) => first,
  )
  if (errorClass(error) === 'data') return error
  if (errorClass(putOff) === 'data') return putOff
  throw error
}

/** A refusal in words for operators: its code and fields, never content. */
export function describeRefusal(error: unknown): string {
  if (!(error instanceof SynapError)) return 'refused'
  const { code, fields } = error
  return [code, ...Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`)].join(' ')
}

/** Everything but an application. */
async function write<E>(
  client: Client,
  options: SettleOptions<E>,
  item: Admitted<E>,
  step: ItemStep,
  result: Settled<E>,
): Promise<void> {
  if (step.kind === 'duplicate') result.duplicates += 1
  else if (step.kind === 'skip') result.skipped += 1
  else if (step.kind === 'miss' && item.kind === 'absent') {
    const placement = { userId: item.userId, sequence: item.sequence }
    const row = { source: null, placement, slot: true, reason: 'missing', detail: null } as const
    await park(client, options.schema, row, result)
  } else if (item.kind === 'unplaced') {
    const { source, refusal } = item
    const row = { source, placement: null, slot: false, reason: refusal.reason, detail: refusal.detail }
    await park(client, options.schema, row, result)
  } else if (item.kind === 'placed' && step.kind === 'park') {
    await park(client, options.schema, slotOf(item, step.reason, item.detail), result)
  } else if (item.kind === 'placed' && step.kind === 'fill') {
    await fillParked(client, options.schema, step.slotId, item.source, item.arrival.placement)
    result.filled.add(item.arrival.placement.userId)
  }
}

/** Duplicates whose place another event has, by an open slot or by what the store holds. They take no slot. */
async function parkForks<E>(
  client: Client,
  options: SettleOptions<E>,
  items: readonly Admitted<E>[],
  steps: readonly ItemStep[],
  result: Settled<E>,
): Promise<void> {
  const old = items.flatMap((item, index) => {
    const kind = steps[index]?.kind
    return item.kind === 'placed' && (kind === 'duplicate' || kind === 'fork') ? [{ item, kind }] : []
  })
  if (old.length === 0) return
  const placements = old.map(({ item }) => item.arrival.placement)
  const stored = await options.storedIds?.(client, placements)
  for (const { item, kind } of old) {
    const { userId, sequence, id } = item.arrival.placement
    const holder = stored?.get(`${userId}/${sequence}`)
    const forked = kind === 'fork' || (holder !== undefined && holder !== id)
    if (!forked) continue
    if (kind === 'duplicate') result.duplicates -= 1
    const detail = holder === undefined ? 'another event is parked there' : `the store has ${holder}`
    await park(client, options.schema, { ...slotOf(item, 'fork', detail), slot: false }, result)
  }
}

function slotOf<E>(item: Placed<E>, reason: ParkReason, detail: string | null): NewParked {
  return { source: item.source, placement: item.arrival.placement, slot: true, reason, detail }
}

async function park<E>(client: Client, schema: string, row: NewParked, result: Settled<E>): Promise<void> {
  if (!(await insertParked(client, schema, row))) {
    result.duplicates += 1
    return
  }
  const { userId = null, sequence = null } = row.placement ?? {}
  result.parked.push({ reason: row.reason, userId, sequence })
}

function eventOf<E>(item: Admitted<E>): PlacedEvent<E> {
  if (item.kind !== 'placed' || item.event === undefined) throw new TypeError('nothing to apply in this item')
  return item.event
}
