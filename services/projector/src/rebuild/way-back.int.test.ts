import type { RebuildLine } from '@synap/contracts'
import { silentLogger } from '@synap/messaging'
import { createPool, type Pool, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectorRole } from '../config.ts'
import { dropLeaving, markExpired } from '../sql/read-models.ts'
import { switchBack } from './read-models.ts'
import { keepMs, type RebuildOptions, rebuild } from './rebuild.ts'

const patience = 120_000
/** As the projector has it. */
const leavingMs = 15_000

describe('the way back', () => {
  let database: TestDatabase
  let pool: Pool
  beforeAll(async () => {
    database = await createTestDatabase(['events-writer', 'projector'])
    pool = createPool({ url: database.url, applicationName: 'test', statementTimeoutMs: 60_000 })
  }, 600_000)
  afterAll(async () => {
    await pool?.end()
    await database?.close()
  })

  const sql = (text: string) => database.superuserSql(text)
  const run = async () => {
    const context = { pool, logger: silentLogger, topicPrefix: 'w.', signal: AbortSignal.timeout(patience) }
    const options: RebuildOptions = {
      derived: 'copy',
      acceptDifferences: false,
      expected: [],
      switch: true,
      limit: 1,
    }
    let last: RebuildLine | undefined
    for await (const line of rebuild(context, options)) last = line
    return last
  }
  /** What was written is so much older: as if the clock had moved on. */
  const moveClock = (interval: string) =>
    sql(`update read_meta.read_models set keep_until = keep_until - interval '${interval}',
      changed_at = changed_at - interval '${interval}'`)
  /** What a projector does when it looks at the read models. */
  const look = () =>
    transaction(pool, { role: projectorRole }, async (client) => {
      await markExpired(client)
      return dropLeaving(client, leavingMs)
    })
  const states = () => sql('select n, state from read_meta.read_models order by n')
  const back = () => switchBack(pool, { keepMs, signal: AbortSignal.timeout(patience) })

  it(
    'given its 24 hours, it is there until they are over, and is dropped once every process has let go of it',
    async () => {
      expect(await run()).toMatchObject({ rebuild: { outcome: 'switched', from: 1, to: 2 } })
      expect(
        await sql(`select keep_until - now() between interval '23 hours 55 minutes' and interval '24 hours'
          from read_meta.read_models where n = 1`),
      ).toEqual(['t'])

      await moveClock('23 hours 50 minutes')
      expect(await look()).toEqual([])
      expect(await states()).toEqual(['1|followed', '2|followed'])

      await moveClock('10 minutes')
      expect(await look()).toEqual([])
      expect(await states()).toEqual(['1|leaving', '2|followed'])
      await expect(back()).rejects.toMatchObject({ code: 'rebuild.no_way_back' })
      expect(await sql(`select count(*) from pg_namespace where nspname = 'read_v1'`)).toEqual(['1'])

      await moveClock('16 seconds')
      expect(await look()).toEqual([1])
      expect(await sql(`select count(*) from pg_namespace where nspname = 'read_v1'`)).toEqual(['0'])
      expect(await sql('select n from read_meta.read_active')).toEqual(['2'])
      expect(await states()).toEqual(['2|followed'])
    },
    patience,
  )

  it(
    'given the one that is read, no clock takes it away',
    async () => {
      await sql(`update read_meta.read_models set keep_until = now() - interval '1 year' where n = 2`)
      expect(await look()).toEqual([])
      expect(await states()).toEqual(['2|followed'])
    },
    patience,
  )
})
