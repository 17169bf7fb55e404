import { wait } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { deleteExpiredIdempotency } from './sql/idempotency.ts'
import { extendOutbox } from './sql/outbox.ts'

export interface UpkeepOptions {
  pool: Pool
  logger: Logger
  /** Only the process that relays does the work. */
  isLeader: () => boolean
  /** Milliseconds between rounds. */
  everyMs: number
}

/** What has to be done now and then: partitions for the ids to come, idempotency keys that are over. */
export function startUpkeep({ pool, logger, isLeader, everyMs }: UpkeepOptions): { close(): Promise<void> } {
  const stop = new AbortController()
  const round = async () => {
    if (!isLeader()) return
    await inTransaction(pool, extendOutbox)
    for (let deleted = batch; deleted === batch && !stop.signal.aborted; ) {
      deleted = await inTransaction(pool, (client) => deleteExpiredIdempotency(client, batch))
    }
  }
  const run = async () => {
    while (!stop.signal.aborted) {
      await round().catch((error: unknown) => {
        logger.warn({ error }, 'upkeep failed and will be tried again')
      })
      await wait(everyMs, stop.signal).catch(() => undefined)
    }
  }
  const running = run()
  return {
    close: async () => {
      stop.abort(new Error('upkeep is closing'))
      await running
    },
  }
}

const batch = 1_000
