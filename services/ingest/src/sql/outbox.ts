import type { AggregateId, EventId, UserId } from '@synap/core'
import { type Client, type Pool, query, single } from '@synap/postgres'
import { ingest } from '../database.ts'
import { toMultirange } from './multirange.ts'

/** An accepted event as the outbox holds it. */
export interface OutboxRow {
  id: number
  event_id: EventId
  event_type: string
  user_id: UserId
  aggregate_id: AggregateId
  aggregate_type: string
  version: number
  sequence: number
  /** Milliseconds since 1970. */
  occurred_at: number
  source: string
  /** 32 hexadecimal characters. */
  correlation_id: string
  causation_id: EventId | null
  actor_kind: string
  actor_id: string | null
  delta: Buffer
  /** 64 hexadecimal characters. */
  fingerprint: string
  traceparent: string | null
  tracestate: string | null
}

const columns = `
  o.id, o.event_id, o.event_type, o.user_id, o.aggregate_id, o.aggregate_type, o.version, o.sequence, o.occurred_at,
  o.source, replace(o.correlation_id::text, '-', '') as correlation_id, o.causation_id, o.actor_kind, o.actor_id,
  o.delta, encode(o.schema_fingerprint, 'hex') as fingerprint, o.traceparent, o.tracestate`

/**
 * What waits to be published and is not under way, oldest id first. By state, never by a cursor: rows of different users
 * commit out of id order. For one user it is always a prefix of what waits. One round trip, in a transaction of its own.
 */
export function selectUnpublished(
  pool: Pool,
  limit: number,
  underWay: ReadonlySet<number> = new Set(),
  signal?: AbortSignal,
): Promise<OutboxRow[]> {
  return single(
    pool,
    ingest,
    {
      name: 'write.unpublished',
      text: `
        select ${columns}
          from write.unpublished($1::int, $2::int8multirange) o
         order by o.id`,
      values: [limit, toMultirange(underWay)],
    },
    signal === undefined ? {} : { signal },
  )
}

/**
 * Marks rows under the epoch of the relay that sent them; none when another has taken over. Answers how many. One round
 * trip, in a transaction of its own.
 */
export async function markPublished(pool: Pool, ids: readonly number[], epoch: number): Promise<number> {
  const [row] = await single<{ marked: number }>(pool, ingest, {
    text: `
      with held as materialized (
        select from write.relay_lease l where l.name = 'relay' and l.epoch = $2::bigint for share
      ), marked as (
        update write.outbox o
           set published_at = clock_timestamp()
         where o.id = any ($1::bigint[]) and o.published_at is null and exists (select from held)
        returning 1
      )
      select count(*) as marked from marked`,
    values: [`{${ids.join(',')}}`, epoch],
  })
  return row?.marked ?? 0
}

/** Events `from`..`to` of one user that are still in the outbox, in order. */
export function selectOutboxBetween(
  client: Client,
  userId: UserId,
  from: number,
  to: number,
): Promise<OutboxRow[]> {
  return query(client, {
    name: 'write.select_outbox_between',
    text: `
      select ${columns}
        from write.outbox o
       where o.user_id = $1::uuid and o.sequence between $2::bigint and $3::bigint
       order by o.sequence`,
    values: [userId, from, to],
  })
}

/** Holds back this event and every later one of its user. */
export async function insertQuarantine(client: Client, row: OutboxRow, reason: string): Promise<void> {
  await query(client, {
    name: 'write.insert_quarantine',
    text: `
      insert into write.relay_quarantine (user_id, outbox_id, event_id, sequence, reason)
      values ($1::uuid, $2::bigint, $3::uuid, $4::bigint, $5::text)
      on conflict (user_id) do nothing`,
    values: [row.user_id, row.id, row.event_id, row.sequence, reason],
  })
}

export interface OutboxOverview {
  unpublished: number
  /** Milliseconds since 1970; null when nothing waits. */
  oldest_unpublished_at: number | null
  quarantined_users: number
  relay_epoch: number | null
}

export async function findOutboxOverview(client: Client): Promise<OutboxOverview> {
  const [row] = await query<OutboxOverview>(client, {
    name: 'write.outbox_overview',
    text: `
      select unpublished, oldest_unpublished_at, quarantined_users, relay_epoch
        from write.outbox_overview()`,
  })
  if (row === undefined) throw new TypeError('write.outbox_overview gave no row')
  return row
}

