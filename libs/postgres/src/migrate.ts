import { mapPostgresError } from './error.ts'
import { findGenerations, forEachGeneration, type Generations } from './generations.ts'
import { type MigrationFile, readMigrationFiles } from './migration-files.ts'
import { findApplied, pendingMigrations, refuse } from './migration-state.ts'
import { type Extension, roles } from './ownership.ts'
import type { Client, Pool } from './pool.ts'
import { createExtensions, createRoles } from './preamble.ts'
import { execute } from './query.ts'

export interface MigrateOptions {
  service: string
  /**
   * The schema, or schemas, that the service owns; created when missing. One named `x_v1` stands for every schema `x_v{n}`
   * of the database, made by rebuilds: a file that names it runs for each of them, with their name in its place.
   */
  schema: string | readonly string[]
  /** Owns the schemas; every file runs as this role. Created when missing, as those of the services are. */
  role: string
  /** The folder with `0001_name.sql`, …. */
  directory: string
  extensions?: readonly Extension[]
  signal?: AbortSignal
}

export interface MigrationReport {
  service: string
  /** `0001_name` of each file applied now; empty when all were there. */
  applied: string[]
  /** The number of the last migration. */
  at: number
  /** What is there of the extensions asked for; null = the server lacks it or does not let us. */
  extensions: { name: string; version: string | null }[]
}

const statementTimeoutMs = 10 * 60_000
const lockTimeoutMs = 60_000

/**
 * Brings a service's schemas to the newest migration. One transaction for all files, under an advisory lock of this
 * database: two runs at once are as good as one after the other, and a failing file leaves nothing behind. The roles
 * come before, in their own transaction.
 *
 * Rejects with `migrations.changed`, `.unknown`, `.bad_files`, `.extension_missing` (all configuration), or the error
 * of the statement that failed, with the file's name in front.
 */
export async function migrate(pool: Pool, options: MigrateOptions): Promise<MigrationReport> {
  const files = await readMigrationFiles(options.directory)
  const signal = options.signal ?? new AbortController().signal
  await createRoles(pool, signal, [...new Set([...roles, options.role])])
  const client = await pool.connect().catch((error: unknown) => {
    throw mapPostgresError(error)
  })
  const release = () => client.release(true) // its settings are those of a migration: never back into the pool
  signal.addEventListener('abort', release, { once: true })
  try {
    await runLong(client, 'begin')
    await runLong(
      client,
      `select set_config('statement_timeout', '${statementTimeoutMs}', true),
                                  set_config('lock_timeout', '${lockTimeoutMs}', true)`,
    )
    await runLong(client, `select pg_advisory_xact_lock(hashtextextended('synap.migrations', 0))`)
    const report = await migrateLocked(client, options, files)
    await runLong(client, 'commit')
    return report
  } catch (error) {
    signal.throwIfAborted()
    throw mapPostgresError(error)
  } finally {
    signal.removeEventListener('abort', release)
    if (!signal.aborted) release()
  }
}

async function migrateLocked(
  client: Client,
  options: MigrateOptions,
  files: readonly MigrationFile[],
): Promise<MigrationReport> {
  await createLedger(client)
  const extensions = await createExtensions(client, options.extensions ?? [])
  const schemas = typeof options.schema === 'string' ? [options.schema] : options.schema
  const generations = await findGenerations(client, schemas)
  for (const schema of schemas) {
    if (generations.has(schema)) continue
    await runLong(client, `create schema if not exists ${schema} authorization ${options.role}`)
  }
  const pending = pendingMigrations(options.service, files, await findApplied(client, options.service))
  for (const file of pending) await applyFile(client, options, file, generations)
  return {
    service: options.service,
    applied: pending.map(label),
    at: files.length,
    extensions,
  }
}

async function createLedger(client: Client): Promise<void> {
  await runLong(
    client,
    `create schema if not exists migrations;
     create table if not exists migrations.applied (
       service text not null,
       number int not null,
       name text not null,
       checksum text not null,
       applied_at timestamptz not null default now(),
       primary key (service, number)
     );
     grant usage on schema migrations to public;
     grant select on migrations.applied to public`,
  )
}

async function applyFile(
  client: Client,
  options: MigrateOptions,
  file: MigrationFile,
  generations: Generations,
): Promise<void> {
  await runLong(client, `select set_config('role', '${options.role}', true)`)
  try {
    for (const sql of forEachGeneration(file.sql, generations)) await runLong(client, sql)
  } catch (error) {
    const mapped = mapPostgresError(error)
    if (mapped instanceof Error) mapped.message = `${options.service} ${label(file)}: ${mapped.message}`
    throw mapped
  }
  await runLong(client, `select set_config('role', 'none', true)`)
  await execute(client, {
    text: `
      insert into migrations.applied (service, number, name, checksum)
      values ($1::text, $2::int, $3::text, $4::text)`,
    values: [options.service, file.number, file.name, file.checksum],
  })
}

/** A statement, or a whole file of them, with the client's wait lifted to that of a migration. */
async function runLong(client: Client, sql: string): Promise<void> {
  await client.query({ text: sql, query_timeout: statementTimeoutMs } as { text: string })
}

function label(file: { number: number; name: string }): string {
  return `${String(file.number).padStart(4, '0')}_${file.name}`
}

/**
 * Resolves when the database is exactly at the migrations of this folder; else rejects with `migrations.pending`,
 * `.unknown` or `.changed`, class configuration. A service calls it before it does anything.
 */
export async function assertMigrated(pool: Pool, service: string, directory: string): Promise<void> {
  const files = await readMigrationFiles(directory)
  const [next] = pendingMigrations(service, files, await findApplied(pool, service))
  if (next === undefined) return
  throw refuse('pending', service, next, 'the database lacks a migration: run `synap migrate`')
}
