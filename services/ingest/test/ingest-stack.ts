import type { Scope } from '@synap/contracts'
import type { UserId } from '@synap/core'
import {
  createTestDatabase,
  runProgram,
  startService,
  type TestDatabase,
  type TestService,
  useStack,
} from '@synap/testing'

export interface Account {
  userId: UserId
  key: string
}

export interface IngestStack {
  env: Record<string, string>
  database: TestDatabase
  bucket: string
  topic: string
  /** Starts ingest as a process; `more` wins over the stack's environment. */
  start(more?: Record<string, string>, options?: { telemetry: boolean }): Promise<TestService>
  /** Starts another service on the same servers. */
  startPart(name: string, more: Record<string, string>): Promise<TestService>
  createAccount(...scopes: Scope[]): Promise<Account>
  /** On another broker. */
  createTopics(more: Record<string, string>): Promise<void>
  /** Ends every process that was started, and drops the database. */
  close(): Promise<void>
}

/** Real servers with topics, schemas and migrations (of these services) in place, and ingest as a process. */
export async function createIngestStack(owners: readonly string[] = ['ingest']): Promise<IngestStack> {
  const stack = await useStack()
  const database = await createTestDatabase(owners)
  const env: Record<string, string> = {
    ...stack.env,
    DATABASE_URL: database.url,
    RELAY_LEASE_MS: '1000',
    RELAY_POLL_MS: '50',
  }
  const program = (path: string, args: string[] = [], more: Record<string, string> = {}) =>
    runProgram(path, { ...env, ...more }, args)
  await Promise.all([
    program('libs/kafka/src/create-topics.ts'),
    program('services/ingest/src/register-schemas.ts'),
  ])
  const services: TestService[] = []
  const startPart = async (name: string, more: Record<string, string>, options = { telemetry: false }) => {
    const service = await startService(name, { ...env, ...more }, options)
    services.push(service)
    return service
  }
  return {
    env,
    database,
    bucket: stack.bucket,
    topic: `${stack.topicPrefix}synap.events.v1`,
    start: (more = {}, options) => startPart('ingest', more, options),
    startPart,
    createAccount: async (...scopes) => {
      const args = [
        '--name',
        'test',
        '--scopes',
        (scopes.length === 0 ? ['read', 'write'] : scopes).join(','),
      ]
      return JSON.parse(await program('services/ingest/src/create-key.ts', args)) as Account
    },
    createTopics: async (more) => void (await program('libs/kafka/src/create-topics.ts', [], more)),
    close: async () => {
      for (const service of services) service.kill('SIGCONT')
      await Promise.all(services.map((service) => service.stop()))
      await database.close()
    },
  }
}

export interface Answer {
  status: number
  headers: Headers
  // The shape differs by route and is what each test asserts.
  body: Record<string, unknown>
}

export interface CallOptions {
  method?: string
  key?: string | undefined
  idempotencyKey?: string
  headers?: Record<string, string>
  body?: unknown
  /** 40,000 by default. */
  timeoutMs?: number
}

/** One HTTP call; a string body is sent as it is. */
export async function call(
  service: { url: string },
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  const { method = options.body === undefined ? 'GET' : 'POST', key, idempotencyKey, body } = options
  const { timeoutMs = 40_000 } = options
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  }
}
