import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { readMigrationFiles } from './migration-files.ts'
import { pendingMigrations } from './migration-state.ts'

let folder = ''
const withFiles = async (...names: string[]) => {
  folder = await mkdtemp(join(tmpdir(), 'synap-migrations-'))
  for (const name of names) await writeFile(join(folder, name), `-- ${name}`)
  return folder
}
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the files of a migration', () => {
  it('given numbered files and the dump, the files come in order', async () => {
    const files = await readMigrationFiles(await withFiles('0002_b.sql', '0001_a.sql', 'schema.sql'))
    expect(files).toMatchObject([
      { number: 1, name: 'a', sql: '-- 0001_a.sql' },
      { number: 2, name: 'b' },
    ])
    expect(files[0]?.checksum).toMatch(/^[0-9a-f]{64}$/)
  })

  for (const [what, ...names] of [
    ['a gap', '0001_a.sql', '0003_c.sql'],
    ['a number used twice', '0001_a.sql', '0001_b.sql'],
    ['another name', '0001_a.sql', 'notes.txt'],
    ['a start at 2', '0002_b.sql'],
  ] as const) {
    it(`given ${what}, it is refused`, async () => {
      await expect(readMigrationFiles(await withFiles(...names))).rejects.toMatchObject({
        code: 'migrations.bad_files',
        class: 'configuration',
      })
    })
  }

  it('given what was applied: the rest is pending; changed and unknown ones are refused by name', async () => {
    const files = await readMigrationFiles(await withFiles('0001_a.sql', '0002_b.sql'))
    const row = (index: number) => ({
      number: index + 1,
      name: files[index]?.name ?? 'c',
      checksum: files[index]?.checksum ?? 'x',
    })
    expect(pendingMigrations('ingest', files, [])).toHaveLength(2)
    expect(pendingMigrations('ingest', files, [row(0)])).toMatchObject([{ number: 2 }])
    expect(pendingMigrations('ingest', files, [row(0), row(1)])).toEqual([])
    expect(() => pendingMigrations('ingest', files, [{ ...row(0), checksum: 'other' }])).toThrow(
      /changed after.*0001_a/,
    )
    expect(() => pendingMigrations('ingest', files, [row(0), row(1), row(2)])).toThrow(/newer.*0003_c/)
  })
})
