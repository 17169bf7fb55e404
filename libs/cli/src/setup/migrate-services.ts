import { join } from 'node:path'
import { createPool, type MigrationReport, migrate, ownership, type SchemaOwner } from '@synap/postgres'
import { repositoryRoot } from '../repository.ts'

/** What is missing without an extension that a service can do without. */
const without: Record<string, string> = {
  timescaledb: 'the event log is a plain table, without chunks and compression',
}

/** Brings the schemas of all services to the newest migration, one after the other; tells each in one line. */
export async function migrateServices(
  databaseUrl: string,
  tell: (line: string) => void,
  signal?: AbortSignal,
): Promise<MigrationReport[]> {
  const pool = createPool({ url: databaseUrl, applicationName: 'synap-migrate', max: 2 })
  const reports: MigrationReport[] = []
  try {
    for (const service of Object.keys(ownership) as SchemaOwner[]) {
      const { role, schemas, extensions } = ownership[service]
      const directory = join(repositoryRoot, 'services', service, 'migrations')
      const options = { service, schema: schemas, role, extensions, directory }
      const report = await migrate(pool, signal === undefined ? options : { ...options, signal })
      reports.push(report)
      const news = report.applied.length === 0 ? 'up to date' : `applied ${report.applied.join(', ')}`
      tell(`schema of ${service}: ${news} (at ${report.at})`)
      for (const { name, version } of report.extensions) {
        if (version === null)
          tell(`no extension ${name} on this server: ${without[name] ?? 'some parts degrade'}`)
      }
    }
    return reports
  } finally {
    await pool.end()
  }
}
