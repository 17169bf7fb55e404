import { backoffMs, isUuid, SynapError, type UserId, wait } from '@synap/core'
import { isConnectionLost, isSerializationFailure, mapPostgresError, sqlstateOf } from './error.ts'
import {
  answered,
  awaitAtCommit,
  hasEnded,
  hasFailed,
  inTurn,
  noteEnd,
  takeUnanswered,
  unhurriedly,
} from './pipeline.ts'
import type { Client, Pool } from './pool.ts'
import { isProved, noteProved } from './proved-roles.ts'
import { preparedSettings, type Settings, selectOf, superuserRefused } from './settings.ts'

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
  /**
   * Plans of prepared statements are made once, whatever their values. The server plans a statement with an array anew each
   * time, because one that knows its length looks cheaper: for a few values the planning takes longer than the rest.
   */
  genericPlans?: boolean
  /**
   * `work` asks all that it asks before it waits for any of it: then the end of the transaction travels with its statements, in one
   * message. What it asks later is refused. When it writes, it resolves without an answer (`awaitAtCommit`).
   */
  asksAtOnce?: boolean
  /** Other parameters of the server by name, until the end of the transaction. */
  settings?: Readonly<Record<string, string>>
  /** Lets the principal's role be a superuser, under which no policy holds. For tests and one-off tools only. */
  allowSuperuser?: boolean
}

const neverAborted = new AbortController().signal
const rollbackTimeoutMs = 2_000
/** SQLSTATE of every statement after the one that failed. */
const failedBefore = '25P02'

/**
 * Runs `work` in one transaction as `principal`: commits when it resolves, rolls back when it rejects. Role and user
 * are set, until the end of the transaction only, by the statement that begins it, so they cost no round trip and
 * cannot stay behind on a pooled connection.
 *
 * The first statements of `work` travel with the one that begins, those given to `awaitAtCommit` with the commit. What was
 * only read is answered before the end of its transaction is.
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
  const begin = beginningOf(principal, options)
  const signal = options.signal ?? neverAborted
  const retries = Math.min(options.retries ?? 0, 3)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(pool, { begin, principal, options }, work, signal)
    } catch (error) {
      if (!isSerializationFailure(error) || attempt > retries) throw error
      await wait(backoffMs(attempt, { baseMs: 10, capMs: 200 }), signal)
    }
  }
}

interface Frame {
  begin: Begin
  principal: Principal
  options: TransactionOptions
}

async function runOnce<T>(
  pool: Pool,
  frame: Frame,
  work: (client: Client) => Promise<T>,
  signal: AbortSignal,
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
    const value = await Promise.race([begunWork(pool, client, frame, work), aborted.promise])
    // After a refusal only the answer to the commit tells: the server sends the new state of the transaction later than that.
    if (isOnlyRead(frame.options) && !hasFailed(client)) endRead(client, release)
    else {
      await Promise.race([commit(client), aborted.promise])
      release(false)
    }
    return value
  } catch (error) {
    const mapped = mapPostgresError(error)
    release(released || isConnectionLost(mapped) || !(await rolledBack(client)))
    throw mapped
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function begunWork<T>(
  pool: Pool,
  client: Client,
  { begin, principal: { role }, options }: Frame,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const begun = begunAs(client, begin, options)
  begun.catch(() => undefined)
  // Once a role has been seen to be none of these, nothing has to wait for the answer; it counts all the same.
  if (!client.pipeline || options.allowSuperuser === true || !isProved(pool, role)) {
    await begun
    if (options.allowSuperuser !== true) noteProved(pool, role)
  }
  try {
    if (options.asksAtOnce === true && client.pipeline && isProved(pool, role))
      return await workAtOnce(client, begun, options, work)
    const value = await work(client)
    await begun
    return value
  } catch (error) {
    // What did not begin fails at every statement; why it did not says more.
    await begun
    // So does what follows a statement that failed while nobody waited for it.
    if (sqlstateOf(error) === failedBefore) await answered(client)
    throw error
  }
}

/** What reads is answered when its beginning is; what writes has the server refuse what must not begin, before its commit. */
async function workAtOnce<T>(
  client: Client,
  begun: Promise<void>,
  options: TransactionOptions,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  if (!isOnlyRead(options)) {
    awaitAtCommit(client, begun)
    return work(client)
  }
  const working = work(client)
  sendEnd(client)
  const value = await working
  await begun
  return value
}

async function begunAs(client: Client, begin: Begin, options: TransactionOptions): Promise<void> {
  const { allowSuperuser, asksAtOnce } = options
  if (allowSuperuser === true) return void (await sendBegin(client, begin, false))
  const refusesSuperuser = asksAtOnce === true && !isOnlyRead(options)
  const [row] = await sendBegin(client, begin, refusesSuperuser).catch((error: unknown) => {
    throw refusesSuperuser && sqlstateOf(mapPostgresError(error)) === superuserRefused ? superuser() : error
  })
  if (row?.is_superuser !== 'off') throw superuser()
}

const superuser = () =>
  new SynapError('the role of this transaction is a superuser, under which no policy holds', {
    code: 'postgres.superuser',
    class: 'configuration',
  })

interface BegunRow {
  is_superuser: string
}

