import { type Client, execute, query, toTimestamptz } from '@synap/postgres'
import type { StepName } from '../job.ts'

/** Notes the start of a step, before its work: a step that kills the process leaves its number of starts behind. */
export async function beginStep(
  client: Client,
  jobId: string,
  step: StepName,
  leaseMs: number,
): Promise<void> {
  await execute(client, {
    name: 'enrich.begin_step',
    text: `update enrich.steps set state = 'running', attempts = attempts + 1, starts = starts + 1, started_at = clock_timestamp(),
             lease_until = now() + $3::float8 * interval '1 millisecond', next_retry_at = null
           where job_id = $1::uuid and step = $2::text`,
    values: [jobId, step, leaseMs],
  })
}

/** A step that has its result, or has nothing to do, for the reason given. */
export async function finishStep(
  client: Client,
  jobId: string,
  step: StepName,
  state: 'done' | 'skipped',
  { reason }: { reason?: string },
): Promise<void> {
  await execute(client, {
    name: 'enrich.finish_step',
    text: `update enrich.steps set state = $3::text, starts = 0, finished_at = clock_timestamp(), lease_until = null,
             error_code = $4::text, error_class = null, error_text = null,
             duration_ms = extract(epoch from clock_timestamp() - started_at) * 1000
           where job_id = $1::uuid and step = $2::text`,
    values: [jobId, step, state, reason ?? null],
  })
}

/** Steps that a failure before them made pointless. */
export async function skipSteps(client: Client, jobId: string, steps: readonly StepName[]): Promise<void> {
  if (steps.length === 0) return
  await execute(client, {
    name: 'enrich.skip_steps',
    text: `update enrich.steps set state = 'skipped', finished_at = clock_timestamp()
           where job_id = $1::uuid and step = any ($2::text[]) and state = 'pending'`,
    values: [jobId, steps],
  })
}

export interface StepError {
  code: string
  class: string
  /** One line without content or secrets. */
  text: string
}

/** A step that is given up; a person sees why. */
export async function failStep(
  client: Client,
  jobId: string,
  step: StepName,
  error: StepError,
): Promise<void> {
  await execute(client, {
    name: 'enrich.fail_step',
    text: `update enrich.steps set state = 'failed', finished_at = clock_timestamp(), lease_until = null,
             next_retry_at = null, error_code = $3::text, error_class = $4::text, error_text = $5::text,
             duration_ms = extract(epoch from clock_timestamp() - started_at) * 1000
           where job_id = $1::uuid and step = $2::text`,
    values: [jobId, step, error.code, error.class, error.text],
  })
}

/** A step that is tried again after `delayMs`. */
export async function postponeStep(
  client: Client,
  jobId: string,
  step: StepName,
  error: StepError,
  delayMs: number,
): Promise<void> {
  await execute(client, {
    name: 'enrich.postpone_step',
    text: `update enrich.steps set state = 'pending', starts = 0, lease_until = null, error_code = $3::text,
             error_class = $4::text, error_text = $5::text,
             next_retry_at = now() + $6::float8 * interval '1 millisecond'
           where job_id = $1::uuid and step = $2::text`,
    values: [jobId, step, error.code, error.class, error.text, delayMs],
  })
}

/**
 * A step that is held back: nothing was tried. `until`: milliseconds since 1970; null = when somebody says so.
 */
export async function deferStep(
  client: Client,
  jobId: string,
  step: StepName,
  { code, text }: Pick<StepError, 'code' | 'text'>,
  until: number | null,
): Promise<void> {
  await execute(client, {
    name: 'enrich.defer_step',
    text: `update enrich.steps set state = 'pending', starts = 0, attempts = greatest(0, attempts - 1),
             lease_until = null, error_code = $3::text, error_class = 'deferred', error_text = $4::text,
             next_retry_at = $5::timestamptz
           where job_id = $1::uuid and step = $2::text`,
    values: [jobId, step, code, text, until === null ? null : toTimestamptz(until)],
  })
}

/** A step that was interrupted by the end of this process: as if it had not been started. */
export async function resetStep(client: Client, jobId: string, step: StepName): Promise<void> {
  await execute(client, {
    name: 'enrich.reset_step',
    text: `update enrich.steps set state = 'pending', starts = 0, attempts = greatest(0, attempts - 1),
             lease_until = null
           where job_id = $1::uuid and step = $2::text and state = 'running'`,
    values: [jobId, step],
  })
}

/** False when somebody else ended the step. */
export async function isRunning(client: Client, jobId: string, step: StepName): Promise<boolean> {
  const rows = await query<{ running: boolean }>(client, {
    name: 'enrich.is_running',
    text: `select state = 'running' as running from enrich.steps where job_id = $1::uuid and step = $2::text`,
    values: [jobId, step],
  })
  return rows[0]?.running === true
}
