import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  assertMigrated,
  createPool,
  dumpSchema,
  migrate,
  type Pool,
  query,
  roles,
  transaction,
} from './index.ts'
import { createRoles } from './preamble.ts'

describe('migrate', () => {
  let database: TestDatabase
  let pool: Pool
  let directory: string
  beforeEach(async () => {
    database = await createTestDatabase()
    pool = createPool({ url: database.url, applicationName: 'test' })
    directory = await mkdtemp(join(tmpdir(), 'synap-migrate-'))
    await file(
      '0001_first.sql',
      'create table write.one (id int primary key); grant usage on schema write to synap_query;',
    )
  }, 600_000)
  afterEach(async () => {
    await pool?.end()
    await database?.close()
    await rm(directory, { recursive: true, force: true })
  })

  const file = (name: string, sql: string) => writeFile(join(directory, name), sql)
  const run = () => migrate(pool, { service: 'ingest', schema: 'write', role: 'synap_ingest', directory })

  it('given generations of a schema, a file that names the first runs for each that is there, and for no other', async () => {
    const options = { service: 'projector', schema: ['read_v1', 'write'], role: 'synap_projector', directory }
    await file('0001_first.sql', 'create table read_v1.one (id int); create table write.once (id int)')
    await migrate(pool, options)
    await database.superuserSql(`
      alter schema read_v1 rename to read_v3; create schema read_v10 authorization synap_projector;
      create table read_v10.one (id int); alter table read_v10.one owner to synap_projector;
      create schema read_v2x; create schema read_v`)
    await file('0002_second.sql', 'alter table read_v1.one add column name text')
    await file('0003_third.sql', 'create table write.twice (id int)')
    await migrate(pool, options)
    expect(
      await database.superuserSql(
        `select table_schema from information_schema.columns where column_name = 'name' and table_name = 'one' order by 1`,
      ),
    ).toEqual(['read_v10', 'read_v3'])
    expect(
      await database.superuserSql(`select count(*) from pg_namespace where nspname = 'read_v1'`),
    ).toEqual(['0'])
  })

  it("given new files, they run once, as the service's role, and the database is known as migrated", async () => {
    await expect(assertMigrated(pool, 'ingest', directory)).rejects.toMatchObject({
      code: 'migrations.pending',
      class: 'configuration',
    })
    expect(await run()).toMatchObject({ applied: ['0001_first'], at: 1 })
    expect(await run()).toMatchObject({ applied: [], at: 1 })
    await file('0002_second.sql', 'alter table write.one add column name text')
    expect(await run()).toMatchObject({ applied: ['0002_second'], at: 2 })
    await expect(assertMigrated(pool, 'ingest', directory)).resolves.toBeUndefined()
    expect(await dumpSchema(pool, ['write'])).toBe(`create schema write authorization synap_ingest;

create table write.one (
  id integer not null,
  name text,
  constraint one_pkey PRIMARY KEY (id)
);
alter table write.one owner to synap_ingest;

grant usage on schema write to synap_query;
`)
  })

  it('given a changed file or one the code lacks, migrate and start both refuse and name it', async () => {
    await file('0002_second.sql', 'select 1')
    await run()
    await file('0001_first.sql', 'create table write.one (id int8 primary key)')
    for (const refuse of [run, () => assertMigrated(pool, 'ingest', directory)]) {
      await expect(refuse()).rejects.toMatchObject({
        code: 'migrations.changed',
        fields: { migration: '0001_first' },
      })
    }
    await file(
      '0001_first.sql',
      'create table write.one (id int primary key); grant usage on schema write to synap_query;',
    )
    await rm(join(directory, '0002_second.sql'))
    for (const refuse of [run, () => assertMigrated(pool, 'ingest', directory)]) {
      await expect(refuse()).rejects.toMatchObject({ code: 'migrations.unknown', class: 'configuration' })
    }
  })

  it('given a file that fails, nothing of the run stays, and the error names the file', async () => {
    await file('0002_good.sql', 'create table write.two (id int)')
    await file('0003_bad.sql', 'create table write.three (id int); select * from write.nowhere')
    await expect(run()).rejects.toThrow(/ingest 0003_bad/)
    expect(
      await query(pool, {
        text: `select to_regclass('write.two') as two, to_regclass('migrations.applied') as applied`,
      }),
    ).toEqual([{ two: null, applied: null }])
  })

  it('given five runs at once, in this database and another, each file runs once and all succeed', async () => {
    await using other = await createTestDatabase()
    const elsewhere = createPool({ url: other.url, applicationName: 'test' })
    try {
      const there = () =>
        migrate(elsewhere, { service: 'ingest', schema: 'write', role: 'synap_ingest', directory })
      const reports = await Promise.all([run(), run(), run(), there(), there()])
      expect(reports.flatMap((report) => report.applied)).toEqual(['0001_first', '0001_first'])
    } finally {
      await elsewhere.end()
    }
  })

  it('given two databases of a new server that create the roles at the same time, both succeed', async () => {
    await using other = await createTestDatabase()
    const elsewhere = createPool({ url: other.url, applicationName: 'test' })
    const names = Array.from({ length: 5 }, () => `synap_test_${randomBytes(4).toString('hex')}`)
    const create = (from: Pool) => createRoles(from, AbortSignal.timeout(20_000), names)
    try {
      await Promise.all([create(pool), create(elsewhere), create(pool), create(elsewhere), create(pool)])
      for (const role of names)
        await expect(transaction(elsewhere, { role }, async () => role)).resolves.toBe(role)
    } finally {
      await elsewhere.end()
      await database.superuserSql(`drop role ${names.join(', ')}`)
    }
  })

  it('given roles, the login user may become each, owns nothing of theirs, and they cannot log in', async () => {
    await run()
    for (const role of roles) {
      expect(
        await transaction(pool, { role }, (client) =>
          query(client, { text: 'select current_user::text as role' }),
        ),
      ).toEqual([{ role }])
    }
    const canLogIn = await query(pool, {
      text: `select rolname from pg_roles where rolname like 'synap\\_%' and rolcanlogin`,
    })
    expect(canLogIn).toEqual([])
    await expect(query(pool, { text: 'select * from write.one' })).rejects.toMatchObject({
      code: 'postgres.denied',
    })
  })

  it('given an extension the server lacks: required stops with its name, optional is reported', async () => {
    const wanted = (required: boolean) =>
      migrate(pool, {
        service: 'ingest',
        schema: 'write',
        role: 'synap_ingest',
        directory,
        extensions: [{ name: 'no_such_extension', required }],
      })
    await expect(wanted(true)).rejects.toMatchObject({
      code: 'migrations.extension_missing',
      fields: { extension: 'no_such_extension' },
    })
    expect(await wanted(false)).toMatchObject({ extensions: [{ name: 'no_such_extension', version: null }] })
  })
})
