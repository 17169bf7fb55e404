import { backoffMs, crashpoint, describeError, errorClass, SynapError } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Client, Pool } from '@synap/postgres'
import { attributes, counter, histogram, secondsSince, withSpan } from '@synap/telemetry'
import { inTransaction } from './database.ts'
import { Deferred } from './deferred.ts'
import { type LeasedJob, needs, pointlessAfter, type StepName, type StepRecord } from './job.ts'
import { LeaseLost, startLeaseClock } from './lease-clock.ts'
import {
  findLeasedJob,
  finishJob,
  holdJob,
  noteOutcome,
  releaseJob,
  releaseJobUntil,
} from './sql/lease-jobs.ts'
import {
  beginStep,
  deferStep,
  failStep,
  finishStep,
  postponeStep,
  resetStep,
  type StepError,
  skipSteps,
} from './sql/steps.ts'
import type { JobMemory, Step, StepContext, StepOutcome } from './steps/step.ts'

export interface RunJobOptions {
  pool: Pool
  logger: Logger
  steps: Record<StepName, Step>
  /** UUID of this process: whose leases these are. */
  owner: string
  leaseMs: number
  /** Milliseconds before the first retry of a step. */
  retryMs: number
}

/** Starts without an end after which a step is given up: it seems to kill the process. */
const mostStarts = 3
/** Tries of a step that asks a model, before it is given up visibly; some hours with the growing wait. */
const mostModelTries = 20
const longestRetryMs = 10 * 60_000
/** A key or model that is refused is mended by a person. */
const configurationRetryMs = 5 * 60_000

const stepSeconds = histogram('synap_enricher_step_seconds', { help: 'Time of steps, by step and result.' })
const deferrals = counter('synap_enricher_step_deferrals', { help: 'Steps held back, by step and reason.' })
const retries = counter('synap_enricher_step_retries', { help: 'Steps put off, by step and error.' })
const failures = counter('synap_enricher_step_failures', { help: 'Steps given up, by step and error.' })

/** What a job came to that recorded nothing. */
const withoutAnalysis = { item: 'nothing_to_analyse', embed: 'embedded' } as const

/** How a job ends whose recording came to this, whatever became of its other steps. */
const statesAfter: Readonly<Record<string, 'superseded' | 'cancelled'>> = {
  superseded: 'superseded',
  gone: 'cancelled',
}

/**
 * Works a leased job off, step by step: begin (its start is counted), do, and in one transaction store the result and
 * mark the step. Ends when the job ends, a step is put off, the lease is lost or the process stops. Rejects only with
 * bugs and with errors of the database; the lease then runs out and the job is taken up again.
 */
export async function runJob(options: RunJobOptions, jobId: string, signal: AbortSignal): Promise<void> {
  const { pool, owner } = options
  const job = await inTransaction(pool, (client) => findLeasedJob(client, jobId, owner))
  if (job === undefined) return
  const parent =
    job.traceparent === null
      ? null
      : { traceparent: job.traceparent, ...(job.tracestate === null ? {} : { tracestate: job.tracestate }) }
  const settings = {
    parent,
    attributes: {
      [attributes.jobId]: job.jobId,
      [attributes.entityId]: job.entityId,
      [attributes.userId]: job.userId,
      [attributes.sequence]: job.sequence,
    },
  }
  try {
    await withSpan('enrich item', settings, () => new JobRun(options, job, signal).run())
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error
    options.logger.info({ jobId, entityId: job.entityId }, 'a job was taken away while it was worked on')
  }
}

class JobRun {
  readonly #options: RunJobOptions
  readonly #job: LeasedJob
  readonly #stop: AbortSignal
  readonly #memory: JobMemory = {}
  /** Steps that are held back, and until when. */
  readonly #held = new Map<StepName, number | null>()

  constructor(options: RunJobOptions, job: LeasedJob, stop: AbortSignal) {
    this.#options = options
    this.#job = job
    this.#stop = stop
  }

