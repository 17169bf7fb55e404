import type { AggregateId } from '@synap/core'
import { type Client, query } from '@synap/postgres'
import { type EventRow, type FoldedEvent, toFoldedEvent } from '../logged-event.ts'

/** How far an aggregate is. Times are milliseconds since 1970. */
export interface AggregateHead {
  aggregateType: string
  version: number
  firstSequence: number
  lastSequence: number
  firstAt: number
  lastAt: number
}

/** Undefined when the log has nothing of it, or it is another user's. */
export async function findAggregateHead(client: Client, id: AggregateId): Promise<AggregateHead | undefined> {
  const [head] = await query<AggregateHead>(client, {
    name: 'log.aggregate_head',
    text: `select aggregate_type as "aggregateType", version, first_sequence as "firstSequence",
             last_sequence as "lastSequence", first_at as "firstAt", last_at as "lastAt"
           from log.aggregate_head($1::uuid)`,
    values: [id],
  })
  return head
}

/** Versions above one and up to another, and no event behind a sequence of the user. */
export interface VersionRange {
  above?: number | undefined
  to?: number | undefined
  upToSequence?: number | undefined
}

/** In the order of the versions. */
export async function findAggregateEvents(
  client: Client,
  id: AggregateId,
  range: VersionRange,
  limit: number,
): Promise<FoldedEvent[]> {
  const rows = await query<Omit<EventRow, 'aggregate_type'>>(client, {
    name: 'log.versions_of',
    text: 'select * from log.versions_of($1::uuid, $2::int, $3::int, $4::bigint, $5::int)',
    values: [id, range.above ?? null, range.to ?? null, range.upToSequence ?? null, limit],
  })
  return rows.map(toFoldedEvent)
}

export interface SnapshotRow {
  version: number
  sequence: number
  state: string
  checksum: string
}

/** The newest one in the range that a fold of this version made. */
export async function findSnapshot(
  client: Client,
  id: AggregateId,
  stateVersion: number,
  { to, upToSequence }: VersionRange,
): Promise<SnapshotRow | undefined> {
  const [row] = await query<SnapshotRow>(client, {
    name: 'log.snapshot_of',
    text: 'select version, sequence, state, checksum from log.snapshot_of($1::uuid, $2::int, $3::int, $4::bigint)',
    values: [id, stateVersion, to ?? null, upToSequence ?? null],
  })
  return row
}

/** The texts of schemas by their numbers. */
export async function findSchemas(client: Client, numbers: readonly number[]): Promise<Map<number, string>> {
  const rows = await query<{ no: number; schema: string }>(client, {
    name: 'log.schemas_of',
    text: 'select no, schema from log.schemas_of($1::int[])',
    values: [numbers],
  })
  return new Map(rows.map((row) => [row.no, row.schema]))
}
