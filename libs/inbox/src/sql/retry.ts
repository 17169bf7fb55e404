import { type Client, execute, query } from '@synap/postgres'
import type { ParkReason } from '../types.ts'

/** A row that may be tried, as it is stored. */
export interface CandidateRow {
  id: number
  topic: string | null
  partition: number | null
  record_offset: number | null
  key: string | null
  headers: Record<string, string> | null
  value: Buffer | null
  digest: string | null
  reason: ParkReason
}

/** An open slot without its bytes. */
export interface SlotRow {
  id: number
  sequence: number
  aggregate_id: string | null
  version: number | null
  reason: ParkReason
  state: 'open' | 'retry'
  digest: string | null
}

/** Users with a slot marked for a retry. */
export async function findUsersToRetry(client: Client, schema: string, limit: number): Promise<string[]> {
  const rows = await query<{ user_id: string }>(client, {
    name: `${schema}.find_users_to_retry`,
    text: `select distinct user_id from ${schema}.parked
           where state = 'retry' and slot order by user_id limit $1::int`,
    values: [limit],
  })
  return rows.map((row) => row.user_id)
}

/** Marks what waited for newer code that is now here. */
export async function markKnownTypes(
  client: Client,
  schema: string,
  types: readonly string[],
): Promise<number> {
  return execute(client, {
    name: `${schema}.mark_known_types`,
    text: `update ${schema}.parked set state = 'retry', updated_at = now()
           where state = 'open' and reason = 'needs_newer_code' and event_type = any ($1::text[])`,
    values: [types],
  })
}

/** Marks what waits behind nothing any more: who drained it broke off between two rounds. */
export async function markForgotten(client: Client, schema: string): Promise<number> {
  return execute(client, {
    name: `${schema}.mark_forgotten`,
    text: `update ${schema}.parked set state = 'retry', updated_at = now()
           where id in (
             select id from ${schema}.parked_in_groups
             where state = 'open' and group_slot and head_id is null
               and group_reason in ('behind_parked', 'behind_missing')
           )`,
    values: [],
  })
}

/** What has no place cannot be applied however often it is tried: it can only be discarded. */
export async function reopenUnplaced(client: Client, schema: string): Promise<void> {
  await execute(client, {
    name: `${schema}.reopen_unplaced`,
    text: `update ${schema}.parked set state = 'open', updated_at = now()
           where state = 'retry' and not slot and reason in ('headers_unusable', 'inconsistent', 'fork')`,
  })
}

/** Slots of a user that may be tried now: those marked first, then those that only wait for another, each oldest first. */
export async function findCandidates(
  client: Client,
  schema: string,
  user: string,
  limit: number,
): Promise<CandidateRow[]> {
  return query<CandidateRow>(client, {
    name: `${schema}.find_candidates`,
    text: `select id, topic, partition, record_offset, key, headers, value, encode(sha256(value), 'hex') as digest, reason
           from ${schema}.parked
           where user_id = $1::uuid and slot and value is not null
             and (state = 'retry' or state = 'open' and reason in ('behind_parked', 'behind_missing'))
           order by state = 'retry' desc, sequence limit $2::int`,
    values: [user, limit],
  })
}

/** All open slots of a user in order. The caller holds the user's row. */
export async function findSlotsInOrder(client: Client, schema: string, user: string): Promise<SlotRow[]> {
  return query<SlotRow>(client, {
    name: `${schema}.find_slots_in_order`,
    text: `select id, sequence, aggregate_id, version, reason, state, encode(sha256(value), 'hex') as digest
           from ${schema}.parked where user_id = $1::uuid and slot and state in ('open', 'retry') order by sequence`,
    values: [user],
  })
}

/** Rows of a topic without slots that are marked, oldest first. */
export async function findMarkedRecords(
  client: Client,
  schema: string,
  topic: string,
  limit: number,
): Promise<CandidateRow[]> {
  return query<CandidateRow>(client, {
    name: `${schema}.find_marked_records`,
    text: `select id, topic, partition, record_offset, key, headers, value, encode(sha256(value), 'hex') as digest, reason
           from ${schema}.parked where state = 'retry' and not slot and topic = $1::text
           order by partition, record_offset limit $2::int`,
    values: [topic, limit],
  })
}

/**
 * What became of a try. Only a real one counts as an attempt and goes into the history, where the same in vain again is
 * counted rather than told anew.
 */
export async function settleParked(
  client: Client,
  schema: string,
  row: {
    id: number
    state: 'open' | 'applied'
    reason: string | null
    detail: string | null
    tried: boolean
  },
): Promise<void> {
  await execute(client, {
    name: `${schema}.settle_parked`,
    text: `with row as (
             update ${schema}.parked
             set state = $2::text, reason = coalesce($3::text, reason),
               detail = case when $3::text is null then coalesce($4::text, detail) else $4::text end,
               attempts = attempts + $5::int, updated_at = now()
             where id = $1::bigint and state in ('open', 'retry')
             returning id, reason,
               case state when 'applied' then 'applied' else 'tried' end as step,
               case state when 'applied' then null else detail end as detail
           ), again as (
             update ${schema}.parked_history h set times = h.times + 1, last_at = now()
             from row where $5::int = 1 and row.step = 'tried'
               and h.id = (select max(x.id) from ${schema}.parked_history x where x.parked_id = row.id)
               and (h.step, h.reason) = (row.step, row.reason) and h.detail is not distinct from row.detail
             returning h.parked_id
           )
           insert into ${schema}.parked_history (parked_id, step, reason, detail)
           select id, step, reason, detail from row
           where $5::int = 1 and id not in (select parked_id from again)`,
    values: [row.id, row.state, row.reason, row.detail, row.tried ? 1 : 0],
  })
}

/** Locks a row without a slot; true while it is still to be tried, with the bytes that were read. */
export async function lockMarkedRecord(
  client: Client,
  schema: string,
  { id, digest, reason }: Pick<CandidateRow, 'id' | 'digest' | 'reason'>,
): Promise<boolean> {
  const rows = await query<{ id: number }>(client, {
    name: `${schema}.lock_marked_record`,
    // deadly bytes lost their mark when they were begun
    text: `select id from ${schema}.parked
           where id = $1::bigint and state = any ($2::text[])
             and encode(sha256(value), 'hex') is not distinct from $3::text
           for update`,
    values: [id, reason === 'killer' ? ['open', 'retry'] : ['retry'], digest],
  })
  return rows.length > 0
}

/** True when anything is marked for a retry; asked often. */
export async function hasMarked(client: Client, schema: string): Promise<boolean> {
  const [row] = await query<{ marked: boolean }>(client, {
    name: `${schema}.has_marked`,
    text: `select exists (select from ${schema}.parked where state = 'retry') as marked`,
    values: [],
  })
  return row?.marked === true
}
