import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { silentLogger } from '@synap/messaging'
import { query } from '@synap/postgres'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { spawnProcess } from '../../test/spawn-process.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { createEmbeddedDatabase } from './create-database.ts'

describe('the embedded database when something dies', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder.remove())
  const open = (onExit: (error: Error) => void = () => undefined) =>
    createEmbeddedDatabase({ dataDir: folder.path, logger: silentLogger, onExit })

  it('given a process that is killed while it writes, twice over, every committed row is there', async () => {
    let next = 0
    for (const enough of [60, 7]) {
      const child = spawnProcess('writer-process.ts', folder.path, String(next))
      await child.line(`wrote ${next + enough}`)
      await child.kill('SIGKILL')
      const last = Number(child.lines.at(-1)?.split(' ')[1])
      const database = await open()
      const [found] = await query<{ rows: number; highest: number }>(database.pool, {
        text: 'select count(*) as rows, max(n) as highest from kept.numbers',
      })
      await database.close()
      // One more may have been committed whose line was not printed any more.
      expect([last, last + 1]).toContain(found?.highest)
      expect(found?.rows).toBe((found?.highest ?? 0) + 1)
      next = (found?.highest ?? 0) + 1
    }
  }, 60_000)

  it('given a session that breaks, the process is told, whoever waits is told, and the folder opens again', async () => {
    const exits: Error[] = []
    const database = await open((error) => exits.push(error))
    await query(database.pool, { text: 'create schema before' })
    const waiting = query(database.pool, { text: 'select count(*) from generate_series(1, 2000000)' })
    const stranger = connect(join(folder.path, 'run', '.s.PGSQL.5432'))
    stranger.on('error', () => undefined)
    stranger.on('connect', () => stranger.write(Buffer.of(0x7a, 0, 0, 0, 4))) // no message has this type: FATAL
    await waiting.catch(() => undefined)
    await expect
      .poll(() => exits, { timeout: 5_000 })
      .toMatchObject([{ code: 'embedded.database_ended', class: 'dependency' }])
    await expect(query(database.pool, { text: 'select 1' })).rejects.toMatchObject({
      code: 'postgres.unavailable',
    })
    await database.close()
    const again = await open()
    expect(await query(again.pool, { text: `select to_regnamespace('before')::text as name` })).toEqual([
      { name: 'before' },
    ])
    await again.close()
  }, 60_000)

  it('given files that are no database, opening says so and gives the folder back', async () => {
    await mkdir(join(folder.path, 'postgres'))
    await writeFile(join(folder.path, 'postgres', 'PG_VERSION'), '12\n')
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(open()).rejects.toMatchObject({ code: 'embedded.database_ended' })
    }
  }, 60_000)
})
