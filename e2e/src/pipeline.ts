import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createClient, type SynapClient } from '@synap/client'
import type { UserId } from '@synap/core'
import type { ServerAddresses } from '@synap/servers'
import {
  createTestDatabase,
  startService,
  type TestDatabase,
  type TestService,
  useStack,
} from '@synap/testing'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

export const serviceNames = ['ingest', 'events-writer', 'projector', 'enricher', 'query'] as const
export type ServiceName = (typeof serviceNames)[number]

export interface Account {
  userId: UserId
  apiKey: string
  client: SynapClient
}

/** The five services as processes, on a database, topics and a bucket that nobody else has. */
export interface Pipeline extends AsyncDisposable {
  env: Readonly<Record<string, string>>
  database: TestDatabase
  service(name: ServiceName): TestService
  /** Starts a service, at the address it had before; resolves when it is ready. */
  start(name: ServiceName, env?: Record<string, string>): Promise<TestService>
  /** Ends a service with a signal and resolves when it is gone. */
  end(name: ServiceName, signal?: NodeJS.Signals): Promise<void>
  createAccount(name: string, scopes?: readonly string[]): Promise<Account>
  /** Runs the `synap` command against this pipeline. */
  synap(account: Account, ...args: string[]): Promise<{ stdout: string; stderr: string; code: number }>
}

export interface PipelineOptions {
  /** Addresses of servers of the test's own, in place of the shared ones. */
  servers?: Partial<ServerAddresses>
  /** More environment for every service. */
  env?: Record<string, string>
  telemetry?: boolean
}

/** Starts it and resolves when every service is ready. */
export async function startPipeline(options: PipelineOptions = {}): Promise<Pipeline> {
  const stack = await useStack()
  const database = await createTestDatabase(['ingest', 'events-writer', 'projector', 'enricher'])
  const env: Record<string, string> = {
    ...stack.env,
    ...options.servers,
    DATABASE_URL: database.url,
    LOG_LEVEL: 'info',
    ...options.env,
  }
  const services = createServices(env, options.telemetry ?? false)
  const close = async () => {
    await Promise.all(serviceNames.map((name) => services.end(name)))
    await database.close()
  }
  try {
    await program('libs/kafka/src/create-topics.ts', env)
    await program('services/ingest/src/register-schemas.ts', env)
    const scopes = ['act:any', 'read', 'write', 'trace:continue', 'operate']
    env['SERVICE_API_KEY'] = (await createKey(env, 'services', scopes)).key
    await services.start('ingest')
    const others = serviceNames.filter((name) => name !== 'ingest')
    await Promise.all(others.map((name) => services.start(name)))
  } catch (error) {
    await close()
    throw error
  }
  const urls = () => ({ ingestUrl: services.service('ingest').url, queryUrl: services.service('query').url })
  return {
    env,
    database,
    ...services,
    async createAccount(name, scopes = ['read', 'write', 'admin']) {
      const { key, userId } = await createKey(env, name, scopes)
      return { userId, apiKey: key, client: createClient({ ...urls(), apiKey: key, deadlineMs: 30_000 }) }
    },
    synap: (account, ...args) => synap({ ...env, ...commandEnv(urls(), account) }, args),
    [Symbol.asyncDispose]: close,
  }
}

/** Starts and ends services; one that is started again gets the ports it had. */
function createServices(env: Record<string, string>, telemetry: boolean) {
  const running = new Map<ServiceName, TestService>()
  return {
    service(name: ServiceName): TestService {
      const found = running.get(name)
      if (found === undefined) throw new Error(`${name} was not started`)
      return found
    },
    async start(name: ServiceName, more: Record<string, string> = {}): Promise<TestService> {
      const before = running.get(name)
      const ports = before === undefined ? {} : portsOf(before)
      const service = await startService(name, { ...env, ...ports, ...more }, { telemetry })
      running.set(name, service)
      if (name === 'ingest') env['INGEST_URL'] = service.url
      await service.waitReady()
      return service
    },
    async end(name: ServiceName, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
      const service = running.get(name)
      service?.kill(signal)
      await service?.exited
    },
  }
}

const portsOf = (service: TestService) => ({
  PORT: new URL(service.url).port,
  ADMIN_PORT: new URL(service.adminUrl).port,
})

const commandEnv = (urls: { ingestUrl: string; queryUrl: string }, account: Account) => ({
  SYNAP_INGEST_URL: urls.ingestUrl,
  SYNAP_QUERY_URL: urls.queryUrl,
  SYNAP_API_KEY: account.apiKey,
})

async function createKey(
  env: Record<string, string>,
  name: string,
  scopes: readonly string[],
): Promise<{ key: string; userId: UserId }> {
  const output = await program('services/ingest/src/create-key.ts', env, [
    '--name',
    name,
    '--scopes',
    scopes.join(','),
  ])
  return JSON.parse(output) as { key: string; userId: UserId }
}

/** Runs a program of the repository to its end and gives its standard output. */
async function program(
  path: string,
  env: Record<string, string>,
  args: readonly string[] = [],
): Promise<string> {
  const options = { cwd: root, env: { PATH: process.env['PATH'], ...env } }
  return (await run(process.execPath, [path, ...args], options)).stdout
}

async function synap(env: Record<string, string>, args: readonly string[]) {
  const options = { cwd: root, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
  try {
    const { stdout, stderr } = await run(process.execPath, ['libs/cli/src/main.ts', ...args], options)
    return { stdout, stderr, code: 0 }
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number | undefined }
    return { stdout, stderr, code: code ?? -1 }
  }
}
