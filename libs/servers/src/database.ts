import type { Report } from './cache/cache.ts'
import type { ServerProvider, ServerSettings } from './server.ts'

/** Extensions Synap uses, and what it does without them. */
const extensions = {
  vector: 'search by meaning is off',
  timescaledb: 'the event log is a plain table',
} as const

/**
 * Makes the login roles and databases on a fresh Postgres; on a known one it changes nothing but sets the passwords
 * again. `synap` may create roles (the services' roles, by `migrate`) and is no superuser.
 */
export async function initDatabases(
  provider: ServerProvider,
  settings: ServerSettings,
  report: Report,
): Promise<void> {
  const { databasePassword, registryPassword } = settings.secrets
  await provider.superuserSql(
    settings,
    'postgres',
    [
      ...roleSql('synap', databasePassword, 'createrole'),
      ...roleSql('registry', registryPassword, ''),
      ...databaseSql('synap', 'synap'),
      ...databaseSql('registry', 'registry'),
    ].join('\n'),
  )
  await createExtensions(provider, settings, 'synap', report)
}

/** Creates the extensions that this server offers, as superuser, and says once what is missing. */
export async function createExtensions(
  provider: ServerProvider,
  settings: ServerSettings,
  database: string,
  report: Report,
): Promise<void> {
  const names = Object.keys(extensions) as (keyof typeof extensions)[]
  const list = names.map((name) => `'${name}'`).join(', ')
  const offered = await provider.superuserSql(
    settings,
    database,
    `select 'create extension if not exists ' || name || ';' from pg_available_extensions where name in (${list}) \\gexec
     select extname from pg_extension where extname in (${list});`,
  )
  for (const name of names) {
    if (!offered.includes(name)) report(`Postgres has no extension ${name}: ${extensions[name]}`)
  }
}

function roleSql(name: string, password: string, options: string): string[] {
  if (!/^[0-9a-f]+$/.test(password)) throw new Error(`the password of role ${name} must be hexadecimal`)
  return [
    `select 'create role ${name}' where not exists (select from pg_roles where rolname = '${name}') \\gexec`,
    `alter role ${name} login nosuperuser ${options} password '${password}';`,
  ]
}

function databaseSql(name: string, owner: string): string[] {
  return [
    `select 'create database ${name} owner ${owner}'`,
    `where not exists (select from pg_database where datname = '${name}') \\gexec`,
  ]
}
