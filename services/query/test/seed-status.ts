import type { UserId } from '@synap/core'
import type { TestDatabase } from '@synap/testing'

export interface Written {
  userId: UserId
  id: string
  version: number
  sequence: number
  /** Of the content; null without content. */
  sha256: string | null
}

/** Writes what ingest would have written about an item, but for the outbox. */
export async function seedWritten(database: TestDatabase, item: Written): Promise<void> {
  const state = JSON.stringify({ content: item.sha256 === null ? null : { sha256: item.sha256 } })
  await database.superuserSql(`
    insert into write.users (user_id, sequence) values ('${item.userId}', ${item.sequence})
      on conflict (user_id) do update set sequence = excluded.sequence;
    insert into write.streams (user_id, aggregate_id, aggregate_type, version, sequence, state, state_version)
      values ('${item.userId}', '${item.id}', 'entity', ${item.version}, ${item.sequence}, '${state}', 1);`)
}

/** The outbox row of the item's last event, published or not. */
export async function seedOutbox(database: TestDatabase, item: Written, published: boolean): Promise<void> {
  await database.superuserSql(`
    insert into write.outbox (event_id, event_type, user_id, aggregate_id, aggregate_type, version, sequence,
      occurred_at, source, correlation_id, actor_kind, delta, schema_fingerprint, published_at)
    values (gen_random_uuid(), 'entity.created', '${item.userId}', '${item.id}', 'entity', ${item.version},
      ${item.sequence}, now(), 'api', gen_random_uuid(), 'user', '', sha256('x'), ${published ? 'now()' : 'null'});`)
}

export async function seedLogged(database: TestDatabase, item: Written): Promise<void> {
  await database.superuserSql(`
    insert into log.aggregates (aggregate_id, user_id, aggregate_type, version, first_sequence, last_sequence,
      first_at, last_at)
    values ('${item.id}', '${item.userId}', 'entity', ${item.version}, 1, ${item.sequence}, now(), now());`)
}

export interface SeededStep {
  step: string
  state: string
  attempts?: number
  error?: string
  nextRetryAt?: string
}

/** The newest job of an item with its steps. */
export async function seedJob(
  database: TestDatabase,
  item: Written,
  hash: string,
  steps: readonly SeededStep[],
): Promise<void> {
  const rows = steps.map(({ step, state, attempts = 1, error, nextRetryAt }, index) => {
    const text = (value: string | undefined) => (value === undefined ? 'null' : `'${value}'`)
    const finished = state === 'done' || state === 'skipped' ? 'now()' : 'null'
    return `((select job_id from job), ${index}, '${step}', '${state}', ${attempts}, ${text(error)},
      ${text(nextRetryAt)}::timestamptz, ${finished})`
  })
  await database.superuserSql(`
    with job as (
      insert into enrich.jobs (job_id, user_id, entity_id, content_hash, enricher_version, analysis_id, source,
        entity_type, based_on_version, event_id, sequence, captured_at)
      values (gen_random_uuid(), '${item.userId}', '${item.id}', '${hash}', '1', gen_random_uuid(), 'title', 'note',
        1, gen_random_uuid(), ${item.sequence}, now())
      returning job_id
    )
    insert into enrich.steps (job_id, ord, step, state, attempts, error_code, next_retry_at, finished_at)
    values ${rows.join(', ')};`)
}
