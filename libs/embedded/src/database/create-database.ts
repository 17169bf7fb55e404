import { join } from 'node:path'
import type { SynapError } from '@synap/core'
import type { Logger } from '@synap/messaging'
import { type Capabilities, createPool, type Listener, type Pool } from '@synap/postgres'
import { lockFolder } from '../folder-lock.ts'
import { createSignals, type SignalOptions } from './signals.ts'
import { makeSocketFolder } from './socket-path.ts'
import { startWorker } from './start-worker.ts'
import { startUpkeep, type Upkeep } from './upkeep.ts'
import { loginUser } from './worker-protocol.ts'

export interface EmbeddedDatabaseOptions {
  /** Absolute. Made when it is not there, for its owner only; locked until `close`. */
  dataDir: string
  logger: Logger
  /** The database broke: nothing works any more, and only a new process helps. What was committed is on disk. */
  onExit: (error: SynapError) => void
}

export interface EmbeddedDatabase {
  /** One connection. A function that holds its client must not ask it for another: it would wait for itself. */
  pool: Pool
  /** `listen` of @synap/postgres for this database: notifications arrive in the process. */
  listen(options: SignalOptions): Promise<Listener>
  upkeep: Pick<Upkeep, 'run'>
  /** Waits for work under way, closes the database and gives the folder back. */
  close(): Promise<void>
}

/** What PGlite is, beside Postgres: no COPY over a connection, no statement it would cancel, one session, one thing at a time. */
export const embeddedCapabilities: Capabilities = {
  copy: false,
  statementTimeout: false,
  manySessions: false,
  pipelining: false,
}

/** Milliseconds for one statement, and for one's turn: a statement cannot be cancelled, so all others wait for it. */
const patienceMs = 120_000

/**
 * Opens the database in `dataDir`: Postgres itself, as WebAssembly, in a worker thread, so that a heavy statement keeps
 * nobody but other statements waiting. It is reached by a socket file that only the folder's owner can open.
 *
 * What is committed survives the death of the process at any moment, but not a power cut: PGlite never calls fsync.
 *
 * Rejects with `folder.in_use`, `folder.unusable` (configuration) or `embedded.database_ended` (dependency).
 */
export async function createEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const { dataDir, logger } = options
  const startedAt = performance.now()
  const lock = await lockFolder(dataDir)
  try {
    const socket = await makeSocketFolder(dataDir)
    const input = { dataDir: join(dataDir, 'postgres'), socketPath: socket.path }
    const worker = await startWorker(input, options.onExit)
    logger.info({ dataDir, ms: Math.round(performance.now() - startedAt) }, 'embedded database open')
    const signals = createSignals()
    const pool = createPool({
      url: `postgres://${loginUser}@/postgres?host=${encodeURIComponent(socket.folder)}`,
      applicationName: 'standalone',
      capabilities: embeddedCapabilities,
      statementTimeoutMs: patienceMs,
      connectTimeoutMs: patienceMs,
      idleTimeoutMs: 0,
      onConnectionError: (error) => logger.debug({ reason: error.message }, 'embedded connection lost'),
      onConnect: async (client) => {
        // All connections share one session, and what the last one prepared or set would still be there.
        await client.query('discard all')
        await client.query(`set session authorization ${loginUser}`)
        await signals.attach(client)
      },
    })
    const upkeep = startUpkeep(pool, logger)
    return {
      pool,
      upkeep,
      listen: (listening) => signals.listen(pool, listening),
      close: async () => {
        await upkeep.stop()
        if (!pool.ending) await pool.end()
        await worker.close()
        await socket.remove()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}
