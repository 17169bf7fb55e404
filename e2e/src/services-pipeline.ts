import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UserId } from '@synap/core'
import { createTestDatabase, runProgram, useStack } from '@synap/testing'
import { accountOf, runSynap } from './commands.ts'
import type { Pipeline, ServiceName, ServicesPipelineOptions } from './pipeline.ts'
import { createProcesses } from './processes.ts'

const consumers = ['events-writer', 'projector', 'enricher', 'query'] as const
/** Ingest last: the others ask it for what they missed. */
const serviceNames: readonly ServiceName[] = [...consumers, 'ingest']

export interface ServicesPipeline extends Pipeline {
  /** Statements as the superuser of its database; rows as psql prints them, fields joined by `|`. */
  sql(text: string): Promise<string[]>
}

/**
 * Starts the five services as processes, on a database, topics and a bucket that nobody else has; resolves when every
 * one is ready.
 */
export async function startServicesPipeline(
  options: ServicesPipelineOptions = {},
): Promise<ServicesPipeline> {
  const stack = await useStack()
  const database = await createTestDatabase(['ingest', 'events-writer', 'projector', 'enricher'])
  const stateDir = await mkdtemp(join(tmpdir(), 'synap-state-'))
  const env: Record<string, string> = {
    ...stack.env,
    ...options.servers,
    DATABASE_URL: database.url,
    LOG_LEVEL: 'info',
    ...options.env,
  }
  const services = createProcesses(env, { telemetry: options.telemetry ?? false })
  const start = async (name: ServiceName, more?: Record<string, string>) => {
    const service = await services.start(name, more)
    if (name === 'ingest') env['INGEST_URL'] = service.url
    return service
  }
  const close = async () => {
    await Promise.all(serviceNames.map((name) => services.end(name)))
    await database.close()
    await rm(stateDir, { recursive: true, force: true })
  }
  try {
    await runProgram('libs/kafka/src/create-topics.ts', env)
    await runProgram('services/ingest/src/register-schemas.ts', env)
    const scopes = ['act:any', 'read', 'write', 'trace:continue', 'operate']
    env['SERVICE_API_KEY'] = (await createKey(env, 'services', scopes)).key
    await start('ingest')
    await Promise.all(consumers.map((name) => start(name)))
  } catch (error) {
    await close()
    throw error
  }
  const urls = () => ({ ingestUrl: services.get('ingest').url, queryUrl: services.get('query').url })
  return {
    env,
    processes: serviceNames,
    sql: (text) => database.superuserSql(text),
    service: (name) => services.get(name),
    start,
    end: (name, signal) => services.end(name, signal),
    createAccount: async (name, scopes = ['read', 'write', 'admin']) =>
      accountOf(urls(), await createKey(env, name, scopes)),
    synap: (account, ...args) => runSynap({ urls: urls(), account, env, stateDir }, args),
    [Symbol.asyncDispose]: close,
  }
}

async function createKey(
  env: Record<string, string>,
  name: string,
  scopes: readonly string[],
): Promise<{ key: string; userId: UserId }> {
  const args = ['--name', name, '--scopes', scopes.join(',')]
  const output = await runProgram('services/ingest/src/create-key.ts', env, args)
  return JSON.parse(output) as { key: string; userId: UserId }
}
