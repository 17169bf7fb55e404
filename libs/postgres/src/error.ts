import { SynapError } from '@synap/core'
import pg from 'pg'

type Fields = Record<string, string | number | boolean | null>
type Meaning = Pick<SynapError, 'code' | 'class' | 'message'>

const unavailable: Meaning = {
  code: 'postgres.unavailable',
  class: 'dependency',
  message: 'the database is not available',
}
const timeout: Meaning = {
  code: 'postgres.timeout',
  class: 'dependency',
  message: 'the database did not answer in time',
}
const unknownObject: Meaning = {
  code: 'postgres.unknown_object',
  class: 'configuration',
  message: 'the database lacks something this code needs: run the migrations',
}
const serialization: Meaning = {
  code: 'postgres.serialization',
  class: 'dependency',
  message: 'the transaction collided with another one',
}

/** SQLSTATEs that mean something of their own; every other code goes by its class, the first two characters. */
const byState: Record<string, Meaning> = {
  '40001': serialization,
  '40P01': serialization,
  '40003': { code: 'postgres.commit_unknown', class: 'dependency', message: 'the outcome is unknown' },
  '25006': { code: 'postgres.read_only', class: 'dependency', message: 'the database is read-only' },
  '25P03': timeout,
  '55P03': { code: 'postgres.lock_timeout', class: 'dependency', message: 'a lock was not free in time' },
  '57014': timeout,
  '42501': {
    code: 'postgres.denied',
    class: 'configuration',
    message: 'the role may not do this: run the migrations, or check the roles of the login user',
  },
  '42P01': unknownObject,
  '42703': unknownObject,
  '42704': unknownObject,
  '42883': unknownObject,
  '3F000': unknownObject,
  '3D000': { code: 'postgres.unknown_database', class: 'configuration', message: 'no such database' },
  '23502': { code: 'postgres.not_null', class: 'data', message: 'a value is missing' },
  '23503': { code: 'postgres.foreign_key', class: 'data', message: 'what the row refers to is not there' },
  '23505': { code: 'postgres.unique', class: 'data', message: 'the row is there already' },
  '23514': { code: 'postgres.check', class: 'data', message: 'a value breaks a check' },
}

const byClass: Record<string, Meaning> = {
  '08': unavailable,
  '53': { ...unavailable, code: 'postgres.out_of_resources', message: 'the database is out of resources' },
  '57': unavailable,
  '58': unavailable,
  XX: { ...unavailable, code: 'postgres.internal', message: 'the database failed inside' },
  '22': { code: 'postgres.invalid_value', class: 'data', message: 'the database refused a value' },
  '23': { code: 'postgres.integrity', class: 'data', message: 'a row breaks a constraint' },
  '54': { code: 'postgres.too_large', class: 'data', message: 'a value is beyond a limit of the database' },
  '28': { code: 'postgres.login_refused', class: 'configuration', message: 'the database refused the login' },
}

const bug: Meaning = { code: 'postgres.error', class: 'bug', message: 'the database refused a statement' }

const lostConnection = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])
// The driver has no codes for these; its own texts, with the pinned version.
const lostMessage =
  /^(connection terminated|timeout exceeded when trying to connect|client has encountered a connection|client was closed|connection ended|cannot use a pool after)/i

/**
 * The driver's error as a `SynapError` that says what it calls for; anything that is not the driver's is returned as
 * it is. `fields.sqlstate` is null when the connection itself failed. Messages are constant, and errors of class data
 * drop their cause: the server quotes values in them, and content must not reach a log.
 */
export function mapPostgresError(error: unknown): unknown {
  if (error instanceof SynapError || !(error instanceof Error)) return error
  if (error instanceof pg.DatabaseError) return fromServer(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const fields: Fields = code === '' ? { sqlstate: null } : { sqlstate: null, reason: code }
  if (error.message === 'Query read timeout') return make(timeout, fields, error)
  // The file of a local socket is gone; of any other file it is not ours to say.
  const noSocket = code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect'
  if (noSocket || lostConnection.has(code) || lostMessage.test(error.message))
    return make(unavailable, fields, error)
  return error
}

/** True when the connection can no longer be used, so that a rollback over it would only wait. */
export function isConnectionLost(error: unknown): boolean {
  return (
    error instanceof SynapError &&
    error.code.startsWith('postgres.') &&
    (error.fields['sqlstate'] === null || /^(08|57P0)/.test(String(error.fields['sqlstate'])))
  )
}

/** True for 40001 and 40P01: the same transaction may succeed when it runs again from its beginning. */
export function isSerializationFailure(error: unknown): boolean {
  return error instanceof SynapError && error.code === serialization.code
}

/** The five characters of an error that came from the server, for callers with states of their own (`raise … errcode`). */
export function sqlstateOf(error: unknown): string | undefined {
  const state = error instanceof SynapError ? error.fields['sqlstate'] : undefined
  return typeof state === 'string' ? state : undefined
}

function fromServer(error: pg.DatabaseError): SynapError {
  const state = error.code ?? 'XX000'
  const fields: Fields = { sqlstate: state }
  for (const name of ['schema', 'table', 'column', 'constraint', 'routine'] as const) {
    const value = error[name]
    if (value !== undefined) fields[name] = value
  }
  // A plan cached before a migration changed a row type; the pool drops the connection and the next one plans anew.
  if (error.routine === 'RevalidateCachedQuery')
    return make({ ...unavailable, code: 'postgres.stale_plan' }, fields, error)
  const meaning = byState[state] ?? byClass[state.slice(0, 2)] ?? bug
  return make(meaning, fields, meaning.class === 'data' ? undefined : error)
}

function make(meaning: Meaning, fields: Fields, cause: Error | undefined): SynapError {
  return new SynapError(meaning.message, {
    code: meaning.code,
    class: meaning.class,
    fields,
    ...(cause === undefined ? {} : { cause }),
  })
}
