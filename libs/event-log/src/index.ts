export { createEventLog, type EventLog, type EventLogOptions, type WalkOptions } from './event-log.ts'
export { toKnownEvent } from './known-event.ts'
export { logPlans } from './log-plans.ts'
export { type EventRow, type FoldedEvent, type LoggedEvent, toLoggedEvent } from './logged-event.ts'
export {
  createPositionWaiter,
  type PositionWaiter,
  type PositionWaiterOptions,
  type ReadPositions,
} from './position-waiter.ts'
export { type Replay, type ReplayOptions, replay } from './replay.ts'
export { parseSnapshot, snapshotEvery, toSnapshot } from './snapshot.ts'
export {
  countEvents,
  countEventsByHour,
  type DailyCount,
  type DayRange,
  type HourlyCount,
} from './sql/count-events.ts'
export {
  type AggregateHead,
  findAggregateEvents,
  findAggregateHead,
  findSchemas,
  type SnapshotRow,
  type VersionRange,
} from './sql/find-aggregates.ts'
export {
  type EventFilter,
  type EventPage,
  findCauses,
  findEffects,
  findEvent,
  findEvents,
  findEventsOf,
} from './sql/find-events.ts'
export {
  findLogPositions,
  findSequenceAt,
  type LoggedUser,
  type LogPosition,
} from './sql/find-positions.ts'
export {
  createSubscriptions,
  type Delivery,
  type Subscriptions,
  type SubscriptionsOptions,
} from './subscriptions.ts'
