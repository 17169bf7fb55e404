import { backoffMs, errorClass, wait } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import PQueue from 'p-queue'
import { inTransaction } from './database.ts'
import { type LeaseOptions, leaseJobs } from './sql/lease-jobs.ts'

export interface WorkersOptions {
  pool: Pool
  logger: Logger
  /** Works one leased job off. */
  runJob(jobId: string, signal: AbortSignal): Promise<void>
  /** Called with a bug: the process should end. */
  fail(error: unknown): void
  owner: string
  /** Jobs at once, in all. */
  concurrency: number
  perUser: number
  leaseMs: number
  pollMs: number
}

export interface Workers {
  /** There may be new work: look at once. */
  wake(): void
  /** False when the loop has not turned for a minute. */
  alive(): boolean
  /** Takes no new job, interrupts those under way and gives their leases back. */
  stop(): Promise<void>
}

const stuckMs = 60_000

/** Of so many hands, those that work in the background at most: what was captured just now finds a free one. */
const inBackground = (concurrency: number) => Math.max(1, Math.floor(concurrency / 2))

/** Takes leases as there are free hands, and works jobs off side by side. */
export function startWorkers(options: WorkersOptions): Workers {
  const stopping = new AbortController()
  const queue = new PQueue({ concurrency: options.concurrency })
  let awake = new AbortController()
  let turnedAt = performance.now()

  const wake = () => awake.abort()

  const start = (jobId: string) =>
    queue.add(async () => {
      try {
        await options.runJob(jobId, stopping.signal)
      } catch (error) {
        if (stopping.signal.aborted) return
        if (errorClass(error) === 'bug') return options.fail(error)
        options.logger.warn({ error, jobId }, 'a job was left to its lease')
      } finally {
        wake()
      }
    })

  const turn = async (): Promise<boolean> => {
    const free = options.concurrency - queue.pending - queue.size
    if (free <= 0) return false
    const lease: LeaseOptions = { ...options, limit: free, background: inBackground(options.concurrency) }
    const jobs = await inTransaction(options.pool, (client) => leaseJobs(client, lease))
    for (const jobId of jobs) void start(jobId)
    return jobs.length === free
  }

  const rest = async (ms: number) => {
    const either = AbortSignal.any([awake.signal, stopping.signal])
    await wait(ms, either).catch(() => undefined)
    awake = new AbortController()
  }

  const loop = async () => {
    let failures = 0
    while (!stopping.signal.aborted) {
      turnedAt = performance.now()
      try {
        const more = await turn()
        failures = 0
        if (!more) await rest(options.pollMs)
      } catch (error) {
        if (errorClass(error) === 'bug') return options.fail(error)
        failures += 1
        options.logger.warn({ error }, 'looking for work failed')
        await rest(backoffMs(failures, { baseMs: 250, capMs: 10_000 }))
      }
    }
  }

  const looping = loop()
  return {
    wake,
    alive: () => performance.now() - turnedAt < stuckMs,
    async stop() {
      stopping.abort(new Error('the enricher is stopping'))
      await looping
      await queue.onIdle()
    },
  }
}