/** Prepared where it goes along with other statements; else in one message, which takes no parameters. */
async function sendBegin(
  client: Client,
  { begin, settings }: Begin,
  refusesSuperuser: boolean,
): Promise<BegunRow[]> {
  if (client.pipeline) {
    const begun = client.query({ name: `synap.${begin.replaceAll(' ', '_')}`, text: begin })
    const set = inTurn(client, () => client.query<BegunRow>(preparedSettings(settings, { refusesSuperuser })))
    const [, { rows }] = await Promise.all([begun, set])
    return rows
  }
  // Two statements in one message answer with an array of results; the driver's types know only one.
  const text = `${begin}; ${selectOf(settings.map(([name, value]) => [name, `'${value}'`]))}`
  const results = (await inTurn(client, () => client.query(text))) as unknown as { rows: BegunRow[] }[]
  return results[1]?.rows ?? []
}

const isOnlyRead = ({ readOnly, isolation }: TransactionOptions) =>
  readOnly === true && isolation !== 'serializable'

/**
 * Ends a transaction that wrote nothing, whose end changes no answer, behind the back of who waits for it. Where statements
 * travel without waiting, so may those of the next transaction, behind the commit.
 */
function endRead(client: Client, release: (destroy: boolean) => void): void {
  if (hasEnded(client)) return release(false)
  if (client.getTransactionStatus() !== 'T') throw swallowed()
  const ended = unhurriedly(client, () => inTurn(client, () => client.query(commitOf(client))))
  if (client.pipeline) {
    // When it fails the connection is gone: the pool has been told, and whoever has it now is.
    ended.catch(() => undefined)
    release(false)
  } else {
    ended.then(
      () => release(false),
      () => release(true),
    )
  }
}

/** After a refusal the server passes over it, and the transaction is rolled back like any other that failed. */
function sendEnd(client: Client): void {
  inTurn(client, () => client.query(commitOf(client))).catch(() => undefined)
  noteEnd(client)
}

/** Commits what was sent and not awaited along with the rest. Rejects with the first error among it. */
async function commit(client: Client): Promise<void> {
  const sent = takeUnanswered(client)
  if (!client.pipeline) await Promise.all(sent)
  const committed = sendCommit(client)
  noteEnd(client)
  committed.catch(() => undefined)
  // What follows one that failed fails with it, and may be told before it.
  const failure = (await Promise.allSettled(sent)).find((one) => one.status === 'rejected')
  if (failure !== undefined) {
    const mapped = mapPostgresError(failure.reason)
    // The commit was on its way behind it.
    if (isConnectionLost(mapped)) throw commitUnknown(mapped)
    // The server takes the commit of a failed transaction for a rollback.
    await committed.catch(() => undefined)
    throw mapped
  }
  if ((await committed) !== 'COMMIT') throw swallowed()
}

async function sendCommit(client: Client): Promise<string> {
  try {
    return (await inTurn(client, () => client.query(commitOf(client)))).command
  } catch (error) {
    const mapped = mapPostgresError(error)
    throw isConnectionLost(mapped) ? commitUnknown(mapped) : mapped
  }
}

/** Prepared, it goes in one message with the statements before it. */
const commitOf = (client: Client) =>
  client.pipeline ? { name: 'synap.commit', text: 'commit' } : { text: 'commit' }

function commitUnknown(cause: unknown): SynapError {
  return new SynapError('the connection broke during the commit: done or not, nobody knows', {
    code: 'postgres.commit_unknown',
    class: 'dependency',
    cause,
    fields: { sqlstate: null },
  })
}

/** The server answers COMMIT of a failed transaction with ROLLBACK and no error. */
function swallowed(): SynapError {
  return new SynapError('a statement failed and its error was swallowed: the transaction was rolled back', {
    code: 'postgres.rolled_back',
    class: 'bug',
  })
}

async function rolledBack(client: Client): Promise<boolean> {
  try {
    const rollback = { text: 'rollback', query_timeout: rollbackTimeoutMs } as { text: string }
    await inTurn(client, () => client.query(rollback))
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
const settingName = /^[a-z_]+(\.[a-z_]+)?$/
const settingValue = /^[a-z0-9_]+$/

/** How a transaction begins: the statement, and what is set until its end. */
interface Begin {
  begin: string
  settings: Settings
}

function beginningOf(principal: Principal, options: TransactionOptions): Begin {
  // Both may be written into the statement itself, so both are held to a closed pattern.
  if (!roleName.test(principal.role)) throw new TypeError('not the name of a role')
  if (principal.userId !== undefined && !isUuid(principal.userId)) throw new TypeError('not a user id')
  const { isolation = 'read committed', readOnly, statementTimeoutMs, genericPlans } = options
  return {
    begin: `begin isolation level ${isolation}${readOnly === true ? ' read only' : ''}`,
    settings: [
      ['role', principal.role],
      ['synap.user_id', principal.userId ?? ''],
      ...(statementTimeoutMs === undefined
        ? []
        : [['statement_timeout', String(Math.trunc(statementTimeoutMs))] as const]),
      ...(genericPlans === true ? [['plan_cache_mode', 'force_generic_plan'] as const] : []),
      ...Object.entries(options.settings ?? {}).map(checkedSetting),
    ],
  }
}

function checkedSetting([name, value]: readonly [string, string]): readonly [string, string] {
  if (!settingName.test(name) || !settingValue.test(value)) throw new TypeError('not a setting')
  return [name, value]
}
