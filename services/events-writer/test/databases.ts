import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedDatabase } from '@synap/embedded'
import { silentLogger } from '@synap/messaging'
import { createPool, execute, migrate, ownership, type Pool, transaction } from '@synap/postgres'
import { createTestDatabase } from '@synap/testing'
import { findTimescale, setChunkInterval } from '../src/sql/storage.ts'
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

/** As older versions left it, and a busy house has it: so many chunks that each question is planned for some. */
async function onManyChunks(): Promise<LogDatabase> {
  const database = await onTimescale()
  const hours = 24
  const before = Array.from({ length: 17 }, (_, day) => [`2025-01-${day + 10} 12:00Z`, hours] as const)
  await makeChunks(database, before)
  return database
}

/** Few chunks, of lengths that changed while the log was written. */
async function onMixedChunks(): Promise<LogDatabase> {
  const database = await onTimescale()
  await makeChunks(database, [
    ['2026-03-03 07:00Z', 5],
    ['2026-03-05 12:00Z', 24],
    ['2026-03-09 12:00Z', 168],
    ['2026-03-01 00:00Z', 8_760],
  ])
  return database
}

/** A chunk around each of these times, of so many hours if no other is in the way. Chunks to come have the last length. */
async function makeChunks(
  { pool }: LogDatabase,
  chunks: readonly (readonly [string, number])[],
): Promise<void> {
  const { place = '' } = (await transaction(pool, { role }, (client) => findTimescale(client))) ?? {}
  for (const [at, hours] of chunks) {
    await transaction(pool, { role }, async (client) => {
      await setChunkInterval(client, place, hours * 3_600_000)
      await execute(client, {
        // a row makes the chunk; it is nobody's, and gone again
        text: `with made as (
                 insert into log.events (occurred_at, event_id, user_id, sequence, aggregate_id, version, schema_no,
                   event_type, source, actor_kind, correlation_id, delta)
                 select '${at}', i, i, 1, i, 1, 0, '', '', '', i, '{}' from gen_random_uuid() i returning event_id)
               select from made`,
      })
      await execute(client, { text: `delete from log.events where schema_no = 0` })
    })
  }
}

export const logDatabases = [
  ['TimescaleDB', onTimescale],
  ['plain Postgres', onPlainPostgres],
  ['PGlite', embedded],
] as const

/** The same, and the layouts that chunks of the log may have besides. */
export const logLayouts = [
  ...logDatabases,
  ['TimescaleDB with many chunks', onManyChunks],
  ['TimescaleDB with chunks of several lengths', onMixedChunks],
] as const