  async run(): Promise<void> {
    for (let step = this.#next(); step !== undefined; step = this.#next()) {
      if (step.state === 'running' && step.starts >= mostStarts) {
        await this.#giveUp(step, killed())
        continue
      }
      if ((await this.#attempt(step)) === 'put off') return
    }
    if (this.#held.size > 0) return this.#waitForHeld()
    const failed = this.#job.steps.some(({ state }) => state === 'failed')
    const recorded = this.#job.steps.some(({ step, state }) => step === 'record' && state === 'done')
    const otherwise = recorded ? 'recorded' : withoutAnalysis[this.#job.kind]
    const outcome = this.#job.outcome ?? (failed ? 'failed' : otherwise)
    const state = statesAfter[outcome] ?? (failed ? 'failed' : 'done')
    await this.#commit((client) => finishJob(client, this.#job.jobId, state, outcome))
  }

  /** The first step that is not over, not held back, and does not need one that is. */
  #next(): StepRecord | undefined {
    return this.#job.steps.find(({ step, state }) => {
      if (state !== 'pending' && state !== 'running') return false
      const need = needs[step]
      return !this.#held.has(step) && (need === undefined || !this.#held.has(need))
    })
  }

  /** The job comes back when the first of the steps that are held back may go on. */
  async #waitForHeld(): Promise<void> {
    const times = [...this.#held.values()].filter((time) => time !== null)
    const until = times.length === 0 ? null : Math.min(...times)
    await this.#commit((client) => releaseJobUntil(client, this.#job.jobId, until))
  }

  /** One try of one step. Answers whether it was put off. */
  async #attempt(step: StepRecord): Promise<undefined | 'put off'> {
    const { leaseMs } = this.#options
    const { jobId } = this.#job
    const startedAt = performance.now()
    const renew = () => this.#commit(async () => undefined)
    const clock = startLeaseClock({ leaseMs, stop: this.#stop, renew })
    const context: StepContext = {
      job: this.#job,
      memory: this.#memory,
      signal: clock.signal,
      commit: async (work) => {
        const result = await this.#commit(work)
        clock.renewed()
        return result
      },
    }
    const settings = {
      attributes: { [attributes.step]: step.step, [attributes.attempt]: step.attempts + 1 },
    }
    try {
      await context.commit((client) => beginStep(client, jobId, step.step, leaseMs))
      step.attempts += 1
      crashpoint('enricher.after_begin')
      const outcome = await withSpan(`enrich ${step.step}`, settings, () => this.#perform(step, context))
      stepSeconds.record(secondsSince(startedAt), { step: step.step, result: outcome.state })
      return undefined
    } catch (error) {
      const lost = [error, clock.signal.reason].find((reason) => reason instanceof LeaseLost)
      if (lost !== undefined) throw lost
      const result = error instanceof Deferred ? 'deferred' : 'error'
      stepSeconds.record(secondsSince(startedAt), { step: step.step, result })
      return await this.#settle(step, error)
    } finally {
      clock.stop()
    }
  }

  async #perform(step: StepRecord, context: StepContext): Promise<StepOutcome> {
    const { jobId } = this.#job
    const outcome = await this.#options.steps[step.step](context)
    const skips = outcome.skips ?? []
    crashpoint('enricher.before_commit')
    await context.commit(async (client) => {
      await outcome.save?.(client)
      await finishStep(client, jobId, step.step, outcome.state, outcome)
      await skipSteps(client, jobId, skips)
      if (outcome.outcome !== undefined) await noteOutcome(client, jobId, outcome.outcome)
    })
    step.state = outcome.state
    this.#job.outcome = outcome.outcome ?? this.#job.outcome
    this.#skip(skips)
    return outcome
  }

  /** What an error calls for: an interrupted step is as if it had not begun, a mendable one is put off, else given up. */
  async #settle(step: StepRecord, error: unknown): Promise<undefined | 'put off'> {
    const { jobId } = this.#job
    if (this.#stop.aborted) {
      await this.#commit(async (client) => {
        await resetStep(client, jobId, step.step)
        await releaseJob(client, jobId, 0)
      })
      return 'put off'
    }
    if (error instanceof Deferred) {
      await this.#hold(step, error)
      return undefined
    }
    const kind = errorClass(error)
    if (kind === 'bug') throw error
    const known = stepErrorOf(error)
    const asksModel = step.step === 'analyse' || step.step === 'embed'
    if (kind === 'data' || kind === 'order' || (asksModel && step.attempts >= mostModelTries)) {
      await this.#giveUp(step, known)
      return undefined
    }
    const delayMs = kind === 'configuration' ? configurationRetryMs : this.#retryDelay(step, error)
    const fields = { jobId, step: step.step, attempt: step.attempts, delayMs, code: known.code }
    this.#options.logger[kind === 'configuration' ? 'error' : 'warn'](fields, 'a step is tried again later')
    retries.add(1, { step: step.step, code: known.code })
    await this.#commit(async (client) => {
      await postponeStep(client, jobId, step.step, known, delayMs)
      await releaseJob(client, jobId, delayMs)
    })
    return 'put off'
  }

  async #hold(step: StepRecord, { code, message, until }: Deferred): Promise<void> {
    const { jobId } = this.#job
    await this.#commit((client) => deferStep(client, jobId, step.step, { code, text: message }, until))
    step.state = 'pending'
    this.#held.set(step.step, until)
    deferrals.add(1, { step: step.step, code })
    this.#options.logger.debug({ jobId, step: step.step, code, until }, 'a step is held back')
  }

  async #giveUp(step: StepRecord, error: StepError): Promise<void> {
    const { jobId, entityId } = this.#job
    const skips = pointlessAfter[step.step] ?? []
    await this.#commit(async (client) => {
      await failStep(client, jobId, step.step, error)
      await skipSteps(client, jobId, skips)
    })
    Object.assign(step, { state: 'failed', errorCode: error.code, errorText: error.text })
    this.#skip(skips)
    failures.add(1, { step: step.step, code: error.code })
    this.#options.logger.error({ jobId, entityId, step: step.step, code: error.code }, 'a step was given up')
  }

  #retryDelay(step: StepRecord, error: unknown): number {
    const wait = backoffMs(step.attempts, { baseMs: this.#options.retryMs, capMs: longestRetryMs })
    const asked = error instanceof SynapError ? (error.retryAfterMs ?? 0) : 0
    // Everyone was told the same time: some jitter, or all come back in the same instant.
    return asked === 0 ? wait : Math.round(asked * (1 + 0.2 * Math.random()))
  }

  #skip(names: readonly StepName[]): void {
    for (const step of this.#job.steps) {
      if (names.includes(step.step) && step.state === 'pending') step.state = 'skipped'
    }
  }

  /** A transaction that counts only while the job is ours: it takes the row first. */
  #commit<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const { pool, owner, leaseMs } = this.#options
    return inTransaction(pool, async (client) => {
      if (!(await holdJob(client, this.#job.jobId, owner, leaseMs))) throw new LeaseLost()
      return work(client)
    })
  }
}

/** An error as it is shown: its code and our own constant sentence, never content. */
function stepErrorOf(error: unknown): StepError {
  const code = error instanceof SynapError ? error.code : 'unknown'
  const text = error instanceof SynapError ? describeError(error).slice(0, 200) : 'an unknown error'
  return { code, class: errorClass(error), text }
}

function killed(): StepError {
  return {
    code: 'enricher.step_killed',
    class: 'data',
    text: 'the process ended each time this step was worked on',
  }
}
