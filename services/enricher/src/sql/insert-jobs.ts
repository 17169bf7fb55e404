import { type EntityId, uuidv7 } from '@synap/core'
import { type Client, execute, query, toTimestamptz } from '@synap/postgres'
import type { RequestedRun } from '../fold-events.ts'
import { contentSteps, stepNames, type WantedJob } from '../job.ts'
import { adoptRun } from './enrichment-items.ts'

/**
 * Inserts jobs with their steps. One that is there already stays as it is, unless its content became current again: then
 * it goes on where it was, and a finished one is recorded anew (and nothing else is done anew). Jobs of purged items are
 * not inserted. Answers the items whose content became current again.
 *
 * Content that comes back keeps the time zone that it came with, unless it comes with another: what was found in the old
 * one is forgotten then, and it is analysed anew.
 *
 * @param titleDelayMs a job for a bare title waits so long: the content may be in the next batch.
 */
export async function insertJobs(
  client: Client,
  jobs: readonly WantedJob[],
  titleDelayMs: number,
): Promise<EntityId[]> {
  await forgetOtherZones(client, jobs)
  const rows = await query<{ job_id: string; entity_id: EntityId; inserted: boolean; titled: boolean }>(
    client,
    {
      name: 'enrich.insert_jobs',
      text: `insert into enrich.jobs as j (job_id, user_id, entity_id, content_hash, enricher_version, run, analysis_id,
             source, object_key, file_type, content_size, title, entity_type, based_on_version, event_id, sequence,
             captured_at, traceparent, tracestate, time_zone, due_at)
           select w.job_id, w.user_id, w.entity_id, w.content_hash, w.enricher_version, w.run, w.analysis_id, w.source,
             w.object_key, w.file_type, w.content_size, w.title, w.entity_type, w.based_on_version, w.event_id,
             w.sequence, w.captured_at, w.traceparent, w.tracestate, w.time_zone,
             now() + case when w.source = 'title' then $21::float8 else 0 end * interval '1 millisecond'
           from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::uuid[], $8::text[],
             $9::text[], $10::text[], $11::bigint[], $12::text[], $13::text[], $14::int[], $15::uuid[], $16::bigint[],
             $17::timestamptz[], $18::text[], $19::text[], $20::text[])
             as w (job_id, user_id, entity_id, content_hash, enricher_version, run, analysis_id, source, object_key,
               file_type, content_size, title, entity_type, based_on_version, event_id, sequence, captured_at,
               traceparent, tracestate, time_zone)
           where not exists (select from enrich.purges p where p.subject_id in (w.entity_id, w.user_id))
           order by w.job_id
           on conflict (entity_id, content_hash, enricher_version, run) do update set
             state = 'open', outcome = null, finished_at = null, due_at = now(), lease_owner = null, lease_until = null,
             based_on_version = excluded.based_on_version, event_id = excluded.event_id,
             sequence = excluded.sequence, traceparent = excluded.traceparent, tracestate = excluded.tracestate,
             time_zone = coalesce(excluded.time_zone, j.time_zone)
           where j.state in ('done', 'failed', 'superseded') and excluded.sequence > j.sequence
             and excluded.job_id = any ($22::uuid[])
           returning j.job_id, j.entity_id, j.xmax = 0 as inserted, j.source = 'title' as titled`,
      values: columnsOf(jobs, titleDelayMs),
    },
  )
  await insertSteps(
    client,
    rows.filter(({ inserted }) => inserted),
  )
  const reopened = rows.filter(({ inserted }) => !inserted)
  await reopenRecord(
    client,
    reopened.map(({ job_id: id }) => id),
  )
  return reopened.map(({ entity_id: id }) => id)
}

function columnsOf(jobs: readonly WantedJob[], titleDelayMs: number): unknown[] {
  const ids = jobs.map(() => uuidv7())
  const content = jobs.map(({ source }) => (source.kind === 'content' ? source : null))
  return [
    ids,
    jobs.map(({ userId }) => userId),
    jobs.map(({ entityId }) => entityId),
    jobs.map(({ contentHash }) => contentHash),
    jobs.map(({ enricherVersion }) => enricherVersion),
    jobs.map(({ run }) => run),
    jobs.map(({ analysisId }) => analysisId),
    jobs.map(({ source }) => source.kind),
    content.map((source) => source?.objectKey ?? null),
    content.map((source) => source?.fileType ?? null),
    content.map((source) => source?.size ?? null),
    jobs.map(({ source }) => (source.kind === 'title' ? source.title : null)),
    jobs.map(({ entityType }) => entityType),
    jobs.map(({ basedOnVersion }) => basedOnVersion),
    jobs.map(({ eventId }) => eventId),
    jobs.map(({ sequence }) => sequence),
    jobs.map(({ capturedAt }) => toTimestamptz(capturedAt)),
    jobs.map(({ traceparent }) => traceparent),
    jobs.map(({ tracestate }) => tracestate),
    jobs.map(({ timeZone }) => timeZone),
    titleDelayMs,
    ids.filter((_, index) => jobs[index]?.reopens),
  ]
}

