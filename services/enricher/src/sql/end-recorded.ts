import type { EntityId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'

/** An analysis that the log says was recorded, or given up. */
export interface RecordedAnalysis {
  entityId: EntityId
  contentHash: string
  enricherVersion: string
  run: number
  /** Null for one that was recorded. */
  failure: { code: string; detail: string | null } | null
}

/**
 * Ends what asks a model in the job of an analysis that the log has already, when its result is not here: that is a replay.
 * Extraction goes on, it costs nothing. A job that was worked on here has its result, and stays as it is.
 */
export async function endRecorded(client: Client, analysis: RecordedAnalysis): Promise<void> {
  const { failure } = analysis
  const jobs = await query<{ job_id: string }>(client, {
    name: 'enrich.hold_replayed_job',
    text: `select j.job_id from enrich.jobs j
           where j.entity_id = $1::uuid and j.content_hash = $2::text and j.enricher_version = $3::text
             and j.run = $4::int and j.state in ('open', 'failed')
             and not exists (select from enrich.analyses a where a.job_id = j.job_id)
             and exists (select from enrich.steps s where s.job_id = j.job_id and s.step = 'analyse'
               and (s.state in ('pending', 'running') or (s.state = 'failed' and $5::boolean)))
           for update of j`,
    values: [
      analysis.entityId,
      analysis.contentHash,
      analysis.enricherVersion,
      analysis.run,
      failure === null,
    ],
  })
  const ids = jobs.map(({ job_id: id }) => id)
  if (ids.length === 0) return
  await execute(client, {
    name: 'enrich.end_replayed_steps',
    text: `update enrich.steps set state = case when step = 'analyse' and $2::text is not null then 'failed' else 'skipped' end,
             error_code = case when step = 'analyse' and $2::text is not null then $2::text else 'recorded_before' end,
             error_class = case when step = 'analyse' and $2::text is not null then 'data' end,
             error_text = case when step = 'analyse' then $3::text end,
             next_retry_at = null, lease_until = null, finished_at = clock_timestamp()
           where job_id = any ($1::uuid[]) and step in ('analyse', 'record', 'embed', 'publish') and state <> 'done'`,
    values: [ids, failure?.code ?? null, failure?.detail ?? null],
  })
  await execute(client, {
    name: 'enrich.end_replayed_jobs',
    text: `update enrich.jobs set state = 'open', outcome = $2::text, due_at = now(), finished_at = null,
             lease_owner = null, lease_until = null
           where job_id = any ($1::uuid[])`,
    values: [ids, failure === null ? 'recorded' : 'failed'],
  })
}
