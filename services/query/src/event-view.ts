import type { EventView } from '@synap/contracts'
import type { LoggedEvent } from '@synap/event-log'

/** An event as the API shows it. Whose it is goes without saying. */
export function toEventView(event: LoggedEvent): EventView {
  return {
    id: event.id,
    type: event.type,
    aggregateType: event.aggregateType,
    aggregateId: event.aggregateId,
    version: event.version,
    sequence: event.sequence,
    occurredAt: new Date(event.occurredAt).toISOString(),
    source: event.source,
    correlationId: event.correlationId,
    causationId: event.causationId,
    actor: event.actor,
    delta: event.delta,
  }
}
