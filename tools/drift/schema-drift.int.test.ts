import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPool, dumpSchema, ownership, type Pool, type SchemaOwner } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repositoryRoot } from '../workspace.ts'
import { dumpHeader } from './migrations-drift.ts'

/**
 * `services/<name>/migrations/schema.sql` shows what the migrations came to. To write it anew after adding one:
 * `SYNAP_WRITE_SCHEMAS=1 npx vitest run --project int tools/drift`.
 */
describe('the dump of each schema', () => {
  const services = Object.keys(ownership) as SchemaOwner[]
  let database: TestDatabase
  let pool: Pool
  beforeAll(async () => {
    database = await createTestDatabase(services)
    pool = createPool({ url: database.url, applicationName: 'schema-drift', max: 1 })
  }, 600_000)
  afterAll(async () => {
    await pool?.end()
    await database?.close()
  })

  for (const service of services) {
    it(`given the migrations of ${service}, schema.sql says what they come to`, async () => {
      const folder = join(repositoryRoot, 'services', service, 'migrations')
      const file = join(folder, 'schema.sql')
      const dump = dumpHeader(folder) + (await dumpSchema(pool, ownership[service].schemas))
      if (process.env['SYNAP_WRITE_SCHEMAS'] === '1') writeFileSync(file, dump)
      expect(existsSync(file) ? readFileSync(file, 'utf8') : 'no such file').toBe(dump)
    })
  }
})
