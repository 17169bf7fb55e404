import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { wait } from '@synap/core'
import { createPool, migrate, ownership, type SchemaOwner } from '@synap/postgres'
import {
  createNativeProvider,
  createSecrets,
  freeServerPorts,
  type ServerAddresses,
  type ServerKind,
  type ServerRecord,
  serverAddresses,
  serversConfig,
  startServers,
} from '@synap/servers'
import type { Bench } from './benchmark.ts'
import { repositoryRoot } from './repository.ts'

/** Servers for one benchmark, on free ports, with data that are thrown away. */
export interface BenchServers extends AsyncDisposable {
  addresses: ServerAddresses
  /** Process id of a server; Postgres' is that of the postmaster. */
  pidOf(kind: ServerKind): number
  /** Rows as lines, fields divided by `|`, as superuser. */
  sql(database: string, sql: string): Promise<string[]>
  /** A database with the migrations of these services; its URL. */
  createDatabase(name: string, services: readonly SchemaOwner[]): Promise<string>
  /** Sets a parameter of Postgres and starts it again. */
  setPostgres(name: string, value: string): Promise<void>
}

/** Starts real servers as `./synap up` does: natively, and durable (fsync on), for what is compared is durable too. */
export async function startBenchServers(
  kinds: readonly ServerKind[],
  { say, signal }: Pick<Bench, 'say' | 'signal'>,
): Promise<BenchServers> {
  const provider = createNativeProvider(serversConfig())
  const folder = await mkdtemp(join(tmpdir(), 'synap-bench-'))
  const settings = {
    ports: await freeServerPorts(),
    secrets: createSecrets(),
    dataFolder: join(folder, 'data'),
    logFolder: join(folder, 'logs'),
    mode: 'durable',
    bound: true,
  } as const
  const records = new Map<ServerKind, ServerRecord>()
  const start = async (wanted: readonly ServerKind[]) => {
    const onLaunched = (record: ServerRecord) => void records.set(record.name, record)
    await startServers(provider, wanted, settings, { report: say, signal, onLaunched })
  }
  const close = async () => {
    await Promise.all([...records.values()].map((record) => provider.signal(record, 'SIGKILL')))
    await Promise.all([...records.values()].map((record) => provider.stop(record)))
    await rm(folder, { recursive: true, force: true })
  }
  const recordOf = (kind: ServerKind) => {
    const record = records.get(kind)
    if (record?.type !== 'process') throw new Error(`${kind} is no process of this benchmark`)
    return record
  }
  const sql = (database: string, text: string) => provider.superuserSql(settings, database, text)
  try {
    say(`starting ${kinds.join(', ')}`)
    await provider.prepare(kinds, say, signal)
    await start(kinds)
  } catch (error) {
    await close()
    throw error
  }
  return {
    addresses: serverAddresses(settings),
    pidOf: (kind) => recordOf(kind).pid,
    sql,
    async createDatabase(name, services) {
      await whenAlone(() => sql('postgres', `create database ${name} owner synap template synap;`), signal)
      const { DATABASE_URL: url } = serverAddresses(settings, name)
      await migrateAll(url, services)
      return url
    },
    async setPostgres(name, value) {
      await sql('postgres', `alter system set ${name} = ${value};`)
      await provider.stop(recordOf('postgres'))
      await start(['postgres'])
    },
    [Symbol.asyncDispose]: close,
  }
}

/** A new server's own workers look into the template now and then, and it cannot be copied meanwhile. */
async function whenAlone(copy: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await copy()
      return
    } catch (error) {
      if (tries === 40 || !String(error).includes('is being accessed by other users')) throw error
      await wait(500, signal)
    }
  }
}

async function migrateAll(url: string, services: readonly SchemaOwner[]): Promise<void> {
  const pool = createPool({ url, applicationName: 'bench-migrate', max: 1 })
  try {
    for (const service of services) {
      const { role, schemas, extensions } = ownership[service]
      const directory = join(repositoryRoot, 'services', service, 'migrations')
      await migrate(pool, { service, schema: schemas, role, extensions, directory })
    }
  } finally {
    await pool.end()
  }
}
