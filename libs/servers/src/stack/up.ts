import { withLock } from '../cache/lock.ts'
import { chooseProvider } from '../choose-provider.ts'
import { serversConfig } from '../config.ts'
import { isRunning } from '../process/identity.ts'
import { type ServerKind, type ServerProvider, serverKinds } from '../server.ts'
import { startServers } from '../start-servers.ts'
import { readKey, userKeyFile, writeStackEnv } from './environment.ts'
import { type StackLayout, stackLayout } from './layout.ts'
import { prepareStack } from './prepare.ts'
import { createWaitList, formatDuration, type Progress, type WaitList } from './progress.ts'
import { type PartRecord, readRecords, removeRecord, writeRecord } from './records.ts'
import { type ServiceName, serviceNames } from './services.ts'
import {
  createFolders,
  type PortOptions,
  readSettings,
  type StackSettings,
  serverSettings,
  updateSettings,
} from './settings.ts'
import { assertPortsFree, startService } from './start-part.ts'

export interface UpOptions extends PortOptions {
  /** Folder of the checkout. */
  root: string
  /** Where the state goes; `.synap` of the checkout by default. */
  folder?: string
  provider?: ServerProvider['name'] | undefined
  /** For tests: everything ends with this process. */
  bound?: boolean
  progress: Progress
  signal?: AbortSignal | undefined
}

export interface UpResult {
  ingestUrl: string
  queryUrl: string
  apiKey: string
  envFile: string
  logs: string
}

/** Brings up what is not up: servers, then databases, topics, schemas and keys, then the five services. */
export async function up(options: UpOptions): Promise<UpResult> {
  const layout = stackLayout(options.root, options.folder)
  createFolders(layout)
  const onWait = (holder: number) =>
    options.progress.line(`Waiting for process ${holder}, which works on this stack.`)
  return withLock(layout.lockFile, { signal: options.signal, onWait }, async () => {
    const waits = createWaitList(options.progress)
    try {
      return await upLocked(layout, options, waits)
    } finally {
      waits.clear()
    }
  })
}

async function upLocked(layout: StackLayout, options: UpOptions, waits: WaitList): Promise<UpResult> {
  const { progress, signal } = options
  const config = serversConfig()
  const kept = readSettings(layout)?.provider
  const { provider, why } = await chooseProvider(config, { requested: options.provider, kept, signal })
  progress.line(why)
  const running = await findRunning(layout, provider)
  // What runs keeps its ports; new ones would not reach it.
  const portOptions = running.size === 0 ? options : {}
  if (running.size > 0 && (options.ephemeral === true || options.ports !== undefined)) {
    throw new Error(`ports cannot change while ${[...running].join(', ')} run: ./synap down first`)
  }
  const settings = await updateSettings(layout, provider.name, portOptions)
  const missingServers = serverKinds.filter((kind) => !running.has(kind))
  const missingServices = serviceNames.filter((name) => !running.has(name))
  await assertPortsFree([...missingServers, ...missingServices], settings)
  waits.add('what the servers need')
  await provider.prepare(missingServers, (line) => progress.line(`  ${line}`), signal)
  waits.clear()
  await upServers(layout, settings, provider, missingServers, { ...options, waits })
  writeStackEnv(layout, settings)
  waits.add('databases, topics, schemas and keys')
  const onLine = (line: string) => progress.line(`  ${line}`)
  await prepareStack(layout, settings, { inherited: config.environment, signal, onLine })
  waits.clear()
  writeStackEnv(layout, settings)
  await upServices(layout, settings, missingServices, { ...options, waits }, config.environment)
  return result(layout, settings)
}

type Context = UpOptions & { waits: WaitList }

async function upServers(
  layout: StackLayout,
  settings: StackSettings,
  provider: ServerProvider,
  kinds: readonly ServerKind[],
  { progress, signal, waits, bound }: Context,
): Promise<void> {
  for (const kind of kinds) waits.add(kind)
  await startServers(provider, kinds, serverSettings(layout, settings, bound), {
    report: (line) => progress.line(line),
    signal,
    onLaunched: (record) => writeRecord(layout, record),
    onReady: (record, ms) => {
      waits.remove(record.name)
      progress.line(`${record.name} is ready on ${address(record)} (${formatDuration(ms)})`)
    },
  })
}

async function upServices(
  layout: StackLayout,
  settings: StackSettings,
  services: readonly ServiceName[],
  { progress, signal, waits, bound = false }: Context,
  inherited: NodeJS.ProcessEnv,
): Promise<void> {
  for (const service of services) waits.add(service)
  const results = await Promise.allSettled(
    services.map(async (service) => {
      const began = Date.now()
      const record = await startService(service, layout, settings, { inherited, signal, bound })
      waits.remove(service)
      progress.line(`${service} is ready on ${address(record)} (${formatDuration(Date.now() - began)})`)
    }),
  )
  const failures = results.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []))
  const [first] = failures
  if (first === undefined) return
  throw failures.length === 1 ? first : new Error(failures.map((failure) => failure.message).join('\n\n'))
}

/** Names of the parts that run; records of those that do not are removed. */
async function findRunning(layout: StackLayout, provider: ServerProvider): Promise<Set<string>> {
  const running = new Set<string>()
  for (const [name, record] of readRecords(layout)) {
    const alive = record.type === 'service' ? isRunning(record) : await provider.isRunning(record)
    if (alive) running.add(name)
    else removeRecord(layout, name)
  }
  return running
}

function address(record: PartRecord): string {
  return `127.0.0.1:${record.ports[0] ?? 0}`
}

function result(layout: StackLayout, { ports, ...settings }: StackSettings): UpResult {
  return {
    ingestUrl: `http://127.0.0.1:${ports.ingest}`,
    queryUrl: `http://127.0.0.1:${ports.query}`,
    apiKey: readKey(userKeyFile(layout, { ports, ...settings })) ?? '',
    envFile: layout.envFile,
    logs: layout.logs,
  }
}
