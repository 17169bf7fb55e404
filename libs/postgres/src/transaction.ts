import { backoffMs, isUuid, SynapError, type UserId, wait } from '@synap/core'
import { isConnectionLost, isSerializationFailure, mapPostgresError } from './error.ts'
import type { Client, Pool } from './pool.ts'

/** As whom a transaction runs: one of the roles that the migrations create, and the user whose rows it may see. */
export interface Principal {
  role: string
  userId?: UserId
}

export interface TransactionOptions {
  /** Ends the wait at once and drops the connection; whether a commit under way was done is then unknown. */
  signal?: AbortSignal
  /** `read committed` by default. */
  isolation?: 'read committed' | 'repeatable read' | 'serializable'
  readOnly?: boolean
  /** How often `work` runs again from its beginning after 40001 or 40P01; 0 by default, 3 at most. */
  retries?: number
  /** Milliseconds for each statement, in place of the pool's limit; the pool's client-side limit stays as it is. */
  statementTimeoutMs?: number
  /** Lets the principal's role be a superuser, under which no policy holds. For tests and one-off tools only. */
  allowSuperuser?: boolean
}

const neverAborted = new AbortController().signal
const rollbackTimeoutMs = 2_000

/**
 * Runs `work` in one transaction as `principal`: commits when it resolves, rolls back when it rejects. Role and user
 * are set, until the end of the transaction only, by the statement that begins it, so they cost no round trip and
 * cannot stay behind on a pooled connection.
 *
 * Rejects with what `work` rejected with (errors of the driver as `SynapError`), with `postgres.commit_unknown` when
 * the connection broke during the commit, with the signal's reason, or with `postgres.superuser`.
 */
export async function transaction<T>(
  pool: Pool,
  principal: Principal,
  work: (client: Client) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const begin = beginStatement(principal, options)
  const signal = options.signal ?? neverAborted
  const retries = Math.min(options.retries ?? 0, 3)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(pool, begin, work, signal, options.allowSuperuser === true)
    } catch (error) {
      if (!isSerializationFailure(error) || attempt > retries) throw error
      await wait(backoffMs(attempt, { baseMs: 10, capMs: 200 }), signal)
    }
  }
}

async function runOnce<T>(
  pool: Pool,
  begin: string,
  work: (client: Client) => Promise<T>,
  signal: AbortSignal,
  allowSuperuser: boolean,
): Promise<T> {
  signal.throwIfAborted()
  const client = await connect(pool)
  let released = false
  const release = (destroy: boolean) => {
    if (released) return
    released = true
    client.release(destroy)
  }
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => {
    // Destroying the connection is the one way to stop waiting for the server; it rolls back when it notices.
    release(true)
    aborted.reject(signal.reason)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  aborted.promise.catch(() => undefined)
  try {
    signal.throwIfAborted()
    const result = await Promise.race([begunWork(client, begin, work, allowSuperuser), aborted.promise])
    release(false)
    return result
  } catch (error) {
    const mapped = mapPostgresError(error)
    release(released || isConnectionLost(mapped) || !(await rolledBack(client)))
    throw mapped
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function begunWork<T>(
  client: Client,
  begin: string,
  work: (client: Client) => Promise<T>,
  allowSuperuser: boolean,
): Promise<T> {
  // Two statements in one message answer with an array of results; the driver's types know only one.
  const results = (await client.query(begin)) as unknown as { rows: { is_superuser: string }[] }[]
  if (!allowSuperuser && results[1]?.rows[0]?.is_superuser !== 'off') {
    throw new SynapError('the role of this transaction is a superuser, under which no policy holds', {
      code: 'postgres.superuser',
      class: 'configuration',
    })
  }
  const value = await work(client)
  await commit(client)
  return value
}

async function commit(client: Client): Promise<void> {
  let command: string
  try {
    command = (await client.query('commit')).command
  } catch (error) {
    const mapped = mapPostgresError(error)
    if (!isConnectionLost(mapped)) throw mapped
    throw new SynapError('the connection broke during the commit: done or not, nobody knows', {
      code: 'postgres.commit_unknown',
      class: 'dependency',
      cause: error,
      fields: { sqlstate: null },
    })
  }
  // The server answers COMMIT of a failed transaction with ROLLBACK and no error.
  if (command !== 'COMMIT') {
    throw new SynapError('a statement failed and its error was swallowed: the transaction was rolled back', {
      code: 'postgres.rolled_back',
      class: 'bug',
    })
  }
}

async function rolledBack(client: Client): Promise<boolean> {
  try {
    await client.query({ text: 'rollback', query_timeout: rollbackTimeoutMs } as { text: string })
    return true
  } catch {
    return false
  }
}

async function connect(pool: Pool): Promise<Client> {
  try {
    return await pool.connect()
  } catch (error) {
    throw mapPostgresError(error)
  }
}

const roleName = /^[a-z_][a-z0-9_]{0,62}$/

function beginStatement(principal: Principal, options: TransactionOptions): string {
  // Both are written into the statement itself (one message, no parameters), so both are held to a closed pattern.
  if (!roleName.test(principal.role)) throw new TypeError('not the name of a role')
  if (principal.userId !== undefined && !isUuid(principal.userId)) throw new TypeError('not a user id')
  const settings = [
    `set_config('role', '${principal.role}', true)`,
    `set_config('synap.user_id', '${principal.userId ?? ''}', true)`,
    ...(options.statementTimeoutMs === undefined
      ? []
      : [`set_config('statement_timeout', '${Math.trunc(options.statementTimeoutMs)}', true)`]),
  ]
  return (
    `begin isolation level ${options.isolation ?? 'read committed'}${options.readOnly === true ? ' read only' : ''}; ` +
    `select ${settings.join(', ')}, current_setting('is_superuser') as is_superuser`
  )
}