/** Makes the partitions for the ids about to be given out; answers how many are new. */
export async function extendOutbox(client: Client): Promise<number> {
  const [row] = await query<{ made: number }>(client, {
    name: 'write.extend_outbox',
    text: `select write.extend_outbox() as made`,
  })
  return row?.made ?? 0
}

export interface QuarantineRow {
  user_id: UserId
  event_id: EventId
  sequence: number
  reason: string
  /** Milliseconds since 1970. */
  since: number
  /** Events of the user that wait. */
  waiting: number
}

/** Users that are held back, longest first, with what waits. */
export function selectQuarantined(client: Client, limit: number): Promise<QuarantineRow[]> {
  return query(client, {
    name: 'write.select_quarantined',
    text: `
      select q.user_id, q.event_id, q.sequence, q.reason, q.since,
             (select count(*) from write.outbox o where o.user_id = q.user_id and o.published_at is null) as waiting
        from write.relay_quarantine q
       order by q.since
       limit $1::int`,
    values: [limit],
  })
}

/** Lets a user's events flow again; false when they were not held back. */
export async function releaseQuarantine(client: Client, userId: UserId): Promise<boolean> {
  const [row] = await query<{ released: boolean }>(client, {
    name: 'write.release_quarantine',
    text: 'select write.release_quarantine($1::uuid) as released',
    values: [userId],
  })
  return row?.released === true
}

/** Events accepted and published in the last minute, of the newest 100,000 that the outbox holds. */
export async function countLastMinute(client: Client): Promise<{ accepted: number; published: number }> {
  const [row] = await query<{ accepted: number; published: number }>(client, {
    name: 'write.count_last_minute',
    text: `
      select count(*) filter (where n.created_at > clock_timestamp() - interval '1 minute') as accepted,
             count(*) filter (where n.published_at > clock_timestamp() - interval '1 minute') as published
        from (select o.created_at, o.published_at from write.outbox o order by o.id desc limit 100000) n`,
  })
  return row ?? { accepted: 0, published: 0 }
}

export interface RepublishSpan {
  user_id: UserId
  /** The first sequence to be published again, and the last that ever was; empty when the second is lower. */
  from_sequence: number
  to_sequence: number
}

/**
 * Per user, from `after` on (included), what was published since a time (null = ever). What is older than the outbox
 * keeps is asked of the log, by the time of the event.
 */
export function selectRepublishSpans(
  client: Client,
  asked: {
    user: UserId | null
    after: UserId | null
    sinceMs: number | null
    inOutbox: boolean
    limit: number
  },
): Promise<RepublishSpan[]> {
  const older = asked.inOutbox ? '' : ', log.sequence_of_user_at(u.user_id, $3::timestamptz) + 1'
  return query(client, {
    text: `
      select u.user_id,
             case when $3::timestamptz is null then 1
                  else least(coalesce(o.again, u.sequence + 1)${older}) end as from_sequence,
             coalesce(o.waits - 1, u.sequence) as to_sequence
        from write.users u
        left join lateral (
          select min(o.sequence) filter (where o.published_at >= $3::timestamptz) as again,
                 min(o.sequence) filter (where o.published_at is null) as waits
            from write.outbox o where o.user_id = u.user_id
        ) o on true
       where u.sequence > 0 and ($1::uuid is null or u.user_id = $1::uuid)
         and ($2::uuid is null or u.user_id >= $2::uuid)
       order by u.user_id
       limit $4::int`,
    values: [
      asked.user,
      asked.after,
      asked.sinceMs === null ? null : new Date(asked.sinceMs).toISOString(),
      asked.limit,
    ],
  })
}

/** Events of one aggregate that are still in the outbox, above a version and sequence, in order. */
export function selectOutboxOfAggregate(
  client: Client,
  userId: UserId,
  aggregateId: AggregateId,
  above: { version: number; sequence: number },
): Promise<OutboxRow[]> {
  return query(client, {
    name: 'write.select_outbox_of_aggregate',
    text: `
      select ${columns}
        from write.outbox o
       where o.user_id = $1::uuid and o.sequence > $4::bigint and o.aggregate_id = $2::uuid
         and o.version > $3::int
       order by o.version`,
    values: [userId, aggregateId, above.version, above.sequence],
  })
}
