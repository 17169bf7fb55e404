import type { AggregateId, EventId, UserId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'

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
 * What waits to be published, oldest id first. By state, never by a cursor: rows of different users commit out of id
 * order. For one user it is always a prefix of what waits.
 */
export function selectUnpublished(client: Client, limit: number): Promise<OutboxRow[]> {
  return query(client, {
    name: 'write.select_unpublished',
    text: `
      select ${columns}
        from write.outbox o
       where o.published_at is null
         and not exists (select from write.relay_quarantine q where q.user_id = o.user_id)
       order by o.id
       limit $1::int`,
    values: [limit],
  })
}

/** Marks rows under the epoch of the relay that sent them; none when another has taken over. Answers how many. */
export function markPublished(client: Client, ids: readonly number[], epoch: number): Promise<number> {
  return execute(client, {
    name: 'write.mark_published',
    text: `
      with held as materialized (
        select from write.relay_lease l where l.name = 'relay' and l.epoch = $2::bigint for share
      )
      update write.outbox o
         set published_at = clock_timestamp()
       where o.id = any ($1::bigint[]) and o.published_at is null and exists (select from held)`,
    values: [ids, epoch],
  })
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
