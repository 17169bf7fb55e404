import { avscOf, createDecoder, type DecodedEvent, eventTypes, parseFrame } from '@synap/contracts'

/** A row of `log.events`, in the order of `columns`, as the driver takes it. */
export type Row = readonly (string | number | null)[]

const columns = [
  ['occurred_at', 'timestamptz'],
  ['event_id', 'uuid'],
  ['user_id', 'uuid'],
  ['sequence', 'int8'],
  ['aggregate_id', 'uuid'],
  ['version', 'int4'],
  ['schema_no', 'int4'],
  ['event_type', 'text'],
  ['source', 'text'],
  ['actor_kind', 'text'],
  ['actor_id', 'uuid'],
  ['correlation_id', 'uuid'],
  ['causation_id', 'uuid'],
  ['delta', 'jsonb'],
  ['traceparent', 'text'],
] as const

export const columnNames = columns.map(([name]) => name).join(', ')
const values = columns.map((_, index) => `$${index + 1}`).join(', ')
const arrays = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ')

/** One row per statement, prepared once per connection. */
export const insertRow = {
  name: 'insert_row',
  text: `insert into log.events (${columnNames}) values (${values})`,
}

/** Rows column by column, as Debezium's and Flink's sinks write them; what is there already is left alone. */
export const insertRows = {
  name: 'insert_rows',
  text: `insert into log.events (${columnNames}) select * from unnest(${arrays}) on conflict do nothing`,
}

/** The values of `insertRows`. */
export const byColumn = (rows: readonly Row[]): (string | number | null)[][] =>
  columns.map((_, column) => rows.map((row) => row[column] ?? null))

const decoders = new Map(eventTypes.map((type, index) => [index + 1, createDecoder(avscOf(type))]))

/** The row of a record; decoded without a wait, for the schemas are at hand. Throws on bytes that are no event. */
export function rowOf(value: Buffer | null, traceparent: string | null): Row {
  const framed = parseFrame(value)
  if (framed.refused !== undefined) throw new Error(`no event: ${framed.refused}`)
  const decoded = decoders.get(framed.schemaId)?.(framed.payload)
  if (decoded?.ok !== true) throw new Error('no event of a known schema')
  return rowOfEvent(decoded.event, framed.schemaId, traceparent)
}

export type RowEvent = Omit<DecodedEvent, 'aggregateType' | 'known' | 'delta'> & { delta: object }

export const rowOfEvent = (event: RowEvent, schemaNo: number, traceparent: string | null): Row => [
  new Date(event.occurredAt).toISOString(),
  event.id,
  event.userId,
  event.sequence,
  event.aggregateId,
  event.version,
  schemaNo,
  event.type,
  event.source,
  event.actor.kind,
  event.actor.id,
  event.correlationId,
  event.causationId,
  JSON.stringify(event.delta),
  traceparent,
]

/** Rows of one statement: as many as Synap's writer takes into one transaction. */
export const chunkRows = 2_500
/** As the role that owns the log. */
export const asOwner = '-c role=synap_events_writer'
