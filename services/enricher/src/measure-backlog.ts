import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { gauge, observe } from '@synap/telemetry'
import { inTransaction } from './database.ts'
import {
  countOpenJobs,
  countPauses,
  countWaitingSteps,
  type DailyUse,
  findDailyUse,
  type Measured,
} from './sql/backlog.ts'

const openJobs = gauge('synap_enricher_open_jobs', { help: 'Jobs that are not finished.' })
const oldestJob = gauge('synap_enricher_oldest_open_job_seconds', { help: 'Age of the oldest open job.' })

/** Measures the backlog now and then. Failures are logged; the next measurement tries again. */
export function startBacklogMeter(
  pool: Pool,
  logger: Logger,
  { everyMs }: { everyMs: number },
): { stop(): Promise<void> } {
  let waiting: Measured[] = []
  let pauses: Measured[] = []
  let today: DailyUse = { used: [], limits: [] }
  const observed = [
    observe(
      'synap_enricher_waiting_steps',
      { help: 'Steps that are held back or tried again, by step, state and reason.' },
      () => waiting,
    ),
    observe('synap_enricher_pauses', { help: 'Pauses, by kind and scope.' }, () => pauses),
    observe(
      'synap_enricher_used_today',
      { help: 'Calls, tokens and US dollars of everybody since midnight in UTC, calls under way included.' },
      () => today.used,
    ),
    observe(
      'synap_enricher_daily_limit',
      { help: 'The limits of that, where there are any.' },
      () => today.limits,
    ),
  ]
  const measure = async () => {
    try {
      const backlog = await inTransaction(pool, async (client) => {
        waiting = await countWaitingSteps(client)
        pauses = await countPauses(client)
        today = await findDailyUse(client)
        return countOpenJobs(client)
      })
      const { open, oldest } = backlog
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
      for (const unobserve of observed) unobserve()
      await measuring
    },
  }
}
