import { backoffMs, isUuid, SynapError, wait } from '@synap/core'
import { isConnectionLost, isSerializationFailure, mapPostgresError } from './error.ts'
import type { Pool } from './pool.ts'
import { isProved } from './proved-roles.ts'
import { type Principal, transaction } from './transaction.ts'

export interface SingleStatement {
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
}

const neverAborted = new AbortController().signal

/**
 * One statement in a transaction of its own as `principal`, in one message: one round trip, where `transaction()` takes
 * three. Meant for calls of a function that does everything by itself. The simple protocol carries no parameters, so
 * the values are written in as literals, quoted.
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
  const message = messageOf(principal, statement)
  const retries = Math.min(options.retries ?? 0, 3)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send<T>(pool, message, signal, options.onSent)
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

async function send<T>(
  pool: Pool,
  message: string,
  signal: AbortSignal,
  onSent: (() => void) | undefined,
): Promise<T[]> {
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
    // Several statements in one message are one transaction, and answer with an array of results.
    const answer = client.query(message)
    onSent?.()
    const results = await Promise.race([answer, aborted.promise])
    release(false)
    return (results as unknown as { rows: T[] }[]).at(-1)?.rows ?? []
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

function messageOf(principal: Principal, { text, values }: SingleStatement): string {
  if (!roleName.test(principal.role)) throw new TypeError('not the name of a role')
  if (principal.userId !== undefined && !isUuid(principal.userId)) throw new TypeError('not a user id')
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
