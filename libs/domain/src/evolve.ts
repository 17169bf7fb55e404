import { assertNever, SynapError } from '@synap/core'
import { changeOfEntity, createEntity, type EntityEvent } from './entity/evolve-entity.ts'
import type { FoldEvent } from './event.ts'
import {
  type AnalysisEvent,
  changeOfAnalysis,
  changeOfRelation,
  changeOfUser,
  type RelationEvent,
  type UserEvent,
} from './evolve-others.ts'
import type { AggregateState, AnalysisState, EntityState, RelationState, UserState } from './state.ts'

/**
 * The state after one more event of the same aggregate; pure. Throws SynapError `stream.out_of_order` (order) when the
 * event is not the next version, and `stream.first_event` (data) when an entity does not begin with `entity.created`.
 */
export function evolve(state: AggregateState | undefined, event: FoldEvent): AggregateState {
  switch (event.aggregateType) {
    case 'entity':
      return evolveEntity(narrow(state, 'entity'), event)
    case 'relation':
      return evolveRelation(narrow(state, 'relation'), event)
    case 'user':
      return evolveUser(narrow(state, 'user'), event)
    case 'analysis':
      return evolveAnalysis(narrow(state, 'analysis'), event)
    default:
      return assertNever(event)
  }
}

/** The state after all events, which are in version order and start behind `state`. */
export function fold(events: Iterable<FoldEvent>, state?: AggregateState): AggregateState | undefined {
  let current = state
  for (const event of events) current = evolve(current, event)
  return current
}

export function evolveEntity(state: EntityState | undefined, event: EntityEvent): EntityState {
  expectNext(state, event)
  if (state === undefined && event.type === 'entity.created') return createEntity(event)
  if (state !== undefined && event.type !== 'entity.created') {
    return { ...state, ...changeOfEntity(state, event), ...moved(state, event) }
  }
  throw new SynapError('an entity begins with entity.created, once', {
    code: 'stream.first_event',
    class: 'data',
    fields: { type: event.type, aggregateId: event.aggregateId, version: event.version },
  })
}

export function evolveRelation(state: RelationState | undefined, event: RelationEvent): RelationState {
  expectNext(state, event)
  return { ...changeOfRelation(event), ...moved(state, event) }
}

export function evolveUser(state: UserState | undefined, event: UserEvent): UserState {
  expectNext(state, event)
  return { ...changeOfUser(state, event), ...moved(state, event) }
}

export function evolveAnalysis(state: AnalysisState | undefined, event: AnalysisEvent): AnalysisState {
  expectNext(state, event)
  return { ...changeOfAnalysis(state, event), ...moved(state, event) }
}

function narrow<Kind extends AggregateState['aggregate']>(
  state: AggregateState | undefined,
  aggregate: Kind,
): Extract<AggregateState, { aggregate: Kind }> | undefined {
  if (state === undefined || state.aggregate === aggregate) {
    return state as Extract<AggregateState, { aggregate: Kind }> | undefined
  }
  throw new TypeError(`an event of ${aggregate} cannot change a state of ${state.aggregate}`)
}

function expectNext(state: AggregateState | undefined, event: FoldEvent): void {
  const next = (state?.version ?? 0) + 1
  if (event.version === next && (state === undefined || state.id === event.aggregateId)) return
  throw new SynapError('an event is not the next of its aggregate', {
    code: 'stream.out_of_order',
    class: 'order',
    fields: { aggregateId: event.aggregateId, version: event.version, expected: next },
  })
}

function moved(state: AggregateState | undefined, event: FoldEvent) {
  return {
    version: event.version,
    sequence: event.sequence,
    createdAt: state === undefined ? event.occurredAt : state.createdAt,
    updatedAt: event.occurredAt,
  }
}
