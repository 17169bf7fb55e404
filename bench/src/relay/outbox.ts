import { eventTypes, schemaFileOf } from '@synap/contracts'
import type { EncodableEvent } from '@synap/ingest/encode-record'
import { encodeRecord, traceOfRow } from '@synap/ingest/encode-record'
import type { OutboundMessage } from '@synap/messaging'
import type { Pool } from '@synap/postgres'

/** An outbox row as `selected` gives it. */
export interface Row extends EncodableEvent {
  id: number
  aggregate_type: string
  traceparent: string | null
  tracestate: string | null
}

/** Where each kind of relay finds its rows: Synap's own table, and tables like it with what a peer needs. */
export const outboxes = {
  synap: 'write.outbox',
  /** Rows are marked: with the index that finds the others. */
  marked: 'bench.outbox_marked',
  /** Rows are deleted: with a primary key alone. */
  deleted: 'bench.outbox_deleted',
} as const
export type Outbox = (typeof outboxes)[keyof typeof outboxes]

/** All of a row that its record is made of. */
export const selected = `id, event_id, event_type, user_id, aggregate_id, aggregate_type, version, sequence, occurred_at,
  source, replace(correlation_id::text, '-', '') as correlation_id, causation_id, actor_kind, actor_id, delta,
  encode(schema_fingerprint, 'hex') as fingerprint, traceparent, tracestate`

const columns = `event_id, event_type, user_id, aggregate_id, aggregate_type, version, sequence, occurred_at, source,
  correlation_id, causation_id, actor_kind, actor_id, delta, schema_fingerprint, traceparent, tracestate`

/** The made events, and the tables of the peers; run once, as superuser. */
export const benchTables = `
  create schema bench;
  create table bench.outbox_deleted (like write.outbox including defaults, primary key (id));
  create table bench.outbox_marked (like write.outbox including defaults, claimed_at timestamptz, primary key (id));
  create index on bench.outbox_marked (id) where published_at is null;
  create table bench.events (like write.outbox, n int primary key);
  alter table bench.events alter column id drop not null, alter column created_at drop not null;
  create publication bench for table bench.outbox_deleted with (publish = 'insert');
  grant usage on schema bench to public;
  grant all on all tables in schema bench to public;
  grant usage on sequence write.outbox_id to synap;
  alter role synap replication;`

/** Puts made events into an outbox in one statement: those from `first` to `last`, counted from 1. */
export async function putRows(
  pool: Pool,
  outbox: Outbox,
  [first, last]: readonly [number, number],
  notify = false,
): Promise<void> {
  await pool.query({
    name: `put.${outbox}.${String(notify)}`,
    text: `with put as (
        insert into ${outbox} (${columns}) select ${columns} from bench.events where n between $1 and $2 order by n
      ) select ${notify ? `pg_notify('bench_outbox', '')` : '1'}`,
    values: [first, last],
  })
}

/** Puts the rows of made events into `bench.events`, numbered from 1. */
export async function storeEvents(pool: Pool, rows: readonly (readonly unknown[])[]): Promise<void> {
  const types = `text uuid text uuid uuid text int bigint timestamptz text uuid uuid text uuid text text text text`
  const arrays = ['int', ...types.split(' ').slice(1)].map((type, index) => `$${index + 1}::${type}[]`)
  const names = columns.split(',').map((name) => name.trim())
  const picked = names.map((name) =>
    /^(delta|schema_fingerprint)$/.test(name) ? `decode(${name}, 'hex')` : name,
  )
  for (let at = 0; at < rows.length; at += 5_000) {
    const part = rows.slice(at, at + 5_000)
    await pool.query(
      `insert into bench.events (n, ${columns}) select n, ${picked.join(', ')} from unnest(${arrays.join(', ')}) as r (n, ${columns})`,
      arrays.map((_, column) => part.map((row) => row[column])),
    )
  }
}

const schemas = new Map(
  eventTypes.map((type, index) => {
    const { text, fingerprint } = schemaFileOf(type)
    return [fingerprint.toString('hex'), { schema: text, registry_id: index + 1 }]
  }),
)

/** The record of a row: the same bytes that Synap's relay makes. */
export function toRecord(row: Row): OutboundMessage {
  const schema = schemas.get(row.fingerprint)
  if (schema === undefined) throw new Error('a schema of today')
  return encodeRecord(row, { schema, trace: traceOfRow(row) })
}

/** Rows of one batch, as Synap's relay takes them. */
export const batchRows = 500
