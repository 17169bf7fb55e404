import { backoffMs, SynapError, wait } from '@synap/core'
import { mapPostgresError, sqlstateOf } from './error.ts'
import { type Extension, roles } from './ownership.ts'
import type { Client, Pool } from './pool.ts'
import { execute, query } from './query.ts'

/**
 * Creates the roles of all services and lets the login user become each of them (`set role`), without inheriting
 * their rights: a statement that forgot to say as whom it runs then fails instead of passing row security as an owner.
 *
 * Roles belong to the whole server, not to one database, so two migrations of two databases race here; what loses is
 * tried again. Its own transaction, because a role's row stays locked until the end of the one that writes it.
 */
export async function createRoles(pool: Pool, signal: AbortSignal, names = roles): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      for (const role of names) await createRole(pool, role)
      return
    } catch (error) {
      // 23505: both inserted the role. XX000 "tuple concurrently updated": both granted it. 42710: it is there by now.
      const raced = ['23505', 'XX000', '42710', '40001', '40P01'].includes(sqlstateOf(error) ?? '')
      if (!raced || attempt === 20) throw error
      await wait(backoffMs(attempt, { baseMs: 20, capMs: 500 }), signal)
    }
  }
}

async function createRole(pool: Pool, role: string): Promise<void> {
  const [found] = await query<{ exists: boolean; settable: boolean; version: number }>(pool, {
    text: `
      select exists (select from pg_roles where rolname = $1::name) as exists,
             exists (select
                       from pg_auth_members m
                       join pg_roles r on r.oid = m.roleid
                       join pg_roles u on u.oid = m.member
                      where r.rolname = $1::name
                        and u.rolname = current_user
                        and coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)) as settable,
             current_setting('server_version_num')::int4 as version`,
    values: [role],
  })
  if (found?.exists !== true) await execute(pool, { text: `create role ${role} nologin` })
  if (found?.settable === true) return
  // Before version 16 membership has no options: a member may always set, and inherits.
  const options = (found?.version ?? 0) >= 160_000 ? ' with inherit false, set true' : ''
  await execute(pool, { text: `grant ${role} to current_user${options}` })
}

/** Which of the extensions the database has now; creates those that the server offers. */
export async function createExtensions(
  client: Client,
  extensions: readonly Extension[],
): Promise<{ name: string; version: string | null }[]> {
  const report: { name: string; version: string | null }[] = []
  for (const { name, required } of extensions) {
    const version = await createExtension(client, name)
    if (version === null && required) {
      throw new SynapError(`the database server does not offer the extension ${name}: install it there`, {
        code: 'migrations.extension_missing',
        class: 'configuration',
        fields: { extension: name },
      })
    }
    report.push({ name, version })
  }
  return report
}

async function createExtension(client: Client, name: string): Promise<string | null> {
  const [offered] = await query<{ name: string }>(client, {
    text: `select name::text from pg_available_extensions where name = $1::name`,
    values: [name],
  })
  if (offered === undefined) return null
  await client.query('savepoint extension')
  try {
    await client.query(`create extension if not exists ${name}`)
    await client.query('release savepoint extension')
  } catch (error) {
    // Offered but unusable: not in shared_preload_libraries, or the login user may not create it.
    await client.query('rollback to savepoint extension')
    const mapped = mapPostgresError(error)
    if (mapped instanceof SynapError && mapped.class === 'dependency') throw mapped
    return null
  }
  const [installed] = await query<{ version: string }>(client, {
    text: `select extversion as version from pg_extension where extname = $1::name`,
    values: [name],
  })
  return installed?.version ?? null
}
