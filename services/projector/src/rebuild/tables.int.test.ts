import { createPool, type Pool, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectorRole } from '../config.ts'
import { findComparedTables } from './compare.ts'
import { forWords } from './complete.ts'
import { copiedTables, countedTable, wordTables } from './load-slice.ts'
import { inboxTables } from './plan.ts'
import { foldedTables } from './row-writer.ts'

describe('the tables of a read model', () => {
  let database: TestDatabase
  let pool: Pool
  beforeAll(async () => {
    database = await createTestDatabase(['projector'])
    pool = createPool({ url: database.url, applicationName: 'test' })
  }, 600_000)
  afterAll(async () => {
    await pool?.end()
    await database?.close()
  })

  const tables = () =>
    database.superuserSql(`select tablename from pg_tables where schemaname = 'read_v1' order by 1`)

  it('given any of them, a rebuild folds it, copies it, makes it of others, or leaves it to the inbox', async () => {
    // A table that is missing here is empty after a rebuild: say in `load-slice.ts` or `plan.ts` what becomes of it.
    const known = [...foldedTables, ...copiedTables, countedTable, ...wordTables, ...inboxTables]
    expect(await tables()).toEqual(known.toSorted())
  })

  it('given what words are made by, it is there', async () => {
    // Without this index every part of the words would read all entities.
    const { table, columns, index } = forWords
    expect(
      await database.superuserSql(
        `select indexname from pg_indexes where schemaname = 'read_v1' and tablename = '${table}'`,
      ),
    ).toContain(index)
    expect(
      await database.superuserSql(
        `select attname from pg_attribute where attrelid = 'read_v1.${table}'::regclass and attname = any ('{${columns.join(',')}}')`,
      ),
    ).toHaveLength(columns.length)
  })

  it('given any that is not the inbox’s, it is compared, every column but those that say when a row was written', async () => {
    const compared = await transaction(pool, { role: projectorRole }, (client) =>
      findComparedTables(client, 'read_v1'),
    )
    const inbox: readonly string[] = inboxTables
    expect(compared.map(({ name }) => name)).toEqual((await tables()).filter((name) => !inbox.includes(name)))
    for (const { name, key, columns } of compared) {
      const all = await database.superuserSql(
        `select attname from pg_attribute where attrelid = 'read_v1.${name}'::regclass and attnum > 0 and not attisdropped
         order by attnum`,
      )
      const clocks = ['projected_at', 'indexed_at', 'purged_at', 'added_in']
      expect(columns.map((column) => column.name)).toEqual(all.filter((column) => !clocks.includes(column)))
      expect(key.length).toBeGreaterThan(0)
    }
  })
})
