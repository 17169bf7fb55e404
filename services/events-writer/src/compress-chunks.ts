import { startUpkeep } from '@synap/inbox'
import type { Logger } from '@synap/messaging'
import { execute, type Pool, type PoolOptions, transaction } from '@synap/postgres'
import type { EventsWriterConfig } from './config.ts'
import type { Storage } from './prepare-storage.ts'
import { compressChunk, findChunkToCompress } from './sql/storage.ts'

/** Makes a pool whose statements may take that long; its user ends it. */
export type OpenPool = (
  options: Required<Pick<PoolOptions, 'applicationName' | 'max' | 'statementTimeoutMs'>>,
) => Pool

const everyMs = 3_600_000
/** Milliseconds for one chunk: a day's events of a busy house. */
const chunkTimeoutMs = 30 * 60_000

/**
 * Compresses old chunks one by one, now and every hour, where the edition can. Not by a policy of TimescaleDB: its jobs
 * run as the table's owner, who would need the right to log in. `stop` waits for the statement under way to be given up.
 */
export function startCompression(
  openPool: OpenPool,
  config: Pick<EventsWriterConfig, 'logCompressAfterDays'>,
  { compressor }: Storage,
  logger: Logger,
): { stop(): Promise<void> } {
  if (compressor === null) return { stop: async () => undefined }
  const pool = openPool({
    applicationName: 'events-writer-compression',
    max: 1,
    statementTimeoutMs: chunkTimeoutMs,
  })
  const role = 'synap_events_writer'
  const compressOld = async (signal: AbortSignal) => {
    for (;;) {
      const done = await transaction(
        pool,
        { role },
        async (client) => {
          const chunk = await findChunkToCompress(client, config.logCompressAfterDays)
          if (chunk === undefined) return true
          // Whoever waits for a chunk keeps all questions waiting behind it, which look into every chunk.
          await execute(client, { text: `set local lock_timeout = '10s'` })
          await compressChunk(client, compressor, chunk)
          logger.info({ chunk }, 'chunk compressed')
          return false
        },
        { signal },
      )
      if (done) return
    }
  }
  const upkeep = startUpkeep(logger, everyMs, { compressOld })
  return {
    async stop() {
      await upkeep.stop()
      await pool.end()
    },
  }
}
