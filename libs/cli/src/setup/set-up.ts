import { spawn } from 'node:child_process'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createKafka, declaredTopics } from '@synap/kafka'
import { createBucket, findKey } from '@synap/servers'
import { CommandError } from '../command-error.ts'
import { repositoryRoot } from '../repository.ts'
import { requireEnvironment } from '../stack-environment.ts'
import { migrateServices } from './migrate-services.ts'

const names = [
  'DATABASE_URL',
  'KAFKA_BROKERS',
  'SCHEMA_REGISTRY_URL',
  'S3_ENDPOINT',
  'S3_REGION',
  'S3_BUCKET',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
] as const

export type SetupEnvironment = Record<(typeof names)[number], string>

/** What the services may do towards each other. */
const serviceScopes = 'act:any,read,write,trace:continue'

/**
 * Brings everything the services stand on to what this version needs: schemas, bucket, topics, registered event
 * schemas, and a key for the services when `keyFile` does not exist yet. May be repeated.
 */
export async function setUp(keyFile: string | undefined, tell: (line: string) => void): Promise<void> {
  const env = requireEnvironment(names)
  await migrateServices(env.DATABASE_URL, tell)
  await createTopics(env.KAFKA_BROKERS.split(','), process.env['TOPIC_PREFIX'] ?? '', tell)
  const access = { endpoint: env.S3_ENDPOINT, region: env.S3_REGION }
  const keys = { accessKeyId: env.S3_ACCESS_KEY_ID, secretAccessKey: env.S3_SECRET_ACCESS_KEY }
  await createBucket({ ...access, ...keys }, env.S3_BUCKET)
  tell(`bucket ${env.S3_BUCKET} is there`)
  const child = { ...process.env, ...env }
  const registered = (await runIngest('register-schemas', [], child)).split('\n').filter(Boolean)
  tell(`${registered.length} schemas of events and derived records are registered`)
  if (keyFile === undefined || existsSync(keyFile)) return
  const output = await runIngest('create-key', ['--name', 'services', '--scopes', serviceScopes], child)
  const key = findKey(output)
  if (key === undefined) throw new CommandError('the command that makes an API key printed none')
  writeFileSync(`${keyFile}.part`, `${key}\n`, { mode: 0o600 })
  renameSync(`${keyFile}.part`, keyFile)
  tell(`key of the services written to ${keyFile}`)
}

/** What goes wrong comes as an error; a driver's notes about its retries would only worry. */
const silence = () => undefined
const quiet = { trace: silence, debug: silence, info: silence, warn: silence, error: silence, fatal: silence }

async function createTopics(
  brokers: readonly string[],
  prefix: string,
  tell: (line: string) => void,
): Promise<void> {
  const kafka = createKafka({ brokers: [...brokers], clientId: 'synap-setup', logger: quiet })
  try {
    for (const { topic, outcome, changes } of await kafka.createTopics(declaredTopics(prefix))) {
      const altered = outcome === 'altered' ? ` (${Object.keys(changes).join(', ')})` : ''
      tell(`topic ${topic}: ${outcome}${altered}`)
    }
  } finally {
    await kafka.close()
  }
}

/** Runs a program of ingest, which alone may write what it writes; what it printed. */
function runIngest(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const file = join('services', 'ingest', 'src', `${program}.ts`)
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
    cwd: repositoryRoot,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new CommandError(`${file} exited with ${String(code)}`))
    })
  })
}
