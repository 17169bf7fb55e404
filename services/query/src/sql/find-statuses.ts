import type { EntityId, UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

/** What ingest knows of an item: `write.item_status`. Times in milliseconds since 1970, here and below. */
export interface WriteStatus {
  found: boolean
  version: number
  sequence: number
  stored_at: number
  relayed_at: number | null
  /** Its events that are not on the topic yet. */
  pending: number
  content_sha256: string | null
}

export async function findWriteStatus(client: Client, id: EntityId): Promise<WriteStatus | undefined> {
  const [row] = await query<WriteStatus>(client, {
    name: 'write.find_item_status',
    text: `select found, version, sequence, stored_at, relayed_at, pending, content_sha256
      from write.item_status($1::uuid)`,
    values: [id],
  })
  return row?.found === true ? row : undefined
}

export interface LogStatus {
  version: number | null
  logged_at: number | null
  parked: number
  /** Why the first event that is parked was. */
  parkedFor?: string
}

export async function findLogStatus(client: Client, id: EntityId): Promise<LogStatus | undefined> {
  const [row] = await query<LogStatus>(client, {
    name: 'log.find_item_status',
    text: `select version, logged_at, parked from log.item_status($1::uuid)`,
    values: [id],
  })
  return row
}

export interface ReadStatus {
  version: number | null
  projected_at: number | null
  text_indexed_at: number | null
  vectors: number
  vectors_at: number | null
  parked: number
  /** Why the first event that is parked was. */
  parkedFor?: string
  /** What derived data must be made from: the content, or the title of an item without content. */
  content_sha256: string | null
}

export async function findReadStatus(
  client: Client,
  schema: string,
  id: EntityId,
): Promise<ReadStatus | undefined> {
  const [row] = await query<ReadStatus>(client, {
    name: `${schema}.find_item_status`,
    text: `select version, projected_at, text_indexed_at, vectors, vectors_at, parked, content_sha256
      from ${schema}.item_status($1::uuid)`,
    values: [id],
  })
  return row
}

/** One step of the newest job of an item, and with each what the job is. */
export interface StepStatus {
  step: string
  state: 'pending' | 'running' | 'deferred' | 'done' | 'skipped' | 'failed'
  attempts: number
  error: string | null
  next_retry_at: number | null
  finished_at: number | null
  content_hash: string
  started_at: number | null
  duration_ms: number | null
  /** While it runs. */
  lease_until: number | null
  calls: number
  tokens: number
  cost_nanos: number
  unpriced_calls: number
  run: number
  retries: number
  retry_by_user: UserId | null
  retry_by_key: string | null
}

export async function findStepStatuses(client: Client, id: EntityId): Promise<StepStatus[]> {
  return query<StepStatus>(client, {
    name: 'enrich.find_item_status',
    text: `select step, state, attempts, error, next_retry_at, finished_at, content_hash, started_at, duration_ms,
        lease_until, calls, tokens, cost_nanos, unpriced_calls, run, retries, retry_by_user, retry_by_key
      from enrich.item_status($1::uuid)`,
    values: [id],
  })
}
