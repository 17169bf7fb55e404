import { type Client, query } from '@synap/postgres'

/** Schemas of the read models that the projector keeps level, the one that is read first. */
export async function findFollowedSchemas(client: Client): Promise<string[]> {
  const rows = await query<{ n: number }>(client, {
    name: 'read_meta.find_followed_schemas',
    text: `select m.n from read_meta.read_models m left join read_meta.read_active a using (n)
      where m.state = 'followed' order by a.n is null, m.n`,
    values: [],
  })
  return rows.map(({ n }) => `read_v${n}`)
}

/** A group as its owner tells it. Times in milliseconds since 1970, here and below. */
export interface GroupRow {
  slot: boolean
  reason: string
  cause: string
  events: number
  users: number
  waiting: number
  marked: number
  triable: number
  discarded: number
  oldest_at: number
  newest_at: number
  last_id: number
  event_type: string | null
}

/** What is parked in a schema by cause; `closed`: what was. */
export async function findParkedGroups(client: Client, schema: string, closed: boolean): Promise<GroupRow[]> {
  return query<GroupRow>(client, {
    name: `${schema}.find_parked_groups`,
    text: `select slot, reason, cause, events, users, waiting, marked, triable, discarded, oldest_at, newest_at, last_id,
        event_type
      from ${schema}.parked_groups($1::boolean)`,
    values: [closed],
  })
}

export interface StepRow {
  at: number
  step: string
  reason: string | null
  detail: string | null
  byUser: string | null
  byKey: string | null
  why: string | null
  times: number
  lastAt: number
}

export interface ParkedRow {
  id: number
  topic: string | null
  partition: number | null
  record_offset: number | null
  user_id: string | null
  aggregate_id: string | null
  aggregate_type: string | null
  version: number | null
  sequence: number | null
  event_id: string | null
  event_type: string | null
  reason: string
  detail: string | null
  key: string | null
  headers: Record<string, string> | null
  bytes: number | null
  sha256: string | null
  /** Null also where the owner does not hand the bytes out. */
  value: Buffer | null
  slot: boolean
  state: 'open' | 'retry' | 'applied' | 'discarded'
  attempts: number
  parked_at: number
  waiting: number
  history: StepRow[]
}

/** What makes a group, in its owner's words. */
export type GroupKey = Pick<GroupRow, 'slot' | 'reason' | 'cause'>

export async function findParkedEvents(
  client: Client,
  schema: string,
  { slot, reason, cause }: GroupKey,
  page: { closed: boolean; after: number; limit: number },
): Promise<ParkedRow[]> {
  return query<ParkedRow>(client, {
    name: `${schema}.find_parked_events`,
    text: `select id, topic, partition, record_offset, user_id, aggregate_id, aggregate_type, version, sequence, event_id,
        event_type, reason, detail, key, headers, bytes, sha256, value, slot, state, attempts, parked_at, waiting, history
      from ${schema}.parked_events($1::boolean, $2::text, $3::text, $4::boolean, $5::bigint, $6::int)`,
    values: [slot, reason, cause, page.closed, page.after, page.limit],
  })
}

/** What an operator wants of a group, and who that is. */
export interface Mark {
  action: 'retry' | 'discard'
  upTo: number
  byUser: string
  byKey: string | null
  why: string | null
}

/** Marks a page of a group behind the row `after`; `last_id` is null when there is nothing more. */
export async function markParkedGroup(
  client: Client,
  schema: string,
  { slot, reason, cause }: GroupKey,
  { action, upTo, byUser, byKey, why }: Mark,
  page: { after: number; limit: number },
): Promise<{ marked: number; last_id: number | null }> {
  const [row] = await query<{ marked: number; last_id: number | null }>(client, {
    name: `${schema}.mark_parked_group`,
    text: `select marked, last_id from ${schema}.mark_parked_group($1::boolean, $2::text, $3::text, $4::text, $5::bigint,
        $6::bigint, $7::int, $8::uuid, $9::uuid, $10::text)`,
    values: [slot, reason, cause, action, page.after, upTo, page.limit, byUser, byKey, why],
  })
  return row ?? { marked: 0, last_id: null }
}