/** Analyses of content that comes again and says another time zone: dates in it are other dates now. */
async function forgetOtherZones(client: Client, jobs: readonly WantedJob[]): Promise<void> {
  const zoned = jobs.filter(({ timeZone, reopens }) => timeZone !== null && reopens)
  if (zoned.length === 0) return
  await execute(client, {
    name: 'enrich.forget_other_zones',
    text: `with forgotten as (
             delete from enrich.analyses a
             using enrich.jobs j, unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::text[])
               as w (entity_id, content_hash, enricher_version, run, sequence, time_zone)
             where a.job_id = j.job_id and j.entity_id = w.entity_id and j.content_hash = w.content_hash
               and j.enricher_version = w.enricher_version and j.run = w.run and w.sequence > j.sequence
               and j.state in ('done', 'failed', 'superseded') and a.time_zone <> w.time_zone
             returning a.job_id
           )
           update enrich.steps s set state = 'pending', attempts = 0, starts = 0, next_retry_at = null,
             error_code = null, error_class = null, error_text = null, started_at = null, finished_at = null
           from forgotten f where s.job_id = f.job_id and s.step = 'analyse'`,
    values: [
      zoned.map(({ entityId }) => entityId),
      zoned.map(({ contentHash }) => contentHash),
      zoned.map(({ enricherVersion }) => enricherVersion),
      zoned.map(({ run }) => run),
      zoned.map(({ sequence }) => sequence),
      zoned.map(({ timeZone }) => timeZone),
    ],
  })
}

/** The run that a person asked for, of what the newest job of that content reads. False when there is no such job. */
export async function insertRequestedRun(client: Client, request: RequestedRun): Promise<boolean> {
  const { entityId, contentHash, trigger } = request
  const rows = await query<{ job_id: string; titled: boolean }>(client, {
    name: 'enrich.insert_requested_run',
    text: `insert into enrich.jobs (job_id, user_id, entity_id, content_hash, enricher_version, run, analysis_id, source,
             object_key, file_type, content_size, title, entity_type, based_on_version, event_id, sequence, captured_at,
             time_zone, traceparent, tracestate)
           select $1::uuid, j.user_id, j.entity_id, j.content_hash, $4::text, $5::int, $6::uuid, j.source,
             j.object_key, j.file_type, j.content_size, j.title, e.type, e.version, $7::uuid, $8::bigint, j.captured_at,
             j.time_zone, $9::text, $10::text
           from enrich.jobs j join enrich.entities e using (entity_id)
           where j.entity_id = $2::uuid and j.content_hash = $3::text and j.user_id = $11::uuid
           order by j.sequence desc limit 1
           on conflict (entity_id, content_hash, enricher_version, run) do nothing
           returning job_id, source = 'title' as titled`,
    values: [
      uuidv7(),
      entityId,
      contentHash,
      request.enricherVersion,
      request.run,
      request.analysisId,
      trigger.event.id,
      trigger.sequence,
      trigger.traceparent,
      trigger.tracestate,
      trigger.userId,
    ],
  })
  await insertSteps(client, rows)
  await adoptRun(client, entityId, rows[0]?.job_id ?? null)
  return rows.length > 0
}

async function insertSteps(
  client: Client,
  jobs: readonly { job_id: string; titled: boolean }[],
): Promise<void> {
  if (jobs.length === 0) return
  await execute(client, {
    name: 'enrich.insert_steps',
    text: `insert into enrich.steps (job_id, ord, step, state)
           select j.job_id, s.ord, s.step, case when j.titled and s.step = any ($4::text[]) then 'skipped' else 'pending' end
           from unnest($1::uuid[], $2::boolean[]) as j (job_id, titled)
           cross join unnest($3::text[]) with ordinality as s (step, ord)`,
    values: [jobs.map((job) => job.job_id), jobs.map((job) => job.titled), stepNames, contentSteps],
  })
}

async function reopenRecord(client: Client, jobs: readonly string[]): Promise<void> {
  if (jobs.length === 0) return
  await execute(client, {
    name: 'enrich.reopen_record',
    text: `update enrich.steps set state = 'pending', attempts = 0, starts = 0, next_retry_at = null, error_code = null,
             error_class = null, error_text = null, started_at = null, finished_at = null
           where job_id = any ($1::uuid[]) and step = 'record'`,
    values: [jobs],
  })
}
