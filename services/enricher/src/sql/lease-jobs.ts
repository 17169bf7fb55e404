import type { AnalysisId, EntityId, EventId, UserId } from '@synap/core'
import { type Client, execute, query, toTimestamptz } from '@synap/postgres'
import type { LeasedJob, StepName, StepRecord, StepState } from '../job.ts'

export interface LeaseOptions {
  /** UUID of this process. */
  owner: string
  limit: number
  /** Jobs of one user that are worked on at once, by all processes together. */
  perUser: number
  leaseMs: number
  /** Jobs in the background that this process works on at once, at most. */
  background: number
}

/**
 * Takes the leases of jobs that are due: first one of each user, then a second of each, and so on, so that nobody waits
 * for another user's thousand notes. What is done in the background comes last, and never takes every hand. A job whose
 * lease ran out is due again.
 */
export async function leaseJobs(
  client: Client,
  { owner, limit, perUser, leaseMs, background }: LeaseOptions,
): Promise<string[]> {
  const rows = await query<{ job_id: string }>(client, {
    name: 'enrich.lease_jobs',
    text: `with recursive waiting (user_id) as (
             (select j.user_id from enrich.jobs j where j.state = 'open' order by j.user_id limit 1)
             union all
             select (select j.user_id from enrich.jobs j where j.state = 'open' and j.user_id > w.user_id
                     order by j.user_id limit 1)
             from waiting w where w.user_id is not null
           ), turns as (
             select t.job_id, t.due_at, t.background, t.turn + b.busy as turn
             from waiting w
             cross join lateral (
               select count(*) as busy from enrich.jobs j
               where j.user_id = w.user_id and j.state = 'open' and j.lease_until > now()
             ) b
             cross join lateral (
               select j.job_id, j.due_at, j.background,
                 row_number() over (order by j.background, j.due_at, j.job_id) as turn
               from enrich.jobs j
               where j.user_id = w.user_id and j.state = 'open' and j.due_at <= now()
               order by j.background, j.due_at, j.job_id limit $3::int
             ) t
             where w.user_id is not null and t.turn + b.busy <= $3::int
           ), allowed as (
             select t.*, row_number() over (partition by t.background order by t.turn, t.due_at, t.job_id) as place
             from turns t
           ), picked as (
             select j.job_id from allowed t join enrich.jobs j using (job_id)
             where j.state = 'open' and j.due_at <= now() and (not t.background or t.place <= $5::int - (
               select count(*) from enrich.jobs o
               where o.state = 'open' and o.background and o.lease_owner = $1::uuid and o.lease_until > now()))
             order by t.background, t.turn, t.due_at, t.job_id limit $2::int
             for update of j skip locked
           )
           update enrich.jobs j set lease_owner = $1::uuid, lease_until = now() + $4::float8 * interval '1 millisecond',
             due_at = now() + $4::float8 * interval '1 millisecond'
           from picked p where p.job_id = j.job_id
           returning j.job_id`,
    values: [owner, limit, perUser, leaseMs, background],
  })
  return rows.map(({ job_id: id }) => id)
}

interface JobRow {
  job_id: string
  user_id: UserId
  entity_id: EntityId
  content_hash: string
  enricher_version: string
  run: number
  analysis_id: AnalysisId
  source: string
  object_key: string | null
  file_type: string | null
  content_size: number | null
  title: string | null
  entity_type: string
  based_on_version: number
  event_id: EventId
  sequence: number
  captured_at: number
  time_zone: string | null
  traceparent: string | null
  tracestate: string | null
  outcome: string | null
  kind: 'item' | 'embed'
  embed_model: string | null
  steps: {
    step: StepName
    state: StepState
    attempts: number
    starts: number
    code: string | null
    text: string | null
  }[]
}

