import type { AppendCall, Appended } from '../sql/append.ts'
import type { OutboxRow } from '../sql/outbox.ts'

/**
 * The rows that an append has put into the outbox, as they would be read from there. Undefined when the answer does not
 * say under which ids.
 */
export function committedRows(call: AppendCall, appended: Appended): OutboxRow[] | undefined {
  const { userId, context, aggregates, events } = call
  const { outbox_ids: ids, sequence, versions, occurred_ms: occurredMs } = appended
  if (ids?.length !== events.length) return undefined
  const types = new Map<string, string>(aggregates.map(({ id, type }) => [id, type]))
  const left = new Map<string, number>(Object.entries(versions))
  const rows: OutboxRow[] = []
  // The answer has the last version of each aggregate: so from the last event back.
  for (let place = events.length - 1; place >= 0; place -= 1) {
    const event = events[place]
    if (event === undefined) return undefined
    const version = left.get(event.aggregateId)
    const type = types.get(event.aggregateId)
    const id = ids[place]
    if (version === undefined || type === undefined || id === undefined) return undefined
    left.set(event.aggregateId, version - 1)
    rows.push({
      id,
      event_id: event.id,
      event_type: event.type,
      user_id: userId,
      aggregate_id: event.aggregateId,
      aggregate_type: type,
      version,
      sequence: sequence - (events.length - 1 - place),
      occurred_at: occurredMs,
      source: context.source,
      correlation_id: context.correlationId,
      causation_id: event.causationId,
      actor_kind: context.actor.kind,
      actor_id: context.actor.id,
      delta: event.delta,
      fingerprint: event.fingerprint,
      traceparent: context.traceparent,
      tracestate: context.tracestate,
    })
  }
  return rows.reverse()
}
