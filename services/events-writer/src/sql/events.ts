import { type Client, type CopyType, copyBinary, query, toTimestamptz } from '@synap/postgres'
import type { EventRow } from '../row.ts'

interface Column {
  name: string
  type: CopyType
  value: (row: EventRow) => unknown
}

/** The columns of `log.events`, for both ways of writing. */
const columns: readonly Column[] = [
  { name: 'occurred_at', type: 'timestamptz', value: ({ placed }) => placed.event.occurredAt },
  { name: 'event_id', type: 'uuid', value: ({ placed }) => placed.id },
  { name: 'user_id', type: 'uuid', value: ({ placed }) => placed.userId },
  { name: 'sequence', type: 'int8', value: ({ placed }) => placed.sequence },
  { name: 'aggregate_id', type: 'uuid', value: ({ placed }) => placed.aggregateId },
  { name: 'version', type: 'int4', value: ({ placed }) => placed.version },
  { name: 'schema_no', type: 'int4', value: ({ schemaNo }) => schemaNo },
  { name: 'event_type', type: 'text', value: ({ placed }) => placed.type },
  { name: 'source', type: 'text', value: ({ placed }) => placed.event.source },
  { name: 'actor_kind', type: 'text', value: ({ placed }) => placed.event.actor.kind },
  { name: 'actor_id', type: 'uuid', value: ({ placed }) => placed.event.actor.id },
  { name: 'correlation_id', type: 'uuid', value: ({ placed }) => placed.event.correlationId },
  { name: 'causation_id', type: 'uuid', value: ({ placed }) => placed.event.causationId },
  { name: 'delta', type: 'jsonb', value: ({ placed }) => placed.event.delta },
  { name: 'extra', type: 'jsonb', value: ({ placed }) => placed.event.extra },
  { name: 'traceparent', type: 'text', value: ({ placed }) => placed.sender.traceparent },
  { name: 'tracestate', type: 'text', value: ({ placed }) => placed.sender.tracestate },
]

/** Writes rows that are not there yet; one that is (or stands twice) refuses all with `postgres.unique`. */
export async function copyEvents(client: Client, rows: readonly EventRow[]): Promise<void> {
  await copyBinary(client, 'log.events', columns, valuesOf(rows))
}

/** Made as they are asked for: the server is at work on the first while the last are not made. */
function* valuesOf(rows: readonly EventRow[]): Generator<unknown[]> {
  for (const row of rows) yield columns.map((column) => column.value(row))
}

const names = columns.map((column) => column.name).join(', ')
const arrays = columns.map((column, index) => `$${index + 1}::${textType(column.type)}[]`).join(', ')
const selected = columns
  .map((column) => (column.type === 'jsonb' ? `${column.name}::jsonb` : column.name))
  .join(', ')

/** Writes those rows that are not there yet; their ids. */
export async function insertEvents(client: Client, rows: readonly EventRow[]): Promise<Set<string>> {
  const inserted = await query<{ event_id: string }>(client, {
    text: `insert into log.events (${names})
           select ${selected} from unnest(${arrays}) as n(${names})
           on conflict do nothing returning event_id`,
    values: columns.map((column) => rows.map((row) => textValue(column.type, column.value(row)))),
  })
  return new Set(inserted.map((row) => row.event_id))
}

/** JSON goes as text: the driver would make a Postgres array of a JSON array. */
function textType(type: CopyType): string {
  return type === 'jsonb' ? 'text' : type
}

function textValue(type: CopyType, value: unknown): unknown {
  if (value === null || value === undefined) return null
  if (type === 'timestamptz') return toTimestamptz(value as number)
  if (type === 'jsonb') return JSON.stringify(value)
  return value
}

/** Ids that the log has at these places, keyed `user/sequence`. The days narrow it down to few chunks first. */
export async function findStoredIds(
  client: Client,
  places: readonly { userId: string; sequence: number }[],
): Promise<Map<string, string>> {
  const users = places.map((place) => place.userId)
  const sequences = places.map((place) => place.sequence)
  const [span] = await query<{ earliest: number | null; latest: number | null }>(client, {
    name: 'log.find_span',
    text: `select min(d.first_at) as earliest, max(d.last_at) as latest
           from unnest($1::uuid[], $2::bigint[]) as p(user_id, sequence)
           join log.user_days d
             on d.user_id = p.user_id and d.first_sequence <= p.sequence and d.last_sequence >= p.sequence`,
    values: [users, sequences],
  })
  if (span?.earliest == null || span.latest === null) return new Map()
  const rows = await query<{ user_id: string; sequence: number; event_id: string }>(client, {
    text: `select e.user_id, e.sequence, e.event_id
           from unnest($1::uuid[], $2::bigint[]) as p(user_id, sequence)
           join log.events e on e.user_id = p.user_id and e.sequence = p.sequence
           where e.occurred_at between $3::timestamptz and $4::timestamptz`,
    values: [users, sequences, toTimestamptz(span.earliest), toTimestamptz(span.latest)],
  })
  return new Map(rows.map((row) => [`${row.user_id}/${row.sequence}`, row.event_id]))
}
