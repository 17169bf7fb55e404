import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPool, migrate, ownership, type SchemaOwner } from '@synap/postgres'
import { serverAddresses } from '@synap/servers'
import type { ServerSet } from '../server-set.ts'

const root = join(import.meta.dirname, '..', '..', '..', '..')

export interface TestDatabases {
  /** A new database with the migrations of these services; its name. */
  create(services: readonly string[]): Promise<string>
  drop(name: string): Promise<void>
}

/**
 * Databases for tests, copied from templates: one template per combination of services and state of their migration
 * files, migrated once. Copying takes a tenth of a second, migrating some seconds.
 */
export function createTestDatabases(servers: ServerSet): TestDatabases {
  const templates = new Map<string, Promise<string>>()
  const sql = (text: string, database = 'postgres') => servers.superuserSql(database, text)

  const build = async (name: string, services: readonly SchemaOwner[]) => {
    // The database `synap` was made with the extensions at the start, and nothing else ever goes into it.
    await sql(
      `drop database if exists ${name} with (force);\ncreate database ${name} owner synap template synap;`,
    )
    const { DATABASE_URL: url } = serverAddresses(servers.settings, name)
    const pool = createPool({ url, applicationName: 'test-template', max: 2 })
    try {
      for (const service of services) {
        const { role, schemas, extensions } = ownership[service]
        const directory = join(root, 'services', service, 'migrations')
        await migrate(pool, { service, schema: schemas, role, extensions, directory })
      }
    } finally {
      await pool.end()
    }
    return name
  }

  return {
    create: async (names) => {
      const services = (Object.keys(ownership) as SchemaOwner[]).filter((service) => names.includes(service))
      const unknown = names.filter((name) => !(name in ownership))
      if (unknown.length > 0) throw new Error(`no service with a schema is called ${unknown.join(', ')}`)
      const key = `template_${fingerprint(services)}`
      let template = templates.get(key)
      if (template === undefined) {
        template = services.length === 0 ? Promise.resolve('synap') : build(key, services)
        templates.set(key, template)
        template.catch(() => templates.delete(key))
      }
      const name = `test_${randomBytes(6).toString('hex')}`
      await sql(`create database ${name} owner synap template ${await template};`)
      return name
    },
    drop: async (name) => {
      if (!/^test_[0-9a-f]+$/.test(name)) throw new Error(`${name} is not a test database`)
      await sql(`drop database if exists ${name} with (force);`)
    },
  }
}

/** Changes with the services and with every byte of their migrations. */
function fingerprint(services: readonly string[]): string {
  const hash = createHash('sha256')
  for (const service of services) {
    const folder = join(root, 'services', service, 'migrations')
    if (!existsSync(folder)) throw new Error(`${service} has no migrations: ${folder}`)
    for (const file of readdirSync(folder).sort()) {
      if (file.endsWith('.sql')) hash.update(`${service}/${file}\0`).update(readFileSync(join(folder, file)))
    }
  }
  return hash.digest('hex').slice(0, 24)
}
