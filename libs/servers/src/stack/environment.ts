import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { serverAddresses } from '../addresses.ts'
import { dataFolder, type StackLayout } from './layout.ts'
import { type ServiceName, serviceDeclarations } from './services.ts'
import { bucketName, type StackSettings, serverSettings, writePrivate } from './settings.ts'

/** File with the key that services use towards each other; it belongs to the data, as the database knows its hash. */
export function serviceKeyFile(layout: StackLayout, settings: StackSettings): string {
  return join(dataFolder(layout, settings.provider), 'service-api-key')
}

/** File with the key of the person who started the stack. */
export function userKeyFile(layout: StackLayout, settings: StackSettings): string {
  return join(dataFolder(layout, settings.provider), 'user-api-key')
}

/** What every program of the stack finds in its environment. */
export function stackEnvironment(layout: StackLayout, settings: StackSettings): Record<string, string> {
  const ingest = `http://127.0.0.1:${settings.ports.ingest}`
  const addresses = serverAddresses(serverSettings(layout, settings))
  return {
    ...addresses,
    // No pooler stands in between, so LISTEN works.
    DATABASE_DIRECT_URL: addresses.DATABASE_URL,
    S3_BUCKET: bucketName,
    SYNAP_INGEST_URL: ingest,
    SYNAP_QUERY_URL: `http://127.0.0.1:${settings.ports.query}`,
    INGEST_URL: ingest,
    SERVICE_API_KEY_FILE: serviceKeyFile(layout, settings),
  }
}

/** The environment of one service: the stack's, its own ports, and the rest of this process' (OTEL_*, OPENAI_*). */
export function serviceEnvironment(
  service: ServiceName,
  layout: StackLayout,
  settings: StackSettings,
  inherited: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const { apiPort, adminPort } = serviceDeclarations[service]
  const stack = stackEnvironment(layout, settings)
  const env: NodeJS.ProcessEnv = { ...inherited, ...stack, HOST: '127.0.0.1', ADMIN_HOST: '127.0.0.1' }
  delete env['PORT']
  if (apiPort !== undefined) env['PORT'] = String(settings.ports[apiPort])
  env['ADMIN_PORT'] = String(settings.ports[adminPort])
  // A value and a file for the same name would contradict each other.
  for (const name of Object.keys(stack)) {
    if (`${name}_FILE` in env && !(`${name}_FILE` in stack)) delete env[`${name}_FILE`]
  }
  if ('SERVICE_API_KEY_FILE' in stack) delete env['SERVICE_API_KEY']
  return env
}

/** Writes `.synap/stack.env`: `source` it, or let a program read it. */
export function writeStackEnv(layout: StackLayout, settings: StackSettings): void {
  const variables: Record<string, string> = stackEnvironment(layout, settings)
  const userKey = readKey(userKeyFile(layout, settings))
  const serviceKey = readKey(serviceKeyFile(layout, settings))
  if (userKey !== undefined) variables['SYNAP_API_KEY'] = userKey
  if (serviceKey !== undefined) {
    delete variables['SERVICE_API_KEY_FILE']
    variables['SERVICE_API_KEY'] = serviceKey
  }
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  writePrivate(layout.envFile, `# Written by ./synap up. Holds secrets.\n${lines.join('\n')}\n`)
}

export function readKey(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}
