import { createPool, query } from '@synap/postgres'
import { describe, expect, it } from 'vitest'
import { createTestDatabase, useStack } from './index.ts'

describe('the stack for tests', () => {
  it('given all servers are asked for, each answers under its address', async () => {
    const { env } = await useStack()
    const subjects = await fetch(`${env.SCHEMA_REGISTRY_URL}/subjects`)
    expect(await subjects.json()).toBeInstanceOf(Array)
    expect((await fetch(`${env.S3_ENDPOINT}/health`)).status).toBe(200)
  })

  it('given two databases, what one holds the other does not, and the login user is no superuser', async () => {
    await using first = await createTestDatabase()
    await using second = await createTestDatabase()
    await first.superuserSql('create table only_here ();')
    const pool = createPool({ url: second.url, applicationName: 'test' })
    try {
      const rows = await query<{ extname: string }>(pool, {
        text: 'select extname from pg_extension',
        values: [],
      })
      expect(rows.map((row) => row.extname)).toEqual(expect.arrayContaining(['timescaledb', 'vector']))
      const sql = `select to_regclass('only_here') is null as absent, rolsuper as super from pg_roles where rolname = current_user`
      expect(await query(pool, { text: sql, values: [] })).toEqual([{ absent: true, super: false }])
    } finally {
      await pool.end()
    }
  })

  it('given a service with migrations, its schema is there and the next database costs only a copy', async () => {
    await using database = await createTestDatabase(['ingest'])
    expect(
      await database.superuserSql(`select count(*) > 0 from pg_tables where schemaname = 'write';`),
    ).toEqual(['t'])
    const began = Date.now()
    await using again = await createTestDatabase(['ingest'])
    expect(again.name).not.toBe(database.name)
    expect(Date.now() - began).toBeLessThan(3_000)
  })

  it('given a service that does not exist, the error names it', async () => {
    await expect(createTestDatabase(['no-such'])).rejects.toThrow('no-such')
  })
})
