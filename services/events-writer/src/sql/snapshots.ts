import type { AggregateId, UserId } from '@synap/core'
import type { SnapshotRow } from '@synap/event-log'
import { type Client, execute, query } from '@synap/postgres'

export interface DueSnapshot {
  aggregateId: AggregateId
  userId: UserId
}

/** Notes aggregates that have come to a version at which a snapshot is made. */
export async function insertDueSnapshots(client: Client, due: readonly DueSnapshot[]): Promise<void> {
  await execute(client, {
    name: 'log.insert_due_snapshots',
    text: `insert into log.snapshots_due (aggregate_id, user_id) select * from unnest($1::uuid[], $2::uuid[])
           on conflict do nothing`,
    values: [due.map(({ aggregateId }) => aggregateId), due.map(({ userId }) => userId)],
  })
}

/** Aggregates with a snapshot that a fold of another version made. */
export async function insertOutdatedSnapshots(client: Client, stateVersion: number): Promise<number> {
  return execute(client, {
    text: `insert into log.snapshots_due (aggregate_id, user_id)
           select distinct s.aggregate_id, s.user_id from log.snapshots s where s.state_version <> $1::int
           on conflict do nothing`,
    values: [stateVersion],
  })
}

export async function findDueSnapshots(client: Client, limit: number): Promise<DueSnapshot[]> {
  return query<DueSnapshot>(client, {
    name: 'log.find_due_snapshots',
    text: 'select aggregate_id as "aggregateId", user_id as "userId" from log.snapshots_due limit $1::int',
    values: [limit],
  })
}

export async function deleteDueSnapshot(client: Client, aggregateId: AggregateId): Promise<void> {
  await execute(client, {
    name: 'log.delete_due_snapshot',
    text: 'delete from log.snapshots_due where aggregate_id = $1::uuid',
    values: [aggregateId],
  })
}

/** Waits until nobody writes events of this user, and keeps it so until the end of the transaction. */
export async function lockUser(client: Client, userId: UserId): Promise<void> {
  await execute(client, {
    name: 'log.lock_user',
    text: 'select from log.user_positions where user_id = $1::uuid for update',
    values: [userId],
  })
}

export async function upsertSnapshots(
  client: Client,
  { aggregateId, userId }: DueSnapshot,
  stateVersion: number,
  snapshots: readonly SnapshotRow[],
): Promise<void> {
  await execute(client, {
    name: 'log.upsert_snapshots',
    text: `insert into log.snapshots as s (aggregate_id, version, user_id, state_version, sequence, state, checksum)
           select $1::uuid, n.version, $2::uuid, $3::int, n.sequence, n.state, n.checksum
             from unnest($4::int[], $5::bigint[], $6::text[], $7::text[]) as n(version, sequence, state, checksum)
           on conflict (aggregate_id, version) do update set state_version = excluded.state_version,
             sequence = excluded.sequence, state = excluded.state, checksum = excluded.checksum, made_at = now()`,
    values: [
      aggregateId,
      userId,
      stateVersion,
      snapshots.map((row) => row.version),
      snapshots.map((row) => row.sequence),
      snapshots.map((row) => row.state),
      snapshots.map((row) => row.checksum),
    ],
  })
}

/** What was purged or erased is in no snapshot: of these aggregates, and of all aggregates of these users. */
export async function deleteSnapshots(
  client: Client,
  aggregates: readonly AggregateId[],
  users: readonly UserId[],
): Promise<void> {
  await execute(client, {
    name: 'log.delete_snapshots',
    text: 'delete from log.snapshots where aggregate_id = any ($1::uuid[]) or user_id = any ($2::uuid[])',
    values: [aggregates, users],
  })
  await execute(client, {
    name: 'log.delete_due_snapshots',
    text: 'delete from log.snapshots_due where user_id = any ($1::uuid[])',
    values: [users],
  })
}
