import type { AggregateId, UserId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'
import type { AppendTag } from './append.ts'

export interface ReconciliationRow {
  run: string
  phase: 'topic' | 'users' | 'done' | 'failed'
  /** Its last word is less than a minute old, or it has ended. */
  alive: boolean
  /** Milliseconds since 1970. */
  started_at: number
  finished_at: number | null
  topic_records: number
  users_checked: number
  users_moved: number
  events_folded: number
  events_unfoldable: number
  detail: string | null
}

export async function findReconciliation(client: Client): Promise<ReconciliationRow | undefined> {
  const [row] = await query<ReconciliationRow>(client, {
    name: 'write.find_reconciliation',
    text: `
      select run, phase, finished_at is not null or updated_at > clock_timestamp() - interval '1 minute' as alive,
             started_at, finished_at, topic_records, users_checked, users_moved, events_folded, events_unfoldable,
             detail
        from write.reconciliation`,
  })
  return row
}

/** Takes the work over, unless somebody is at it, and lets no write in until it has ended well. */
export async function beginReconciliation(client: Client, run: string): Promise<boolean> {
  const begun = await execute(client, {
    text: `
      insert into write.reconciliation as r (run, phase) values ($1::uuid, 'topic')
      on conflict (only_row) do update
      set run = excluded.run, phase = 'topic', started_at = clock_timestamp(), updated_at = clock_timestamp(),
          finished_at = null, topic_records = 0, users_checked = 0, users_moved = 0, events_folded = 0,
          events_unfoldable = 0, detail = null
      where r.finished_at is not null or r.updated_at < clock_timestamp() - interval '1 minute'`,
    values: [run],
  })
  if (begun === 0) return false
  await execute(client, { text: 'update write.identity set settled = false, epoch = gen_random_uuid()' })
  return true
}

export type ReconcileCounts = Pick<
  ReconciliationRow,
  'topic_records' | 'users_checked' | 'users_moved' | 'events_folded' | 'events_unfoldable'
>

/** Tells how far it is; false when another run has taken over. */
export async function noteReconciliation(
  client: Client,
  run: string,
  { phase, counts }: { phase: 'topic' | 'users'; counts: ReconcileCounts },
): Promise<boolean> {
  const noted = await execute(client, {
    text: `
      update write.reconciliation
         set phase = $2::text, updated_at = clock_timestamp(), topic_records = $3::bigint,
             users_checked = $4::bigint, users_moved = $5::bigint, events_folded = $6::bigint,
             events_unfoldable = $7::bigint
       where run = $1::uuid and finished_at is null`,
    values: [
      run,
      phase,
      counts.topic_records,
      counts.users_checked,
      counts.users_moved,
      counts.events_folded,
      counts.events_unfoldable,
    ],
  })
  return noted === 1
}

/** Ends it; when it went well, this database is the known one from here on. */
export async function endReconciliation(client: Client, run: string, failure: string | null): Promise<void> {
  const ended = await execute(client, {
    text: `
      update write.reconciliation
         set phase = case when $2::text is null then 'done' else 'failed' end, detail = $2::text,
             finished_at = clock_timestamp(), updated_at = clock_timestamp()
       where run = $1::uuid and finished_at is null`,
    values: [run, failure],
  })
  if (ended === 0 || failure !== null) return
  await execute(client, {
    text: `
      update write.identity i
         set system_identifier = a.system_identifier, timeline = a.timeline, database_oid = a.database_oid,
             settled = true, epoch = gen_random_uuid(), recorded_at = clock_timestamp()
        from write.actual_identity() a`,
  })
}

export interface LogHeadRow {
  user_id: UserId
  /** How far the log is. */
  seen: number
  /** How far the write model is. */
  sequence: number
}

/** How far the log and the write model are, for users that the log knows, in pages by user id. */
export function selectLogHeads(client: Client, after: UserId | null, limit: number): Promise<LogHeadRow[]> {
  return query(client, {
    text: `
      select h.user_id, h.seen, coalesce(u.sequence, 0) as sequence
        from log.heads($1::uuid, $2::int) h left join write.users u on u.user_id = h.user_id
       order by h.user_id`,
    values: [after, limit],
  })
}

/** The same for these users, whether the log knows them or not. */
export function selectHeadsOf(client: Client, users: readonly UserId[]): Promise<LogHeadRow[]> {
  return query(client, {
    text: `
      select a.user_id, coalesce(p.seen, 0) as seen, coalesce(u.sequence, 0) as sequence
        from unnest($1::uuid[]) as a (user_id)
        left join log.positions_of($1::uuid[]) p on p.user_id = a.user_id
        left join write.users u on u.user_id = a.user_id`,
    values: [users],
  })
}

/** Takes the user's row, which holds off every append; answers how far the user is. */
export async function lockUser(client: Client, userId: UserId): Promise<number> {
  await execute(client, {
    text: 'insert into write.users (user_id) values ($1::uuid) on conflict do nothing',
    values: [userId],
  })
  const [row] = await query<{ sequence: number }>(client, {
    text: 'select sequence from write.users where user_id = $1::uuid for update',
    values: [userId],
  })
  return row?.sequence ?? 0
}

export async function raiseUser(
  client: Client,
  userId: UserId,
  to: { sequence: number; occurredAt: number | null },
): Promise<void> {
  await execute(client, {
    text: `
      update write.users
         set sequence = greatest(sequence, $2::bigint), updated_at = clock_timestamp(),
             last_occurred_at = greatest(last_occurred_at, $3::timestamptz)
       where user_id = $1::uuid`,
    values: [userId, to.sequence, to.occurredAt === null ? null : new Date(to.occurredAt).toISOString()],
  })
}

export async function putStream(
  client: Client,
  stream: {
    userId: UserId
    aggregateId: AggregateId
    aggregateType: string
    version: number
    sequence: number
    state: unknown
    stateVersion: number
  },
): Promise<void> {
  await execute(client, {
    text: `
      insert into write.streams (user_id, aggregate_id, aggregate_type, version, sequence, state, state_version)
      values ($1::uuid, $2::uuid, $3::text, $4::int, $5::bigint, $6::jsonb, $7::int)
      on conflict (user_id, aggregate_id) do update
      set version = excluded.version, sequence = excluded.sequence, state = excluded.state,
          state_version = excluded.state_version, updated_at = clock_timestamp()`,
    values: [
      stream.userId,
      stream.aggregateId,
      stream.aggregateType,
      stream.version,
      stream.sequence,
      JSON.stringify(stream.state),
      stream.stateVersion,
    ],
  })
}

export async function putObject(
  client: Client,
  object: {
    key: string
    userId: UserId
    aggregateId: AggregateId
    sha256: string
    size: number
    contentType: string
  },
): Promise<void> {
  await execute(client, {
    text: `
      insert into write.objects (object_key, user_id, aggregate_id, sha256, size_bytes, content_type)
      values ($1::text, $2::uuid, $3::uuid, decode($4::text, 'hex'), $5::bigint, $6::text)
      on conflict (object_key) do nothing`,
    values: [object.key, object.userId, object.aggregateId, object.sha256, object.size, object.contentType],
  })
}

/** Of one aggregate after its purge, or of all when the user was erased (null). The sweep deletes what they name. */
export async function deleteObjects(
  client: Client,
  userId: UserId,
  aggregateId: AggregateId | null,
): Promise<void> {
  await execute(client, {
    text: 'select write.drop_objects($1::uuid, $2::uuid)',
    values: [userId, aggregateId],
  })
}

/** As the append does it; another tag that has the name, or the id, stays as it is. */
export async function putTags(client: Client, userId: UserId, tags: readonly AppendTag[]): Promise<void> {
  await execute(client, {
    text: 'select write.put_tags($1::uuid, $2::jsonb)',
    values: [userId, JSON.stringify(tags)],
  })
}
