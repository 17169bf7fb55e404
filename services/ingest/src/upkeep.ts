import { wait } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { dropAccounted, keepMs } from './drop-outbox.ts'
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

export interface Upkeep {
  /** Partitions of the outbox that should have been dropped and stay; of the last round. */
  overduePartitions(): number
  close(): Promise<void>
}

/**
 * What has to be done now and then: partitions for the ids to come, partitions that are not needed any more,
 * idempotency keys that are over.
 */
export function startUpkeep({ pool, logger, isLeader, everyMs }: UpkeepOptions): Upkeep {
  const stop = new AbortController()
  let overdue: ReadonlyMap<string, string> = new Map()

  const drop = async () => {
    const found = (await dropAccounted({ pool, logger, keepMs })).overdue
    for (const { name, why } of found) {
      if (overdue.get(name) === why) continue
      logger.error({ alarm: 'outbox_kept', partition: name, why }, 'a part of the outbox cannot be dropped')
    }
    overdue = new Map(found.map(({ name, why }) => [name, why]))
  }
  const expire = async () => {
    for (let deleted = batch; deleted === batch && !stop.signal.aborted; ) {
      deleted = await inTransaction(pool, (client) => deleteExpiredIdempotency(client, batch))
    }
  }
  const tasks = [() => inTransaction(pool, extendOutbox), drop, expire]
  const run = async () => {
    while (!stop.signal.aborted) {
      for (const task of isLeader() ? tasks : []) {
        await task().catch((error: unknown) => {
          logger.warn({ error }, 'upkeep failed and will be tried again')
        })
      }
      await wait(everyMs, stop.signal).catch(() => undefined)
    }
  }
  const running = run()
  return {
    overduePartitions: () => overdue.size,
    close: async () => {
      stop.abort(new Error('upkeep is closing'))
      await running
    },
  }
}

const batch = 1_000
