import type { AggregateId } from '@synap/core'
import { type Client, query, type Statement } from '@synap/postgres'
import { type EventRow, type FoldedEvent, toFoldedEvent } from '../logged-event.ts'
import { hasFewChunks } from './has-few-chunks.ts'

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

const columns = `event_id, sequence, event_type, aggregate_id, version, user_id, occurred_at, source, correlation_id,
  causation_id, actor_kind, actor_id, delta, extra, schema_no`

/** In the order of the versions; `logPlans` should be part of the transaction. */
export async function findAggregateEvents(
  client: Client,
  id: AggregateId,
  range: VersionRange,
  limit: number,
): Promise<FoldedEvent[]> {
  const statement = (await hasFewChunks(client)) ? ofView(id, range, limit) : ofFunction(id, range, limit)
  const rows = await query<Omit<EventRow, 'aggregate_type'>>(client, statement)
  return rows.map(toFoldedEvent)
}

/** Names the bounds that there are, and no others: each of them takes some hundredths of a short answer. */
function ofView(id: AggregateId, { above = 0, to, upToSequence }: VersionRange, limit: number): Statement {
  const bounds = [
    { name: 'above', condition: 'version >', value: above === 0 ? undefined : above },
    { name: 'to', condition: 'version <=', value: to },
    { name: 'at', condition: 'sequence <=', value: upToSequence },
  ].filter(({ value }) => value !== undefined)
  const conditions = bounds.map(({ condition }, index) => ` and ${condition} $${index + 3}::bigint`)
  return {
    name: ['log.own_versions', ...bounds.map(({ name }) => name)].join('_'),
    text: `select ${columns} from log.own_versions where aggregate_id = $1::uuid${conditions.join('')}
      order by version limit $2::int`,
    values: [id, limit, ...bounds.map(({ value }) => value)],
  }
}

function ofFunction(id: AggregateId, { above, to, upToSequence }: VersionRange, limit: number): Statement {
  return {
    name: 'log.aggregate_events',
    text: `select ${columns} from log.aggregate_events($1::uuid, $2::int, $3::int, $4::bigint, $5::int)`,
    values: [id, above ?? null, to ?? null, upToSequence ?? null, limit],
  }
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
