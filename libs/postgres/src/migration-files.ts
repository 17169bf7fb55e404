import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SynapError, sha256Hex } from '@synap/core'

/** One numbered file of a service's `migrations` folder. */
export interface MigrationFile {
  number: number
  name: string
  /** SHA-256 of the bytes, so that a file changed after it was applied is noticed. */
  checksum: string
  sql: string
}

const fileName = /^(\d{4})_([a-z0-9_]+)\.sql$/
const dumpName = 'schema.sql'

/**
 * The files `0001_name.sql`, `0002_…` of a folder, in order. A gap, a number used twice or a file of another name is an
 * error of class configuration: a migration that silently does not run is the worst kind. `schema.sql` is the dump of
 * the result and no migration.
 */
export async function readMigrationFiles(directory: string): Promise<MigrationFile[]> {
  const names = (await readdir(directory)).filter((name) => name !== dumpName && !name.startsWith('.')).sort()
  const files: MigrationFile[] = []
  for (const file of names) {
    const match = fileName.exec(file)
    if (match === null) throw bad(`${file} is not named NNNN_name.sql`, file)
    const number = Number(match[1])
    if (number !== files.length + 1) throw bad(`${file} should be number ${files.length + 1}`, file)
    const sql = await readFile(join(directory, file), 'utf8')
    files.push({ number, name: match[2] ?? '', checksum: sha256Hex(sql), sql })
  }
  return files
}

function bad(message: string, file: string): SynapError {
  return new SynapError(`migrations: ${message}`, {
    code: 'migrations.bad_files',
    class: 'configuration',
    fields: { file },
  })
}
