import { backoffMs, errorClass, wait } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { leftOut } from './job.ts'
import { findControlMark, releaseBudgeted, releaseResumed, reopenMarked } from './sql/act-on-marks.ts'

export interface ActOnMarksOptions {
  pool: Pool
  logger: Logger
  /** Milliseconds between looks. */
  pollMs: number
  /** There is work again. */
  wake: () => void
  fail: (error: unknown) => void
}

/** Rows of one transaction: workers that want them wait meanwhile. */
const atOnce = 200
const sweepMs = 60_000

/**
 * Does what others marked: tries again what they asked for, and goes on with what waited when a pause was lifted or a
 * budget changed. Looks at the whole once a minute too: a step may be put off in the instant in which its pause is lifted.
 */
export function startActingOnMarks(options: ActOnMarksOptions): { stop(): Promise<void> } {
  const { pool, logger, pollMs, wake, fail } = options
  const stopping = new AbortController()
  let known: string | undefined
  let sweptAt = -sweepMs

  const retry = async () => {
    let reopened = 0
    for (let more = true; more && !stopping.signal.aborted; ) {
      const some = await inTransaction(pool, (client) => reopenMarked(client, leftOut, atOnce))
      reopened += some
      more = some === atOnce
    }
    if (reopened > 0) logger.info({ jobs: reopened }, 'jobs are tried again, as somebody asked')
    return reopened
  }
  const release = async () => {
    const mark = await inTransaction(pool, findControlMark)
    const isChanged = mark !== known
    if (!isChanged && performance.now() - sweptAt < sweepMs) return 0
    const released = await inTransaction(pool, async (client) => {
      const resumed = await releaseResumed(client, isChanged)
      return resumed + (isChanged ? await releaseBudgeted(client) : 0)
    })
    known = mark
    sweptAt = performance.now()
    if (released > 0) logger.info({ jobs: released }, 'jobs that were held back go on')
    return released
  }
  const loop = async () => {
    let failures = 0
    while (!stopping.signal.aborted) {
      try {
        if ((await retry()) + (await release()) > 0) wake()
        failures = 0
      } catch (error) {
        if (errorClass(error) === 'bug') return fail(error)
        failures += 1
        logger.warn({ error }, 'looking for what somebody asked for failed')
      }
      const ms = failures === 0 ? pollMs : backoffMs(failures, { baseMs: 250, capMs: 10_000 })
      await wait(ms, stopping.signal).catch(() => undefined)
    }
  }
  const looping = loop()
  return {
    async stop() {
      stopping.abort(new Error('the enricher is stopping'))
      await looping
    },
  }
}
