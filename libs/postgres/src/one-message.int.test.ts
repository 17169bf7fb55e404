import { type UserId, uuidv7 } from '@synap/core'
import { countAnswers, createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  awaitAtCommit,
  type Client,
  createPool,
  execute,
  type Pool,
  type PoolOptions,
  query,
  type SingleOptions,
  serverCapabilities,
  single,
  transaction,
} from './index.ts'
import { createRoles } from './preamble.ts'

const owner = { role: 'synap_projector' }

const ways = [
  ['sent without waiting', serverCapabilities],
  ['sent one by one', { ...serverCapabilities, pipelining: false }],
] as const

describe('what goes in one message', () => {
  let database: TestDatabase
  const pools: Pool[] = []
  const open = (options: Partial<PoolOptions> = {}) => {
    const made = createPool({ url: database.url, applicationName: 'test', max: 1, ...options })
    pools.push(made)
    return made
  }
  beforeAll(async () => {
    database = await createTestDatabase()
    const pool = open()
    await createRoles(pool, AbortSignal.timeout(30_000))
    await pool.query(`
      create schema one authorization synap_projector;
      set role synap_projector;
      create table one.rows (n int primary key check (n >= 0), by_user text);
      reset role`)
  }, 600_000)
  beforeEach(() => database.superuserSql('truncate one.rows'))
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((made) => made.end()))
  })
  afterAll(() => database?.close())

  const insert = (pool: Pool, n: number, { userId, ...options }: SingleOptions & { userId?: UserId } = {}) =>
    single<{ n: number; role: string }>(
      pool,
      { ...owner, ...(userId === undefined ? {} : { userId }) },
      {
        name: 'one.insert',
        text: `insert into one.rows (n, by_user) values ($1::int, current_setting('synap.user_id'))
          returning n, current_user::text as role`,
        values: [n],
      },
      options,
    )
  const rows = () => database.superuserSql('select n from one.rows order by n')
  const readAll = (client: Client) =>
    query<{ n: number }>(client, { name: 'one.all', text: 'select n from one.rows order by n' })
  const atOnce = { readOnly: true, isolation: 'repeatable read', asksAtOnce: true } as const

  describe.each(ways)('%s', (_, capabilities) => {
    it('given a single statement with a name, it runs as the principal and leaves nothing of him behind', async () => {
      const pool = open({ capabilities })
      const userId = uuidv7() as UserId
      for (const n of [1, 2]) expect(await insert(pool, n, { userId })).toEqual([{ n, role: owner.role }])
      expect(await database.superuserSql('select distinct by_user from one.rows')).toEqual([userId])
      expect(
        await query(pool, {
          text: `select current_user = session_user as oneself, current_setting('synap.user_id') as of_user`,
        }),
      ).toEqual([{ oneself: true, of_user: '' }])
    })

    it('given one that goes ahead and is refused, what comes behind it is done all the same', async () => {
      const pool = open({ capabilities })
      await insert(pool, 1, { goesAhead: true })
      const sent = Promise.withResolvers<void>()
      const refused = insert(pool, -1, { goesAhead: true, onSent: sent.resolve })
      refused.catch(() => undefined)
      await sent.promise
      await transaction(pool, owner, (client) =>
        execute(client, { text: 'insert into one.rows (n) values (2)' }),
      )
      await expect(refused).rejects.toMatchObject({ code: 'postgres.check' })
      expect(await rows()).toEqual(['1', '2'])
      expect(pool.totalCount).toBe(1)
    })

    it('given a read that asks for all at once, it answers; one that is refused says why, and the connection goes on', async () => {
      const pool = open({ capabilities })
      await insert(pool, 1)
      const read = () => transaction(pool, owner, readAll, atOnce)
      expect([await read(), await read()]).toEqual([[{ n: 1 }], [{ n: 1 }]])
      const refused = transaction(pool, owner, (client) => query(client, { text: 'select 1/0' }), atOnce)
      await expect(refused).rejects.toMatchObject({ fields: { sqlstate: '22012' } })
      expect(await read()).toEqual([{ n: 1 }])
      expect(pool.totalCount).toBe(1)
    })
  })

  it('given one that goes ahead, the next transaction has its connection, and finds it done', async () => {
    const pool = open({ max: 2 })
    await insert(pool, 1)
    const sent = Promise.withResolvers<void>()
    const [made, found] = await Promise.all([
      insert(pool, 2, { goesAhead: true, onSent: sent.resolve }),
      sent.promise.then(() => transaction(pool, owner, readAll)),
    ])
    expect(made).toEqual([{ n: 2, role: owner.role }])
    expect(found).toEqual([{ n: 1 }, { n: 2 }])
    expect(pool.totalCount).toBe(1)
  })

  it('given one that goes ahead of a transaction that fails, it is kept', async () => {
    const pool = open()
    await insert(pool, 1)
    const sent = Promise.withResolvers<void>()
    const made = insert(pool, 2, { goesAhead: true, onSent: sent.resolve })
    await sent.promise
    const failing = transaction(pool, owner, (client) =>
      execute(client, { text: 'insert into one.rows (n) values (-1)' }),
    )
    await expect(failing).rejects.toMatchObject({ code: 'postgres.check' })
    await made
    expect(await rows()).toEqual(['1', '2'])
  })

  it('given a read that asks for all at once, it waits for one answer, its end with it; what it asks later is refused', async () => {
    const pool = open()
    const count = countAnswers(pool)
    const both = async (client: Client) => (await Promise.all([readAll(client), readAll(client)])).length
    for (let turn = 0; turn < 2; turn += 1) await transaction(pool, owner, both, atOnce)
    expect(await count(() => transaction(pool, owner, both, atOnce))).toEqual({ messages: 1, statements: 5 })
    const asksAgain = transaction(
      pool,
      owner,
      async (client) => [await readAll(client), await readAll(client)],
      atOnce,
    )
    await expect(asksAgain).rejects.toThrow('after the commit')
    expect(await transaction(pool, owner, readAll)).toEqual([])
  })

  it('given writes that nobody waits for, all of it waits for one answer; one that is refused leaves nothing', async () => {
    const pool = open()
    const count = countAnswers(pool)
    const write = (...numbers: number[]) =>
      transaction(
        pool,
        owner,
        async (client) => {
          for (const n of numbers) {
            const text = 'insert into one.rows (n) values ($1::int)'
            awaitAtCommit(client, execute(client, { name: 'one.write', text, values: [n] }))
          }
        },
        { asksAtOnce: true },
      )
    await write(1)
    expect(await count(() => write(2, 3))).toEqual({ messages: 1, statements: 5 })
    await expect(write(4, -1)).rejects.toMatchObject({ code: 'postgres.check' })
    await write(5)
    expect(await rows()).toEqual(['1', '2', '3', '5'])
  })

  it('given a role that is a superuser by now, neither a read nor a write that asks for all at once passes', async () => {
    const pool = open()
    await database.superuserSql(
      'create role one_root nologin; grant one_root to synap; grant usage on schema one to one_root; grant insert on one.rows to one_root',
    )
    const principal = { role: 'one_root' }
    const read = () => transaction(pool, principal, (client) => query(client, { text: 'select 1' }), atOnce)
    const write = (n: number) =>
      transaction(
        pool,
        principal,
        async (client) => {
          const text = 'insert into one.rows (n) values ($1::int)'
          awaitAtCommit(client, execute(client, { text, values: [n] }))
        },
        { asksAtOnce: true },
      )
    try {
      await read()
      await write(1)
      await database.superuserSql('alter role one_root superuser')
      await expect(read()).rejects.toMatchObject({ code: 'postgres.superuser' })
      await expect(write(2)).rejects.toMatchObject({ code: 'postgres.superuser' })
      expect(await rows()).toEqual(['1'])
    } finally {
      await database.superuserSql('drop owned by one_root; drop role one_root')
    }
  })
})
