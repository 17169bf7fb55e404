import { type Client, execute, query } from '@synap/postgres'
import { contentSteps, type StepName } from '../job.ts'

/**
 * Goes on with jobs that somebody marked for another try, at most so many: what was given up is tried from the beginning,
 * with what was left out because of it, and what waits for its next try has it now. What is done stays done. Answers how
 * many marks were taken away.
 *
 * @param left steps that are left out when the one before them is given up: pairs of that one and this.
 */
export async function reopenMarked(
  client: Client,
  left: readonly (readonly [given: StepName, left: StepName])[],
  limit: number,
): Promise<number> {
  const jobs = await query<{ job_id: string; state: string }>(client, {
    name: 'enrich.lock_marked',
    text: `select job_id, state from enrich.jobs where retry_marked_at is not null
           order by job_id limit $1::int for update skip locked`,
    values: [limit],
  })
  if (jobs.length === 0) return 0
  const failed = jobs.filter(({ state }) => state === 'failed').map(({ job_id: id }) => id)
  await reopenSteps(client, failed, left)
  await execute(client, {
    name: 'enrich.reopen_jobs',
    text: `update enrich.jobs set retry_marked_at = null, retries = retries + 1,
             state = case when state = 'failed' then 'open' else state end,
             outcome = case when state = 'failed' then null else outcome end,
             finished_at = case when state = 'failed' then null else finished_at end,
             -- one that is worked on just now is left to whoever does
             due_at = case when state in ('failed', 'open') and lease_owner is null then now() else due_at end
           where job_id = any ($1::uuid[])`,
    values: [jobs.map(({ job_id: id }) => id)],
  })
  return jobs.length
}

async function reopenSteps(
  client: Client,
  jobs: readonly string[],
  left: readonly (readonly [StepName, StepName])[],
): Promise<void> {
  if (jobs.length === 0) return
  await execute(client, {
    name: 'enrich.reopen_steps',
    text: `update enrich.steps s set state = 'pending', attempts = 0, starts = 0, next_retry_at = null, error_code = null,
             error_class = null, error_text = null, started_at = null, finished_at = null
           from enrich.jobs j
           where s.job_id = any ($1::uuid[]) and j.job_id = s.job_id
             -- one that only embeds has nothing to tell
             and not (j.kind = 'embed' and s.step in ('analyse', 'record')) and (
             s.state = 'failed'
             or (s.state = 'skipped' and not (j.source = 'title' and s.step = any ($4::text[])) and exists (
               select from enrich.steps f join unnest($2::text[], $3::text[]) as p (given, skipped) on p.given = f.step
               where f.job_id = s.job_id and f.state = 'failed' and p.skipped = s.step))
             or (s.step = 'record' and exists (
               select from enrich.steps f
               where f.job_id = s.job_id and f.state = 'failed' and f.step not in ('embed', 'publish'))))`,
    values: [jobs, left.map(([given]) => given), left.map(([, skipped]) => skipped), contentSteps],
  })
}

/** What pauses, budgets and limits come to: another text when one of them was changed. */
export async function findControlMark(client: Client): Promise<string> {
  const [row] = await query<{ mark: string }>(client, {
    name: 'enrich.find_control_mark',
    text: `select concat_ws('/',
             (select md5(string_agg(pause_id::text, ',' order by pause_id)) from enrich.pauses),
             (select md5(string_agg(b::text, ',' order by user_id)) from enrich.budgets b),
             (select md5(string_agg(l::text, ',' order by scope)) from enrich.limits l)) as mark`,
    values: [],
  })
  return row?.mark ?? ''
}

/** Lets go on what was paused and is no more. `all`: also what has a time to go on at besides. */
export async function releaseResumed(client: Client, all: boolean): Promise<number> {
  return execute(client, {
    name: `enrich.release_resumed${all ? '_all' : ''}`,
    text: `update enrich.jobs j set due_at = now()
           where j.state = 'open' and j.due_at ${all ? '> now()' : "= 'infinity'"} and j.lease_owner is null
             and exists (
               select from enrich.steps s
               where s.job_id = j.job_id and s.state = 'pending' and s.error_code = 'enrichment.paused'
                 and not exists (select from enrich.pauses p
                   where (p.user_id is null or p.user_id = j.user_id) and p.kind in ('all', s.step)))`,
    values: [],
  })
}

/** Lets what waits for a budget look again: it may have been raised. */
export async function releaseBudgeted(client: Client): Promise<number> {
  return execute(client, {
    name: 'enrich.release_budgeted',
    text: `update enrich.jobs j set due_at = now()
           where j.state = 'open' and j.due_at > now() and j.lease_owner is null and exists (
             select from enrich.steps s
             where s.job_id = j.job_id and s.state = 'pending' and s.error_code like 'budget.%')`,
    values: [],
  })
}
