import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { gauge } from '@synap/telemetry'
import { inTransaction } from './database.ts'
import { countOpenJobs } from './sql/backlog.ts'

const everyMs = 15_000
const openJobs = gauge('synap_enricher_open_jobs', { help: 'Jobs that are not finished.' })
const oldestJob = gauge('synap_enricher_oldest_open_job_seconds', { help: 'Age of the oldest open job.' })

/** Measures the backlog now and every 15 seconds. Failures are logged; the next measurement tries again. */
export function startBacklogMeter(pool: Pool, logger: Logger): { stop(): Promise<void> } {
  const measure = async () => {
    try {
      const { open, oldest } = await inTransaction(pool, countOpenJobs)
      openJobs.set(open)
      oldestJob.set(oldest === null ? 0 : Math.max(0, (Date.now() - oldest) / 1_000))
    } catch (error) {
      logger.warn({ error }, 'the backlog could not be measured')
    }
  }
  let measuring = measure()
  const timer = setInterval(() => {
    measuring = measuring.then(measure)
  }, everyMs)
  return {
    async stop() {
      clearInterval(timer)
      await measuring
    },
  }
}
