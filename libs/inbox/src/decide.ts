import type { Client } from '@synap/postgres'
import type { Admitted, Placed } from './admit.ts'
import { createGate, type Gate, type GateOptions, type OpenSlot, type Step } from './gate.ts'
import type { HeldUsers } from './hold-users.ts'
import type { InboxOptions, Placement } from './types.ts'

/** A gate's step, or what needs none: no place at all, or a place that nothing will come for. */
export type ItemStep = Step | { kind: 'unplaced' } | { kind: 'miss' }

/** Gates of the users of a batch, by user id, in the state of the tables. Each call makes them anew. */
export type MakeGates = () => ReadonlyMap<string, Gate>

/** The users of a batch, in the order in which they are locked. */
export function usersOf<E>(items: readonly Admitted<E>[]): string[] {
  return [...new Set(items.flatMap((item) => userOf(item) ?? []))].sort()
}

/** Reads what the gates of the users of a batch need besides; all of them are held. */
export async function loadGates<E>(
  client: Client,
  options: Pick<InboxOptions<E>, 'holdAggregates' | 'versionsOf'>,
  items: readonly Admitted<E>[],
  held: HeldUsers,
): Promise<MakeGates> {
  const gateOptions = await findGateOptions(client, options, items, held.slots)
  return () =>
    new Map(
      usersOf(items).map((user) => {
        const state = { seen: held.seen.get(user) ?? 0, slots: held.slots.get(user) ?? [] }
        return [user, createGate(user, state, gateOptions)]
      }),
    )
}

/** Decides one item after all before it. */
export function decide<E>(gates: ReadonlyMap<string, Gate>, item: Admitted<E>): ItemStep {
  if (item.kind === 'unplaced') return { kind: 'unplaced' }
  const gate = gateOf(gates, item)
  if (item.kind === 'placed') return gate.decide(item.arrival)
  if (item.sequence !== gate.seen + 1) return { kind: 'duplicate' }
  gate.miss()
  return { kind: 'miss' }
}

/** The gate of a placed item's user; it is there for every item of the batch the gates were made for. */
export function gateOf<E>(
  gates: ReadonlyMap<string, Gate>,
  item: Exclude<Admitted<E>, { kind: 'unplaced' }>,
): Gate {
  const gate = gates.get(userOf(item) ?? '')
  if (gate === undefined) throw new TypeError('an item of another batch')
  return gate
}

/** The first item that cannot be decided yet, and what has to come before it. */
export function firstGap<E>(
  items: readonly Admitted<E>[],
  steps: readonly ItemStep[],
): { item: Placed<E>; from: number; to: number } | undefined {
  for (const [index, step] of steps.entries()) {
    const item = items[index]
    if (step.kind === 'gap' && item?.kind === 'placed') return { item, from: step.from, to: step.to }
  }
  return undefined
}

function userOf<E>(item: Admitted<E>): string | undefined {
  if (item.kind === 'unplaced') return undefined
  return item.kind === 'placed' ? item.arrival.placement.userId : item.userId
}

/** Versions are asked for only while something is missing: only then can an aggregate have a gap that no slot shows. */
async function findGateOptions<E>(
  client: Client,
  { holdAggregates, versionsOf }: Pick<InboxOptions<E>, 'holdAggregates' | 'versionsOf'>,
  items: readonly Admitted<E>[],
  slots: ReadonlyMap<string, readonly OpenSlot[]>,
): Promise<GateOptions> {
  if (!holdAggregates || versionsOf === undefined) return { holdAggregates }
  const missing =
    items.some((item) => item.kind === 'absent') ||
    [...slots.values()].some((ofUser) => ofUser.some((slot) => slot.aggregateId === null))
  if (!missing) return { holdAggregates }
  const aggregates = new Map<string, Placement>()
  for (const item of items) {
    if (item.kind === 'placed') aggregates.set(item.arrival.placement.aggregateId, item.arrival.placement)
  }
  if (aggregates.size === 0) return { holdAggregates }
  return { holdAggregates, versions: await versionsOf(client, [...aggregates.values()]) }
}
