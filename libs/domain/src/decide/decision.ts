import type { Actor } from '@synap/contracts'
import type { AggregateId, EventId } from '@synap/core'
import type { Fact, NewEvent } from '../event.ts'
import { evolve } from '../evolve.ts'
import type { AggregateState } from '../state.ts'
import type { Refused } from './refusal.ts'

/** What deciding needs of the world; ids come from outside, so that a retry of a request gives the same ones. */
export interface DecisionContext {
  readonly actor: Actor
  /** A fresh UUIDv7. */
  newEventId(): EventId
}

/** An aggregate that a decision writes: the version it was made on (0: it must not exist), and the fold afterwards. */
export interface AggregateChange {
  readonly id: AggregateId
  readonly type: AggregateState['aggregate']
  readonly expected: number
  readonly state: AggregateState
}

/** An aggregate that a decision only read; it must still have this version (0: it must not exist) when it is written. */
export type AggregateRead = Pick<AggregateChange, 'id' | 'type' | 'expected'>

export interface Accepted {
  readonly outcome: 'accepted'
  /** In the order of their sequence. */
  readonly events: readonly NewEvent[]
  /** In the order in which they must be locked: by id. */
  readonly aggregates: readonly AggregateChange[]
  /** Read and not written, by id: the ends of a relation, the user's tags. */
  readonly reads: readonly AggregateRead[]
}

export type Decision = Accepted | Refused

/** What was asked for is so already: there is nothing to write, and the request has succeeded. */
export interface Unchanged {
  readonly outcome: 'unchanged'
}

export type ChangeDecision = Decision | Unchanged

/** Where a list of facts goes: one aggregate as it was before them. */
export interface Target {
  readonly id: AggregateId
  readonly aggregateType: AggregateState['aggregate']
  readonly state: AggregateState | undefined
}

/** Numbers facts into events of one aggregate and folds them. */
export function record(
  target: Target,
  facts: readonly Fact[],
  context: DecisionContext,
  causationId: EventId | null = null,
): { readonly events: readonly NewEvent[]; readonly change: AggregateChange } {
  const expected = target.state?.version ?? 0
  let { state } = target
  const events = facts.map((fact, index) => {
    const event = {
      ...fact,
      id: context.newEventId(),
      aggregateId: target.id,
      aggregateType: target.aggregateType,
      version: expected + index + 1,
      causationId,
    } as NewEvent
    const { causationId: _, ...folded } = event
    state = evolve(state, { ...folded, actor: context.actor, sequence: null, occurredAt: null })
    return event
  })
  if (state === undefined) throw new TypeError('a decision without a fact has nothing to record')
  return { events, change: { id: target.id, type: target.aggregateType, expected, state } }
}

export function accept(...parts: readonly ReturnType<typeof record>[]): Accepted {
  return {
    outcome: 'accepted',
    events: parts.flatMap(({ events }) => events),
    aggregates: parts.map(({ change }) => change).sort(byId),
    reads: [],
  }
}

/** The same decision, which holds only while these aggregates are as they were read. Those it writes are left out. */
export function reading(accepted: Accepted, ...targets: readonly Target[]): Accepted {
  const known = new Set([...accepted.aggregates, ...accepted.reads].map(({ id }) => id))
  const reads = new Map(
    targets
      .filter(({ id }) => !known.has(id))
      .map(({ id, aggregateType, state }) => [
        id,
        { id, type: aggregateType, expected: state?.version ?? 0 },
      ]),
  )
  return { ...accepted, reads: [...accepted.reads, ...reads.values()].sort(byId) }
}

/** The facts as a decision on one aggregate; none is no change. */
export function change(
  target: Target,
  facts: readonly Fact[],
  context: DecisionContext,
  causationId: EventId | null = null,
): Accepted | Unchanged {
  if (facts.length === 0) return { outcome: 'unchanged' }
  return accept(record(target, facts, context, causationId))
}

/**
 * Several decisions on different aggregates as one, such as the items of a batch: all of it is written, or nothing.
 * Throws TypeError when two write the same aggregate: the second was decided on a state that the first has changed.
 */
export function combine(decisions: readonly Accepted[]): Accepted {
  const aggregates = decisions.flatMap((decision) => decision.aggregates).sort(byId)
  const written = new Set(aggregates.map(({ id }) => id))
  if (written.size !== aggregates.length) throw new TypeError('two decisions write one aggregate')
  const reads = new Map(decisions.flatMap((decision) => decision.reads).map((read) => [read.id, read]))
  return {
    outcome: 'accepted',
    events: decisions.flatMap(({ events }) => events),
    aggregates,
    reads: [...reads.values()].filter(({ id }) => !written.has(id)).sort(byId),
  }
}

function byId(a: { readonly id: AggregateId }, b: { readonly id: AggregateId }): number {
  return a.id < b.id ? -1 : 1
}
