import pg from 'pg'
import { type Capabilities, declareCapabilities, serverCapabilities } from './capabilities.ts'
import { noteBegin } from './pipeline.ts'
import { shareSyncs } from './share-syncs.ts'
import { typeParsers } from './types.ts'

/** A function gets a pool or a client, never both: on a pool of one connection (PGlite) it would wait for itself. */
export type Pool = pg.Pool
export type Client = pg.PoolClient

export interface PoolOptions {
  /** `postgres://user:password@host:port/database`. */
  url: string
  /** Shown in pg_stat_activity. */
  applicationName: string
  /** Connections at most; 10 by default. */
  max?: number
  /** Milliseconds to get a connection, new or from the pool; 3,000 by default. */
  connectTimeoutMs?: number
  /** Milliseconds one statement may take before the server cancels it; 5,000 by default. */
  statementTimeoutMs?: number
  /** Called with the error of a connection that broke while nobody waited on it; the pool replaces it by itself. */
  onConnectionError?: (error: Error) => void
  /** What the database behind the URL can do; all of it by default. Without `manySessions`, `max` is 1. */
  capabilities?: Capabilities
  /** Milliseconds after which an unused connection is closed; 30,000 by default, 0 = never. */
  idleTimeoutMs?: number
  /** Prepares a new connection before its first use; the connection is given up when it rejects. */
  onConnect?: (client: pg.ClientBase) => Promise<void>
}

// Shorter than the statement's own limit, so that a lock that is not free is told from a slow statement.
const lockTimeoutMs = (statementTimeoutMs: number) => Math.min(4_000, Math.ceil(statementTimeoutMs * 0.8))
const idleInTransactionMs = 15_000

/**
 * A pool in which every wait ends: connect, statement, lock, idle in transaction, and, one second later than the
 * server's own limit, the client's wait for an answer (for a server that is silent). Nothing connects before the first
 * use. Close it with `pool.end()`.
 *
 * The limits travel as startup parameters: behind PgBouncer list them in its `ignore_startup_parameters` and set them on
 * the login role instead.
 */
export function createPool(options: PoolOptions): Pool {
  const statementTimeoutMs = options.statementTimeoutMs ?? 5_000
  const capabilities = options.capabilities ?? serverCapabilities
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: capabilities.manySessions ? (options.max ?? 10) : 1,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 3_000,
    idleTimeoutMillis: options.idleTimeoutMs ?? 30_000,
    ...(capabilities.statementTimeout ? { statement_timeout: statementTimeoutMs } : {}),
    query_timeout: statementTimeoutMs + 1_000,
    lock_timeout: lockTimeoutMs(statementTimeoutMs),
    idle_in_transaction_session_timeout: idleInTransactionMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: typeParsers,
    pipeline: capabilities.pipelining,
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool waits for it; its types do not say so
    ...(options.onConnect === undefined ? {} : { onConnect: options.onConnect }),
  })
  declareCapabilities(pool, capabilities)
  const report = (error: Error) => options.onConnectionError?.(error)
  // Without both listeners a server that restarts ends the process: the pool's is for idle clients, the client's for
  // those checked out between two statements.
  pool.on('error', report)
  pool.on('connect', (client) => client.on('error', report))
  if (capabilities.pipelining) pool.on('connect', shareSyncs)
  pool.on('acquire', noteBegin)
  return pool
}
