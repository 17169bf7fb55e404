import {
  aggregateTypeOf,
  type DecodedEvent,
  type EventType,
  isEventType,
  schemaFileOf,
} from '@synap/contracts'
import type { PlacedEvent } from '@synap/inbox'
import pg from 'pg'
import { asOwner, columnNames, type Row, rowOfEvent } from '../writer/rows.ts'

/** An event as it leaves the decoder: where every contender begins. */
export interface StoredEvent {
  placed: PlacedEvent<DecodedEvent>
  schemaNo: number
}

/** The events of a log in the order of their times, as if they had just been decoded. */
export async function loadEvents(sourceUrl: string): Promise<StoredEvent[]> {
  const client = new pg.Client({ connectionString: sourceUrl, options: asOwner })
  await client.connect()
  try {
    const { rows } = await client.query<SourceRow>(
      `select ${columnNames}, replace(correlation_id::text, '-', '') as correlation
       from log.events order by occurred_at, user_id, sequence`,
    )
    return rows.map(fromRow)
  } finally {
    await client.end()
  }
}

/** The row of an event as the peers' statements take it. */
export const toRow = ({ placed, schemaNo }: StoredEvent): Row =>
  rowOfEvent(placed.event, schemaNo, placed.sender.traceparent)

interface SourceRow {
  occurred_at: Date
  event_id: string
  user_id: string
  /** As text: 64 bits. */
  sequence: string
  aggregate_id: string
  version: number
  schema_no: number
  event_type: EventType
  source: string
  actor_kind: string
  actor_id: string | null
  correlation: string
  causation_id: string | null
  delta: DecodedEvent['delta']
  traceparent: string | null
}

function fromRow(row: SourceRow): StoredEvent {
  const { event_type: type, version, delta, traceparent } = row
  if (!isEventType(type)) throw new TypeError('an event of the catalogue')
  const place = {
    id: row.event_id,
    type,
    userId: row.user_id,
    aggregateId: row.aggregate_id,
    version,
    sequence: Number(row.sequence),
  } as Pick<DecodedEvent, 'id' | 'type' | 'userId' | 'aggregateId' | 'version' | 'sequence'>
  const aggregateType = aggregateTypeOf(type)
  const event = {
    ...place,
    aggregateType,
    occurredAt: row.occurred_at.getTime(),
    source: row.source,
    correlationId: row.correlation,
    causationId: row.causation_id as DecodedEvent['causationId'],
    actor: { kind: row.actor_kind, id: row.actor_id },
    delta,
    known: true,
  }
  const { text, fingerprint } = schemaFileOf(type)
  return {
    schemaNo: row.schema_no,
    placed: {
      ...place,
      aggregateType,
      event,
      schema: { id: row.schema_no, fingerprint: fingerprint.toString('hex'), text },
      traceparent,
      tracestate: null,
      sender: { traceparent, tracestate: null },
      headers: {},
      record: null,
    },
  }
}
