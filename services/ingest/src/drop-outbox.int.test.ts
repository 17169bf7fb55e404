import { silentLogger } from '@synap/messaging'
import { createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../test/append-call.ts'
import { copyToLog } from '../test/log-rows.ts'
import { registerDirectly } from '../test/register-directly.ts'
import { inTransaction } from './database.ts'
import { dropAccounted, keepMs } from './drop-outbox.ts'
import { createSchemaBook, type SchemaBook } from './schema-book.ts'
import { append } from './sql/append.ts'
import { extendOutbox } from './sql/outbox.ts'
import { selectOutboxPartitions } from './sql/outbox-partitions.ts'

let database: TestDatabase
let pool: Pool
let schemas: SchemaBook
const user = newUser()

beforeAll(async () => {
  database = await createTestDatabase(['ingest', 'events-writer'])
  pool = createPool({ url: database.url, applicationName: 'drop-outbox-test' })
  await registerDirectly(pool)
  schemas = await createSchemaBook(pool)
}, 300_000)

afterAll(async () => {
  await pool?.end()
  await database?.close()
})

const drop = () => dropAccounted({ pool, logger: silentLogger, keepMs })
const sql = (text: string) => database.superuserSql(text)
const extend = () => inTransaction(pool, extendOutbox)

/** The rows of the only partition that has any, as if they had been accepted and published `hours` ago. */
async function age(hours: number, what = 'published_at') {
  await sql(`update write.outbox set created_at = now() - interval '${hours} hours',
    ${what} = now() - interval '${hours} hours';`)
}

const closedNames = async () =>
  (await inTransaction(pool, selectOutboxPartitions)).filter(({ closed }) => closed).map(({ name }) => name)

/** A closed partition with three events of the user, published 25 h ago. */
beforeEach(async () => {
  await sql('delete from write.outbox; delete from log.parked; delete from log.user_positions;')
  for (const name of await closedNames()) await sql(`drop table write.${name};`)
  for (let i = 0; i < 3; i += 1) await append(pool, appendCall(user))
  await age(25)
  await extend()
  if ((await closedNames()).length !== 1) throw new Error('one partition is closed')
})

describe('closing a partition', () => {
  it('given rows six hours old, new ones go into the next partition, and order per user stays', async () => {
    const [closed] = await closedNames()
    await append(pool, appendCall(user))
    const rows = await sql('select tableoid::regclass, sequence from write.outbox order by id')
    expect(new Set(rows.slice(0, 3).map((row) => row.split('|')[0]))).toEqual(new Set([`write.${closed}`]))
    expect(rows[3]?.split('|')[0]).not.toBe(`write.${closed}`)
    const sequences = rows.map((row) => Number(row.split('|')[1]))
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
  })

  it('given rows that are young, nothing is closed', async () => {
    await append(pool, appendCall(user))
    const before = await closedNames()
    await extend()
    expect(await closedNames()).toEqual(before)
  })
})

describe('dropping a partition', () => {
  it('given rows that were published a day ago and are in the log, it goes', async () => {
    await copyToLog({ database, pool, schemas }, user)
    const [closed] = await closedNames()
    expect(await drop()).toEqual({ dropped: [closed], overdue: [] })
    expect(await sql('select count(*) from write.outbox')).toEqual(['0'])
  })

  it('given rows that were published less than a day ago, it stays, and that is in order', async () => {
    await copyToLog({ database, pool, schemas }, user)
    await age(23)
    expect(await drop()).toEqual({ dropped: [], overdue: [] })
  })

  it('given one row younger than the others, whatever its place, all of it stays', async () => {
    await copyToLog({ database, pool, schemas }, user)
    await sql('update write.outbox set published_at = now() where id = (select min(id) from write.outbox);')
    expect(await drop()).toEqual({ dropped: [], overdue: [] })
  })

  it('given one row that waits, it stays and says so', async () => {
    await copyToLog({ database, pool, schemas }, user)
    await sql('update write.outbox set published_at = null where id = (select min(id) from write.outbox);')
    expect((await drop()).overdue).toMatchObject([{ why: 'an event of it is not published' }])
  })

  it('given a log that is not as far, it stays and names the first event that is lacking', async () => {
    const [, second] = await sql('select sequence from write.outbox order by sequence')
    const seen = Number(second) - 1
    await sql(`insert into log.user_positions (user_id, seen) values ('${user}', ${seen});`)
    expect((await drop()).overdue).toMatchObject([{ why: `the log lacks event ${second} of user ${user}` }])
  })

  it.each([
    { what: 'as missing', value: 'null', dropped: 0 },
    { what: 'with its bytes', value: `'\\x00'`, dropped: 1 },
  ])('given an event that the log has parked $what, $dropped partitions go', async ({ value, dropped }) => {
    await copyToLog({ database, pool, schemas }, user)
    const [, second] = await sql('select sequence from write.outbox order by sequence')
    await sql(`insert into log.parked (user_id, sequence, reason, value, slot)
      values ('${user}', ${second}, 'test', ${value}, true);`)
    const result = await drop()
    expect([result.dropped.length, result.overdue.length]).toEqual([dropped, 1 - dropped])
  })

  it('given a log that cannot be asked, everything stays and says so', async () => {
    await copyToLog({ database, pool, schemas }, user)
    await sql('alter schema log rename to elsewhere;')
    try {
      expect((await drop()).overdue).toMatchObject([
        { why: expect.stringContaining('the log cannot be asked') },
      ])
    } finally {
      await sql('alter schema elsewhere rename to log;')
    }
  })

  it('given rows outside every range, they leave under the same condition, by deletion', async () => {
    await copyToLog({ database, pool, schemas }, user)
    await sql('update write.outbox set id = id + 900000000000;')
    expect((await drop()).dropped).toContain('outbox_default')
    expect(await sql('select count(*) from write.outbox')).toEqual(['0'])
  })
})
