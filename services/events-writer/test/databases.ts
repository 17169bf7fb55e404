import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedDatabase } from '@synap/embedded'
import { silentLogger } from '@synap/messaging'
import { createPool, execute, migrate, ownership, type Pool, transaction } from '@synap/postgres'
import { createTestDatabase } from '@synap/testing'
import { migrations } from '../src/start.ts'

/** A database with the log in it, of one of the kinds that it has to work on. */
export interface LogDatabase {
  pool: Pool
  /** As the owner of the log. */
  sql(text: string): Promise<unknown>
  close: () => Promise<void>
}

const { role, schemas } = ownership['events-writer']
const migrateLog = (pool: Pool) =>
  migrate(pool, { service: 'events-writer', schema: schemas, role, directory: migrations })
const asOwner = (pool: Pool) => (text: string) =>
  transaction(pool, { role }, (client) => execute(client, { text }))

async function onTimescale(): Promise<LogDatabase> {
  const database = await createTestDatabase(['events-writer'])
  const pool = createPool({ url: database.url, applicationName: 'events-writer-test', max: 20 })
  return {
    pool,
    sql: asOwner(pool),
    close: async () => {
      await pool.end()
      await database.close()
    },
  }
}

/** A server where nobody installed TimescaleDB looks like this to the database. */
async function onPlainPostgres(): Promise<LogDatabase> {
  const database = await createTestDatabase()
  await database.superuserSql('drop extension timescaledb cascade')
  const pool = createPool({ url: database.url, applicationName: 'events-writer-test', max: 20 })
  await migrateLog(pool)
  return {
    pool,
    sql: asOwner(pool),
    close: async () => {
      await pool.end()
      await database.close()
    },
  }
}

async function embedded(): Promise<LogDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'synap-log-'))
  const fail = (error: Error) => {
    throw error
  }
  const database = await createEmbeddedDatabase({ dataDir, logger: silentLogger, onExit: fail })
  await migrateLog(database.pool)
  return {
    pool: database.pool,
    sql: asOwner(database.pool),
    close: async () => {
      await database.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

export const logDatabases = [
  ['TimescaleDB', onTimescale],
  ['plain Postgres', onPlainPostgres],
  ['PGlite', embedded],
] as const
