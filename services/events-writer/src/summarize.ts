import type { DecodedEvent } from '@synap/contracts'
import type { PlacedEvent } from '@synap/inbox'
import { dayOf } from './row.ts'
import type { AggregateSpan, DailyCount, Span, UserDay } from './sql/rollups.ts'

/** What the side tables need to know of a batch. Each group once. */
export interface Summary {
  days: UserDay[]
  aggregates: AggregateSpan[]
  counts: DailyCount[]
}

/** Sums up the events that are new to the log. */
export function summarize(events: readonly PlacedEvent<DecodedEvent>[]): Summary {
  const days = new Map<string, UserDay>()
  const aggregates = new Map<string, AggregateSpan>()
  const counts = new Map<string, DailyCount>()
  for (const { userId, aggregateId, sequence, version, type, event } of events) {
    const at = event.occurredAt
    const day = dayOf(at)
    const span = { firstSequence: sequence, lastSequence: sequence, firstAt: at, lastAt: at }
    widen(days, `${userId}/${day}`, { userId, day, ...span })
    const { aggregateType } = event
    const aggregate = widen(aggregates, aggregateId, { userId, aggregateId, aggregateType, version, ...span })
    aggregate.version = Math.max(aggregate.version, version)
    const key = `${userId}/${day}/${type}`
    const count = counts.get(key) ?? { userId, day, eventType: type, events: 0 }
    counts.set(key, { ...count, events: count.events + 1 })
  }
  return { days: [...days.values()], aggregates: [...aggregates.values()], counts: [...counts.values()] }
}

function widen<S extends Span>(spans: Map<string, S>, key: string, more: S): S {
  const span = spans.get(key) ?? { ...more }
  span.firstSequence = Math.min(span.firstSequence, more.firstSequence)
  span.lastSequence = Math.max(span.lastSequence, more.lastSequence)
  span.firstAt = Math.min(span.firstAt, more.firstAt)
  span.lastAt = Math.max(span.lastAt, more.lastAt)
  spans.set(key, span)
  return span
}
