import { type Client, execute, query } from '@synap/postgres'
import type { OpenSlot } from '../gate.ts'
import type { ParkReason, Placement } from '../types.ts'

/** A record as it came, from a topic or from ingest. */
export interface Source {
  key: string | null
  value: Buffer | null
  headers: Readonly<Record<string, string>>
  /** Null when it did not come off a topic. */
  record: { topic: string; partition: number; offset: bigint } | null
}

export interface NewParked {
  /** Null for an event that nobody has. */
  source: Source | null
  placement: Partial<Placement> | null
  slot: boolean
  reason: ParkReason
  detail: string | null
}

/** Postgres refuses NUL in text and jsonb, and what is parked may hold anything. */
const clean = (text: string) => text.replaceAll('\0', '\uFFFD')
const cleanOrNull = (text: string | null | undefined) =>
  text === null || text === undefined ? null : clean(text)

function headersJson(headers: Readonly<Record<string, string>>): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [clean(name), clean(value)])),
  )
}

/** True when the row is new; false when this record is parked already (only records without a slot can be). */
export async function insertParked(client: Client, schema: string, parked: NewParked): Promise<boolean> {
  const { source, placement, slot, reason, detail } = parked
  const rows = await execute(client, {
    name: `${schema}.insert_parked`,
    text: `with row as (
             insert into ${schema}.parked (topic, partition, record_offset, user_id, aggregate_id, aggregate_type,
               version, sequence, event_id, event_type, reason, detail, key, headers, value, slot)
             values ($1::text, $2::int, $3::bigint, $4::uuid, $5::uuid, $6::text, $7::int, $8::bigint, $9::uuid,
               $10::text, $11::text, $12::text, $13::text, $14::jsonb, $15::bytea, $16::boolean)
             on conflict (topic, partition, record_offset, coalesce(sha256(value), ''::bytea)) where not slot do nothing
             returning id
           )
           insert into ${schema}.parked_history (parked_id, step, reason, detail)
           select id, 'parked', $11::text, $12::text from row`,
    values: [
      source?.record?.topic ?? null,
      source?.record?.partition ?? null,
      source?.record?.offset.toString() ?? null,
      placement?.userId ?? null,
      placement?.aggregateId ?? null,
      placement?.aggregateType ?? null,
      placement?.version ?? null,
      placement?.sequence ?? null,
      placement?.id ?? null,
      cleanOrNull(placement?.type),
      reason,
      cleanOrNull(detail),
      cleanOrNull(source?.key),
      source === null ? null : headersJson(source.headers),
      source?.value ?? null,
      slot,
    ],
  })
  return rows === 1
}

/** Open slots of these users, with a digest of what is parked in them. */
export async function findOpenSlots(
  client: Client,
  schema: string,
  users: readonly string[],
): Promise<Map<string, OpenSlot[]>> {
  const rows = await query<{
    id: number
    user_id: string
    sequence: number
    event_id: string | null
    aggregate_id: string | null
    digest: string | null
  }>(client, {
    name: `${schema}.find_open_slots`,
    text: `select id, user_id, sequence, event_id, aggregate_id, encode(sha256(value), 'hex') as digest
           from ${schema}.parked where user_id = any ($1::uuid[]) and slot and state in ('open', 'retry')`,
    values: [users],
  })
  const slots = new Map<string, OpenSlot[]>()
  for (const row of rows) {
    const ofUser = slots.get(row.user_id) ?? []
    const { sequence, digest } = row
    ofUser.push({ id: `${row.id}`, sequence, eventId: row.event_id, aggregateId: row.aggregate_id, digest })
    slots.set(row.user_id, ofUser)
  }
  return slots
}

/** Puts an event that turned up into its open slot, to be tried again. */
export async function fillParked(
  client: Client,
  schema: string,
  id: string,
  source: Source,
  placement: Placement,
): Promise<void> {
  await execute(client, {
    text: `with row as (
             update ${schema}.parked
             set topic = $2::text, partition = $3::int, record_offset = $4::bigint, aggregate_id = $5::uuid,
               aggregate_type = $6::text, version = $7::int, event_id = $8::uuid, event_type = $9::text,
               key = $10::text, headers = $11::jsonb, value = $12::bytea, state = 'retry', updated_at = now()
             where id = $1::bigint returning id, reason
           )
           insert into ${schema}.parked_history (parked_id, step, reason) select id, 'filled', reason from row`,
    values: [
      id,
      source.record?.topic ?? null,
      source.record?.partition ?? null,
      source.record?.offset.toString() ?? null,
      placement.aggregateId,
      placement.aggregateType,
      placement.version,
      placement.id,
      clean(placement.type),
      cleanOrNull(source.key),
      headersJson(source.headers),
      source.value,
    ],
  })
}

/**
 * Open slots that ingest may be able to fill: those marked for it, then the longest untried; each waits longer after
 * each try. With `marked` only the former.
 */
export async function findFillableSlots(
  client: Client,
  schema: string,
  limit: number,
  marked: boolean,
): Promise<{ id: number; user_id: string; sequence: number }[]> {
  return query(client, {
    name: `${schema}.find_fillable_slots`,
    text: `select id, user_id, sequence from ${schema}.parked
           where slot and (
             state = 'retry' and value is null
             or not $2::boolean and state = 'open' and reason in ('missing', 'undecodable')
               and updated_at < now() - interval '1 minute' * least(60, power(2, least(attempts, 6)))
           )
           order by state = 'retry' desc, updated_at limit $1::int`,
    values: [limit, marked],
  })
}

/** Notes that ingest had nothing for these: the next time waits longer, and a mark is used up. */
export async function noteAsked(client: Client, schema: string, ids: readonly number[]): Promise<void> {
  await execute(client, {
    text: `with row as (
             update ${schema}.parked set state = 'open', attempts = attempts + 1, updated_at = now()
             where id = any ($1::bigint[]) and state in ('open', 'retry') returning id, reason
           ), again as (
             update ${schema}.parked_history h set times = h.times + 1, last_at = now()
             from row where h.step = 'asked'
               and h.id = (select max(x.id) from ${schema}.parked_history x where x.parked_id = row.id)
             returning h.parked_id
           )
           insert into ${schema}.parked_history (parked_id, step, reason)
           select row.id, 'asked', row.reason from row where row.id not in (select parked_id from again)`,
    values: [ids],
  })
}

/** Notes that deadly bytes are about to be decoded; their mark is used up, so that they are not tried twice. */
export async function noteStarted(client: Client, schema: string, ids: readonly number[]): Promise<void> {
  await execute(client, {
    text: `with row as (
             update ${schema}.parked set state = 'open', attempts = attempts + 1, updated_at = now()
             where id = any ($1::bigint[]) and state in ('open', 'retry') returning id, reason
           )
           insert into ${schema}.parked_history (parked_id, step, reason) select id, 'started', reason from row`,
    values: [ids],
  })
}

/** How much is parked, by reason, and since when the oldest: milliseconds since 1970. */
export async function countParked(
  client: Client,
  schema: string,
): Promise<{ reason: string; rows: number; oldest_at: number }[]> {
  return query(client, {
    name: `${schema}.count_parked`,
    text: `select reason, count(*)::int as rows, min(parked_at) as oldest_at
           from ${schema}.parked where state in ('open', 'retry') group by reason`,
    values: [],
  })
}
