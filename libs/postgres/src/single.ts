import { backoffMs, isUuid, SynapError, wait } from '@synap/core'
import { isConnectionLost, isSerializationFailure, mapPostgresError } from './error.ts'
import type { Client, Pool } from './pool.ts'
import { isProved } from './proved-roles.ts'
import { checkName } from './query.ts'
import { preparedSettings, type Settings } from './settings.ts'
import { type Principal, transaction } from './transaction.ts'

export interface SingleStatement {
  /** Prepares it once per connection where statements travel without waiting, with a plan for any values. As `Statement.name`. */
  name?: string
  /** One statement without `;`. Each parameter is cast in the text, because it arrives as an untyped literal. */
  text: string
  values: readonly (string | number | boolean | null)[]
}

export interface SingleOptions {
  signal?: AbortSignal
  /** How often it runs again after 40001 or 40P01; 0 by default, 3 at most. */
  retries?: number
  /** Called when the message has been handed to the system: it reaches the server also when this process ends now. */
  onSent?: () => void
  /**
   * Gives the connection back when the message has been handed to the system, so that the next transaction travels behind it
   * and finds it done, rather than beside it. For a prepared statement; else without effect.
   */
  goesAhead?: boolean
}

const neverAborted = new AbortController().signal

/**
 * One statement in a transaction of its own as `principal`, in one message: one round trip, where `transaction()` takes
 * three. Meant for calls of a function that does everything by itself. Without a name it goes by the simple protocol, which
 * carries no parameters: the values are written in as literals, quoted.
 *
 * Rejects as `transaction()` does; when the connection breaks the code is `postgres.unavailable` or `.timeout`, and
 * whether the statement was done is unknown once it was sent.
 */
export async function single<T>(
  pool: Pool,
  principal: Principal,
  statement: SingleStatement,
  options: SingleOptions = {},
): Promise<T[]> {
  const signal = options.signal ?? neverAborted
  await refuseSuperuser(pool, principal, signal)
  check(principal, statement)
  const { name } = statement
  const ask = (client: Client) =>
    client.pipeline && name !== undefined
      ? askPrepared(client, principal, { ...statement, name }, options)
      : askPlain(client, messageOf(principal, statement), options)
  const retries = Math.min(options.retries ?? 0, 3)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send<T>(pool, ask, signal)
    } catch (error) {
      if (!isSerializationFailure(error) || attempt > retries) throw error
      await wait(backoffMs(attempt, { baseMs: 10, capMs: 200 }), signal)
    }
  }
}

/** Once per pool and role: `transaction()` looks before each commit, here the answer would come after it. */
async function refuseSuperuser(pool: Pool, principal: Principal, signal: AbortSignal): Promise<void> {
  if (isProved(pool, principal.role)) return
  await transaction(pool, { role: principal.role }, async () => undefined, { signal })
}

interface Asked {
  rows: Promise<unknown[]>
  /** Resolves when the connection may be given back, though nothing is answered. */
  isAhead?: Promise<void>
}

type Ask = (client: Client) => Asked

function askPlain(client: Client, message: string, { onSent }: SingleOptions): Asked {
  // Several statements in one message are one transaction, and answer with an array of results.
  const answer = client.query(message)
  onSent?.()
  return { rows: answer.then((results) => (results as unknown as { rows: unknown[] }[]).at(-1)?.rows ?? []) }
}

/** Without a statement that begins one, what shares a Sync is one transaction. */
function askPrepared(
  client: Client,
  { role, userId }: Principal,
  { name, text, values }: SingleStatement & { name: string },
  { onSent, goesAhead }: SingleOptions,
): Asked {
  const settings: Settings = [
    ['role', role],
    ['synap.user_id', userId ?? ''],
    ['plan_cache_mode', 'force_generic_plan'],
  ]
  const set = client.query(preparedSettings(settings))
  const answer = client.query({ name, text, values: [...values] })
  const sent = Promise.withResolvers<void>()
  // Behind the one that sends: what is asked of this connection then is behind the Sync.
  process.nextTick(() => {
    sent.resolve()
    onSent?.()
  })
  return {
    rows: Promise.all([set, answer]).then(([, { rows }]) => rows as unknown[]),
    ...(goesAhead === true ? { isAhead: sent.promise } : {}),
  }
}

async function send<T>(pool: Pool, ask: Ask, signal: AbortSignal): Promise<T[]> {
  signal.throwIfAborted()
  const client = await pool.connect().catch((error: unknown) => {
    throw mapPostgresError(error)
  })
  if (signal.aborted) {
    // While it waited for a connection: sent now, it would come after what the caller did since.
    client.release()
    signal.throwIfAborted()
  }
  let released = false
  const release = (destroy: boolean) => {
    if (!released) client.release(destroy)
    released = true
  }
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => undefined)
  const onAbort = () => {
    release(true)
    aborted.reject(signal.reason)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const { rows, isAhead } = ask(client)
    // When the connection breaks behind it, the pool is told, and whoever has it then.
    if (isAhead !== undefined) void isAhead.then(() => release(false))
    const answer = await Promise.race([rows, aborted.promise])
    release(false)
    return answer as T[]
  } catch (error) {
    const mapped = mapPostgresError(error)
    release(isConnectionLost(mapped) || !(mapped instanceof SynapError))
    throw mapped
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** As the driver's `escapeLiteral`, which goes letter by letter: a call of ingest has a thousand of them. */
function quoted(text: string): string {
  const doubled = text.replaceAll("'", "''")
  return text.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`
}

const roleName = /^[a-z_][a-z0-9_]{0,62}$/

function check({ role, userId }: Principal, { name }: SingleStatement): void {
  if (!roleName.test(role)) throw new TypeError('not the name of a role')
  if (userId !== undefined && !isUuid(userId)) throw new TypeError('not a user id')
  if (name !== undefined) checkName(name)
}

function messageOf(principal: Principal, { text, values }: SingleStatement): string {
  const filled = text.replace(/\$(\d+)/g, (_, number: string) => {
    const value = values[Number(number) - 1]
    if (value === undefined) throw new TypeError('a parameter without a value')
    return value === null ? 'null' : quoted(String(value))
  })
  return (
    `select set_config('role', '${principal.role}', true), ` +
    `set_config('synap.user_id', '${principal.userId ?? ''}', true); ${filled}`
  )
}
