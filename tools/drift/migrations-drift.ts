import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const command = 'SYNAP_WRITE_SCHEMAS=1 npx vitest run --project int tools/drift'
const services = ['ingest', 'events-writer', 'projector', 'enricher']

/**
 * The first line of a service's `schema.sql`: which migrations it was dumped after. So a changed migration is noticed
 * without a server; that the dump is true is tested against one (`schema-drift.int.test.ts`).
 */
export function dumpHeader(folder: string): string {
  const hash = createHash('sha256')
  const names = readdirSync(folder).filter((name) => /^\d{4}_.*\.sql$/.test(name))
  for (const name of names.sort()) hash.update(`${name}\n`).update(readFileSync(join(folder, name)))
  return `-- What the migrations beside this file come to; of them: sha256 ${hash.digest('hex')}\n`
}

/** Services whose migrations have changed since their schema was dumped, one line each. */
export function migrationsDrift(root: string): readonly string[] {
  return services.flatMap((service) => {
    const folder = join(root, 'services', service, 'migrations')
    const dump = join(folder, 'schema.sql')
    const current = existsSync(dump) && readFileSync(dump, 'utf8').startsWith(dumpHeader(folder))
    return current
      ? []
      : [`services/${service}/migrations/schema.sql is not of these migrations: run ${command}`]
  })
}
