import { SynapError } from '@synap/core'
import type { MigrationFile } from './migration-files.ts'
import type { Client, Pool } from './pool.ts'
import { query } from './query.ts'

/** A row of `migrations.applied`. */
export interface AppliedMigration {
  number: number
  name: string
  checksum: string
}

/** What was applied for a service, in order; empty when nothing was ever migrated in this database. */
export async function findApplied(executor: Pool | Client, service: string): Promise<AppliedMigration[]> {
  const [found] = await query<{ exists: boolean }>(executor, {
    text: `select to_regclass('migrations.applied') is not null as exists`,
  })
  if (found?.exists !== true) return []
  return query<AppliedMigration>(executor, {
    text: `
      select number, name, checksum
        from migrations.applied
       where service = $1::text
       order by number`,
    values: [service],
  })
}

/**
 * The files still to be applied. Throws `migrations.changed` when an applied file differs from the one at hand, and
 * `migrations.unknown` when the database has one that the folder lacks (the code is older than the schema).
 */
export function pendingMigrations(
  service: string,
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): MigrationFile[] {
  for (const [index, row] of applied.entries()) {
    const file = files[index]
    if (file === undefined || row.number !== index + 1) {
      throw refuse(
        'unknown',
        service,
        row,
        'the database has a migration that this code does not know: it is newer',
      )
    }
    if (file.checksum !== row.checksum) {
      throw refuse(
        'changed',
        service,
        row,
        'a migration was changed after it was applied: add a new one instead',
      )
    }
  }
  return files.slice(applied.length)
}

/** The refusal both `migrate` and `assertMigrated` use, so that an operator reads one style of message. */
export function refuse(
  kind: 'unknown' | 'changed' | 'pending',
  service: string,
  at: { number: number; name: string },
  message: string,
): SynapError {
  const file = `${String(at.number).padStart(4, '0')}_${at.name}`
  return new SynapError(`${service}: ${message} (${file})`, {
    code: `migrations.${kind}`,
    class: 'configuration',
    fields: { service, migration: file },
  })
}