/** A job that this process leased, with its steps in order; undefined when the lease is gone. */
export async function findLeasedJob(
  client: Client,
  jobId: string,
  owner: string,
): Promise<LeasedJob | undefined> {
  const rows = await query<JobRow>(client, {
    name: 'enrich.find_leased_job',
    text: `select j.job_id, j.user_id, j.entity_id, j.content_hash, j.enricher_version, j.run, j.analysis_id, j.source,
             j.object_key, j.file_type, j.content_size, j.title, j.entity_type, j.based_on_version, j.event_id,
             j.sequence, j.captured_at, j.time_zone, j.traceparent, j.tracestate, j.outcome, j.kind, j.embed_model,
             (select jsonb_agg(jsonb_build_object('step', s.step, 'state', s.state, 'attempts', s.attempts,
                'starts', s.starts, 'code', s.error_code, 'text', s.error_text) order by s.ord)
              from enrich.steps s where s.job_id = j.job_id) as steps
           from enrich.jobs j where j.job_id = $1::uuid and j.lease_owner = $2::uuid and j.state = 'open'`,
    values: [jobId, owner],
  })
  return rows[0] === undefined ? undefined : jobOf(rows[0])
}

/**
 * Takes the job's row for the rest of the transaction and renews the lease. False when the lease is gone: the job was
 * taken over, superseded, cancelled or purged, and nothing of this process counts any more.
 */
export async function holdJob(
  client: Client,
  jobId: string,
  owner: string,
  leaseMs: number,
): Promise<boolean> {
  const rows = await execute(client, {
    name: 'enrich.hold_job',
    text: `update enrich.jobs set lease_until = now() + $3::float8 * interval '1 millisecond',
             due_at = now() + $3::float8 * interval '1 millisecond'
           where job_id = $1::uuid and lease_owner = $2::uuid and state = 'open'`,
    values: [jobId, owner, leaseMs],
  })
  return rows === 1
}

/** Lets go of a held job: it is due again after `delayMs`. */
export async function releaseJob(client: Client, jobId: string, delayMs: number): Promise<void> {
  await execute(client, {
    name: 'enrich.release_job',
    text: `update enrich.jobs set lease_owner = null, lease_until = null,
             due_at = now() + $2::float8 * interval '1 millisecond'
           where job_id = $1::uuid`,
    values: [jobId, delayMs],
  })
}

/** Lets go of a held job until a time (milliseconds since 1970), or until somebody says so (null). */
export async function releaseJobUntil(client: Client, jobId: string, until: number | null): Promise<void> {
  await execute(client, {
    name: 'enrich.release_job_until',
    text: `update enrich.jobs set lease_owner = null, lease_until = null,
             due_at = coalesce($2::timestamptz, 'infinity')
           where job_id = $1::uuid`,
    values: [jobId, until === null ? null : toTimestamptz(until)],
  })
}

/** Keeps what recording a held job came to: steps after it may be put off, and another process then ends the job. */
export async function noteOutcome(client: Client, jobId: string, outcome: string): Promise<void> {
  await execute(client, {
    name: 'enrich.note_outcome',
    text: 'update enrich.jobs set outcome = $2::text where job_id = $1::uuid',
    values: [jobId, outcome],
  })
}

/** Ends a held job. */
export async function finishJob(
  client: Client,
  jobId: string,
  state: 'done' | 'failed' | 'superseded' | 'cancelled',
  outcome: string | null,
): Promise<void> {
  await execute(client, {
    name: 'enrich.finish_job',
    text: `update enrich.jobs set state = $2::text, outcome = coalesce($3::text, outcome), finished_at = now(),
             lease_owner = null, lease_until = null
           where job_id = $1::uuid`,
    values: [jobId, state, outcome],
  })
}

function jobOf(row: JobRow): LeasedJob {
  return {
    jobId: row.job_id,
    userId: row.user_id,
    entityId: row.entity_id,
    contentHash: row.content_hash,
    enricherVersion: row.enricher_version,
    run: row.run,
    analysisId: row.analysis_id,
    source:
      row.object_key === null
        ? { kind: 'title', title: row.title ?? '' }
        : {
            kind: 'content',
            objectKey: row.object_key,
            fileType: row.file_type ?? 'other',
            size: row.content_size ?? 0,
          },
    entityType: row.entity_type,
    basedOnVersion: row.based_on_version,
    eventId: row.event_id,
    sequence: row.sequence,
    capturedAt: row.captured_at,
    timeZone: row.time_zone,
    traceparent: row.traceparent,
    tracestate: row.tracestate,
    kind: row.kind,
    embedModel: row.embed_model,
    outcome: row.outcome,
    steps: row.steps.map(
      ({ step, state, attempts, starts, code, text }): StepRecord => ({
        step,
        state,
        attempts,
        starts,
        errorCode: code,
        errorText: text,
      }),
    ),
  }
}
