import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLogger } from '@synap/messaging'
import { assertMigrated, migrate, ownership, query, type SchemaOwner, transaction } from '@synap/postgres'
import { databaseContract } from '@synap/postgres/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { createEmbeddedDatabase, type EmbeddedDatabase } from './create-database.ts'

const neverExits = (error: Error) => {
  throw error
}
const services = join(import.meta.dirname, '..', '..', '..', '..', 'services')

databaseContract('PGlite', async () => {
  const folder = await temporaryFolder()
  const database = await createEmbeddedDatabase({
    dataDir: folder.path,
    logger: silentLogger,
    onExit: neverExits,
  })
  return {
    pool: database.pool,
    listen: (channels, onNotify) => database.listen({ channels, onNotify }),
    close: async () => {
      await database.close()
      await folder.remove()
    },
  }
})

describe('the embedded database', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let database: EmbeddedDatabase
  const open = () =>
    createEmbeddedDatabase({ dataDir: folder.path, logger: silentLogger, onExit: neverExits })
  beforeAll(async () => {
    folder = await temporaryFolder()
    database = await open()
  }, 60_000)
  afterAll(async () => {
    await database?.close()
    await folder?.remove()
  })

  const migrateAll = async () => {
    const applied: number[] = []
    for (const service of Object.keys(ownership) as SchemaOwner[]) {
      const { role, schemas, extensions } = ownership[service]
      const directory = join(services, service, 'migrations')
      const report = await migrate(database.pool, { service, schema: schemas, role, extensions, directory })
      await assertMigrated(database.pool, service, directory)
      applied.push(report.applied.length)
    }
    return applied
  }

  it('given the migrations of all services, they apply once, over a pool of one, also when two run at once', async () => {
    const [first, second] = await Promise.all([migrateAll(), migrateAll()])
    expect(first.every((count, index) => count + (second[index] ?? 0) > 0)).toBe(true)
    expect(await migrateAll()).toEqual([0, 0, 0, 0])
  }, 30_000)

  it('given a heavy statement, timers and everything else in the process go on', async () => {
    const delays: number[] = []
    let last = performance.now()
    const timer = setInterval(() => {
      delays.push(performance.now() - last)
      last = performance.now()
    }, 10)
    await query(database.pool, { text: 'select count(*) from generate_series(1, 3000000)' })
    clearInterval(timer)
    expect(delays.length).toBeGreaterThan(10)
    expect(Math.max(...delays)).toBeLessThan(200)
  })

  it('given much written, the upkeep gives the log back, counts the rows, and the log does not grow on', async () => {
    await query(database.pool, { text: 'create schema grow' })
    await query(database.pool, { text: 'create table grow.rows (n int, text text)' })
    const write = () =>
      query(database.pool, {
        text: `insert into grow.rows select n, repeat(md5(n::text), 30) from generate_series(1, 70000) n`,
      })
    const logBytes = async () => {
      const folderOfLog = join(folder.path, 'postgres', 'pg_wal')
      const names = await readdir(folderOfLog)
      const sizes = await Promise.all(names.map(async (name) => (await stat(join(folderOfLog, name))).size))
      return sizes.reduce((sum, size) => sum + size, 0)
    }
    for (let round = 0; round < 4; round += 1) {
      await write()
      // Statistics are written down once a second at most, unless asked for.
      await query(database.pool, { text: 'select pg_stat_force_next_flush()' })
      await database.upkeep.run()
    }
    expect(await logBytes()).toBeLessThan(250 * 1024 * 1024)
    const [table] = await query<{ rows: number }>(database.pool, {
      text: `select reltuples::int as rows from pg_class where oid = 'grow.rows'::regclass`,
    })
    expect(table?.rows).toBeGreaterThan(50_000)
    await query(database.pool, { text: 'drop table grow.rows' })
  }, 30_000)

  it('given the table of a service, whose schema is closed to the login user, the upkeep reaches it all the same', async () => {
    const asOwner = <T>(text: string) =>
      transaction(database.pool, { role: 'synap_enricher' }, (client) => query<T>(client, { text }))
    await asOwner('create table enrich.grown as select n from generate_series(1, 5000) n')
    await query(database.pool, { text: 'select pg_stat_force_next_flush()' })
    await database.upkeep.run()
    expect(
      await asOwner(`select reltuples::int as rows from pg_class where oid = 'enrich.grown'::regclass`),
    ).toEqual([{ rows: 5_000 }])
    expect(await query(database.pool, { text: 'select current_user as name' })).toEqual([{ name: 'synap' }])
    await asOwner('drop table enrich.grown')
  })

  it('given a close, the folder opens again with what was committed, and only its owner may enter it', async () => {
    await transaction(database.pool, { role: 'synap_ingest' }, (client) =>
      query(client, { text: 'create table write.kept as select 42 as n' }),
    )
    await expect(open()).rejects.toMatchObject({ code: 'folder.in_use', fields: { pid: process.pid } })
    await database.close()
    database = await open()
    const rows = await transaction(database.pool, { role: 'synap_ingest' }, (client) =>
      query(client, { text: 'select n from write.kept' }),
    )
    expect(rows).toEqual([{ n: 42 }])
    expect((await stat(folder.path)).mode & 0o777).toBe(0o700)
    expect((await stat(join(folder.path, 'run'))).mode & 0o777).toBe(0o700)
  })
})
