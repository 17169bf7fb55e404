import { createPool, type Pool, query } from '@synap/postgres'
import { type Check, type Finding, failed, ok } from './check.ts'
import { type DoctorContext, serverSettings, startServers } from './context.ts'
import { isAtLeast } from './node-version.ts'

/** What a database says of itself. */
export interface DatabaseFacts {
  /** `17.6` */
  version: string
  user: string
  isSuperuser: boolean
  vector: string | null
  timescaledb: string | null
  /** `apache` or `timescale`; null without the extension. */
  license: string | null
}

export const postgres: Check = {
  name: 'postgres',
  otherwise: (context) => startServers(context, 'DATABASE_URL'),
  run: (context) => withDatabase(context, async (pool) => judgeDatabase(await readFacts(pool))),
}

export function judgeDatabase(facts: DatabaseFacts): Finding {
  const { version, user, vector, timescaledb } = facts
  const found = `${version}; ${extension('vector', vector)}, ${edition(facts)}; login ${user}`
  if (!isAtLeast(version, '17')) return failed(found, 'Bring the server to PostgreSQL 17 or newer')
  if (facts.isSuperuser)
    return failed(
      `${found} is a superuser: nothing holds users apart`,
      `alter role ${user} nosuperuser createrole; or name another login in DATABASE_URL`,
    )
  if (vector === null) return failed(found, 'As superuser: create extension vector (package pgvector)')
  return timescaledb === null ? { ...ok(found), state: 'warning', advice: withoutTimescale } : ok(found)
}

const withoutTimescale =
  'The event log is a plain table; install timescaledb, then ./synap migrate, for chunks'

const extension = (name: string, version: string | null) => `${name} ${version ?? 'is missing'}`
const edition = ({ timescaledb, license }: DatabaseFacts): string =>
  timescaledb !== null && license === 'apache'
    ? `timescaledb ${timescaledb} (Apache edition: no compression)`
    : extension('timescaledb', timescaledb)

async function readFacts(pool: Pool): Promise<DatabaseFacts> {
  const [row] = await query<Omit<DatabaseFacts, 'isSuperuser'> & { is_superuser: boolean }>(pool, {
    text: `
      select split_part(current_setting('server_version'), ' ', 1) as version,
             current_user::text as user,
             (select rolsuper from pg_roles where rolname = current_user) as is_superuser,
             (select extversion from pg_extension where extname = 'vector') as vector,
             (select extversion from pg_extension where extname = 'timescaledb') as timescaledb,
             current_setting('timescaledb.license', true) as license`,
  })
  if (row === undefined) throw new TypeError('a select without a table gave no row')
  const { is_superuser: isSuperuser, ...rest } = row
  return { ...rest, isSuperuser }
}

/** Runs `work` on a connection of its own; undefined where no database is named. */
export async function withDatabase(
  context: DoctorContext,
  work: (pool: Pool) => Promise<Finding>,
): Promise<Finding | undefined> {
  const settings = serverSettings(context, ['DATABASE_URL'])
  if (settings === undefined) return undefined
  const pool = createPool({ url: settings.DATABASE_URL, applicationName: 'synap-doctor', max: 1 })
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}
