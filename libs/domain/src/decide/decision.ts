import type { Actor } from '@synap/contracts'
import type { AggregateId, EventId } from '@synap/core'
import type { Fact, NewEvent } from '../event.ts'
import { evolve } from '../evolve.ts'
import type { AggregateState } from '../state.ts'

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

export interface Accepted {
  readonly outcome: 'accepted'
  /** In the order of their sequence. */
  readonly events: readonly NewEvent[]
  /** In the order in which they must be locked: by id. */
  readonly aggregates: readonly AggregateChange[]
}

export type RefusalCode =
  | 'entity.exists'
  | 'entity.not_found'
  | 'entity.empty'
  | 'entity.not_a_task'
  | 'analysis.mismatch'

export interface Refused {
  readonly outcome: 'refused'
  readonly code: RefusalCode
  /** For a person. */
  readonly message: string
}

export type Decision = Accepted | Refused

export function refuse(code: RefusalCode, message: string): Refused {
  return { outcome: 'refused', code, message }
}

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
    aggregates: parts.map(({ change }) => change).sort((a, b) => (a.id < b.id ? -1 : 1)),
  }
}
