import { join } from 'node:path'
import {
  createSecrets,
  freeServerPorts,
  type ServerAddresses,
  type ServerKind,
  type ServerProvider,
  type ServerRecord,
  type ServerSettings,
  serverAddresses,
  startServers,
} from '@synap/servers'
import { createScratchFolder, removeScratchFolder } from './scratch-folder.ts'

export interface ServerSet {
  readonly settings: ServerSettings
  readonly addresses: ServerAddresses
  /** Starts what is missing of these, the registry with its Postgres, and resolves when they answer. */
  ensure(kinds: readonly ServerKind[]): Promise<void>
  /** SIGKILL, SIGSTOP or SIGCONT to a running server. */
  signal(kind: ServerKind, signal: NodeJS.Signals): Promise<void>
  /** Ends one server; its data stay, and `ensure` starts it again on the same port. */
  stop(kind: ServerKind, how?: 'in-order' | 'killed'): Promise<void>
  superuserSql(database: string, sql: string): Promise<string[]>
  /** The last lines of a server's log. */
  logTail(kind: ServerKind, lines: number): Promise<string>
  /** Kills all and removes their data. */
  close(): Promise<void>
}

export interface ServerSetOptions {
  report?: (line: string) => void
  /** Port that Kafka tells its clients to use: that of a proxy in front of it. */
  advertisedKafkaPort?: number
  /** Where its folder is made; by default in the system's folder for temporary files. */
  parentFolder?: string
}

/** A set of servers for tests, on free ports and with data that are thrown away. Nothing starts before `ensure`. */
export async function createServerSet(
  provider: ServerProvider,
  options: ServerSetOptions = {},
): Promise<ServerSet> {
  const folder = createScratchFolder(options.parentFolder)
  const settings = await createSettings(folder, options)
  const records = new Map<ServerKind, ServerRecord>()
  const starting = new Map<ServerKind, Promise<void>>()
  const report = options.report ?? (() => undefined)

  const start = async (kind: ServerKind) => {
    if (kind === 'registry') await ensureOne('postgres')
    await provider.prepare([kind], report)
    const onLaunched = (record: ServerRecord) => void records.set(kind, record)
    await startServers(provider, [kind], settings, { report, onLaunched })
  }
  const ensureOne = (kind: ServerKind): Promise<void> => {
    let started = starting.get(kind)
    if (started === undefined) {
      started = start(kind)
      starting.set(kind, started)
      // A failed start is not remembered: the next one who asks tries again and gets the reason.
      started.catch(() => starting.delete(kind))
    }
    return started
  }
  const stop = async (kind: ServerKind, how: 'in-order' | 'killed' = 'in-order') => {
    const record = records.get(kind)
    if (record === undefined) return
    if (how === 'killed') await provider.signal(record, 'SIGKILL')
    await provider.stop(record)
    records.delete(kind)
    starting.delete(kind)
  }
  const recordOf = (kind: ServerKind): ServerRecord => {
    const record = records.get(kind)
    if (record === undefined) throw new Error(`${kind} is not running in this set`)
    return record
  }
  const atExit = () => endNow(provider, folder, records.values())
  process.once('exit', atExit)
  return {
    settings,
    addresses: serverAddresses(settings),
    ensure: async (kinds) => void (await Promise.all(kinds.map(ensureOne))),
    signal: async (kind, signal) => provider.signal(recordOf(kind), signal),
    stop,
    superuserSql: (database, sql) => provider.superuserSql(settings, database, sql),
    logTail: async (kind, lines) => provider.logTail(recordOf(kind), lines),
    close: async () => {
      await Promise.allSettled(starting.values())
      await Promise.all([...records.keys()].map((kind) => stop(kind, 'killed')))
      await provider.wipe(settings)
      process.off('exit', atExit)
      removeScratchFolder(folder)
    },
  }
}

async function createSettings(folder: string, options: ServerSetOptions): Promise<ServerSettings> {
  const port = options.advertisedKafkaPort
  return {
    ports: await freeServerPorts(),
    secrets: createSecrets(),
    dataFolder: join(folder, 'data'),
    logFolder: join(folder, 'logs'),
    mode: 'test',
    bound: true,
    ...(port === undefined ? {} : { advertisedKafkaPort: port }),
  }
}

/** Whatever ends this process, the servers and their data go with it. */
function endNow(provider: ServerProvider, folder: string, records: Iterable<ServerRecord>): void {
  for (const record of records) provider.killNow(record)
  removeScratchFolder(folder)
}
