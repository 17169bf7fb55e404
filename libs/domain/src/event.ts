import type { DeltaOf, EventOf, EventType, SynapEvent } from '@synap/contracts'
import type { AggregateId, EventId } from '@synap/core'

/**
 * What folding an event needs of it. Every `SynapEvent` is one. ingest folds before the commit gives time and sequence,
 * so there both are null, and so are the times in the states it keeps.
 */
export type FoldEventOf<T extends EventType> = Pick<
  EventOf<T>,
  'type' | 'id' | 'aggregateId' | 'aggregateType' | 'version' | 'actor' | 'delta'
> & {
  readonly sequence: number | null
  /** Milliseconds since 1970. */
  readonly occurredAt: number | null
}
export type FoldEvent = { [T in EventType]: FoldEventOf<T> }[EventType]

/** An event that was decided on and is not yet committed. */
export type NewEventOf<T extends EventType> = Pick<
  EventOf<T>,
  'type' | 'id' | 'aggregateId' | 'aggregateType' | 'version' | 'causationId' | 'delta'
>
export type NewEvent = { [T in EventType]: NewEventOf<T> }[EventType]

type TypesOn<Aggregate extends string> = Extract<SynapEvent, { aggregateType: Aggregate }>['type']
export type EntityEventType = TypesOn<'entity'>
export type RelationEventType = TypesOn<'relation'>
export type UserEventType = TypesOn<'user'>
export type AnalysisEventType = TypesOn<'analysis'>

/** Type and delta of an event, as the deciding functions list them. */
export type Fact = { [T in EventType]: { readonly type: T; readonly delta: DeltaOf<T> } }[EventType]

export interface Numbered {
  readonly id: EventId
  readonly aggregateId: AggregateId
  readonly version: number
}
