import type { UserId } from '@synap/core'
import { createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, eventually, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../test/append-call.ts'
import { registerDirectly } from '../test/register-directly.ts'
import { appendTogether } from './append-together.ts'
import type { AppendCall } from './sql/append.ts'

let database: TestDatabase
let pool: Pool

beforeAll(async () => {
  database = await createTestDatabase(['ingest'])
  pool = createPool({ url: database.url, applicationName: 'together-test', max: 8 })
  await registerDirectly(pool)
}, 300_000)

afterAll(async () => {
  await pool?.end()
  await database?.close()
})

beforeEach(async () => {
  await database.superuserSql('truncate write.outbox, write.streams;')
})

const sequencesOf = async (userId: UserId) =>
  (
    await database.superuserSql(`select sequence from write.outbox where user_id = '${userId}' order by id`)
  ).map(Number)

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1)

describe('appends that wait at the same time', () => {
  it('given many of many users, each has its own answer, and they take fewer messages than calls', async () => {
    const users = Array.from({ length: 60 }, newUser)
    let messages = 0
    const count = () => {
      messages += 1
    }
    pool.on('acquire', count)
    const answers = await Promise.all(users.map((userId) => appendTogether(pool, appendCall(userId))))
    for (const answer of answers) expect(answer).toMatchObject({ outcome: 'appended', sequence: 1 })
    for (const userId of users) expect(await sequencesOf(userId)).toEqual([1])
    pool.off('acquire', count)
    expect(messages).toBeLessThan(30)
  })

  it('given many of one user, the numbers are without gap and each call has those of its own', async () => {
    const userId = newUser()
    const calls = Array.from({ length: 40 }, () => appendCall(userId))
    const answers = await Promise.all(calls.map((call) => appendTogether(pool, call)))
    const given = answers.map((answer) => (answer.outcome === 'appended' ? answer.sequence : 0))
    expect([...given].sort((a, b) => a - b)).toEqual(upTo(40))
    expect(await sequencesOf(userId)).toEqual(upTo(40))
    for (const [place, call] of calls.entries()) {
      const [sequence] = await database.superuserSql(
        `select sequence from write.outbox where event_id = '${call.events[0]?.id}'`,
      )
      expect(Number(sequence)).toBe(given[place])
    }
  })

  it('given one that cannot be done and one that comes too late among them, the others are done', async () => {
    const users = Array.from({ length: 20 }, newUser)
    const calls: AppendCall[] = users.map((userId) => appendCall(userId))
    const broken = appendCall(newUser())
    const wrong: AppendCall = { ...broken, aggregates: [] }
    const stale = appendCall(newUser())
    const late: AppendCall = {
      ...stale,
      aggregates: stale.aggregates.map((one) => ({ ...one, expected: 7 })),
    }
    const settled = await Promise.allSettled(
      [...calls.slice(0, 10), wrong, late, ...calls.slice(10)].map((call) => appendTogether(pool, call)),
    )
    expect(settled[10]).toMatchObject({ status: 'rejected' })
    expect(settled[11]).toMatchObject({
      status: 'fulfilled',
      value: { outcome: 'conflict', current_version: 0 },
    })
    for (const userId of users) expect(await sequencesOf(userId)).toEqual([1])
    expect(await sequencesOf(wrong.userId)).toEqual([])
  })

  it('given users whose rows somebody holds, nobody else waits for them', async () => {
    const [held, alsoHeld, free] = [newUser(), newUser(), newUser()]
    for (const userId of [held, alsoHeld]) await appendTogether(pool, appendCall(userId))
    const holder = await pool.connect()
    await holder.query('begin')
    await holder.query(`select set_config('role', 'synap_ingest', true)`)
    await holder.query('select from write.users where user_id = any ($1) for update', [[held, alsoHeld]])
    const waiting = [held, alsoHeld].map((userId) => appendTogether(pool, appendCall(userId)))
    const done = await Promise.all(Array.from({ length: 5 }, () => appendTogether(pool, appendCall(free))))
    expect(done.map(({ outcome }) => outcome)).toEqual(Array(5).fill('appended'))
    await holder.query('rollback')
    holder.release()
    for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject({ sequence: 2 })
  })

  it('given connections that are killed under them, each hears that the outcome is unknown, and later ones go on', async () => {
    const userId = newUser()
    await appendTogether(pool, appendCall(userId))
    const holder = await pool.connect()
    await holder.query('begin')
    await holder.query(`select set_config('role', 'synap_ingest', true)`)
    await holder.query('select from write.users where user_id = $1 for update', [userId])
    const call = () => appendTogether(pool, appendCall(userId))
    const blocked = `select pid from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'together-test'`
    const areBlocked = (count: number) =>
      eventually(
        'they wait for the lock',
        async () => (await database.superuserSql(blocked)).length === count,
      )
    const first = Promise.allSettled([call()])
    await areBlocked(1)
    const others = Promise.allSettled(Array.from({ length: 11 }, call))
    await areBlocked(2)
    await database.superuserSql(`select pg_terminate_backend(pid) from (${blocked}) as them;`)
    await holder.query('rollback')
    holder.release()
    // One went alone and eleven together: none of them is done again without a look.
    const lost = [...(await first), ...(await others)]
    expect(lost.map(({ status }) => status)).toEqual(Array(12).fill('rejected'))
    expect(await appendTogether(pool, appendCall(userId))).toMatchObject({ sequence: 2 })
    expect(await sequencesOf(userId)).toEqual([1, 2])
  })
})
