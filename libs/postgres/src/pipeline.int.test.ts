import type { Writable } from 'node:stream'
import {
  createTcpProxy,
  createTestDatabase,
  eventually,
  type TcpProxy,
  type TestDatabase,
} from '@synap/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  awaitAtCommit,
  type Client,
  copyBinary,
  createPool,
  execute,
  type Pool,
  type PoolOptions,
  query,
  sent,
  serverCapabilities,
  transaction,
} from './index.ts'
import { createRoles } from './preamble.ts'

const owner = { role: 'synap_projector' }

const ways = [
  ['sent without waiting', serverCapabilities],
  ['sent one by one', { ...serverCapabilities, pipelining: false }],
] as const

describe('statements that nobody waits for', () => {
  let database: TestDatabase
  const pools: Pool[] = []
  const open = (options: Partial<PoolOptions> = {}) => {
    const made = createPool({ url: database.url, applicationName: 'test', max: 2, ...options })
    pools.push(made)
    return made
  }
  beforeAll(async () => {
    database = await createTestDatabase()
    const pool = open()
    await createRoles(pool, AbortSignal.timeout(30_000))
    await pool.query(`
      create schema pipe authorization synap_projector;
      set role synap_projector;
      create table pipe.rows (place int generated always as identity, n int primary key check (n >= 0));
      reset role`)
  }, 600_000)
  beforeEach(() => database.superuserSql('truncate pipe.rows restart identity'))
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((made) => made.end()))
  })
  afterAll(() => database?.close())

  const insert = (client: Client, n: number) =>
    execute(client, { name: 'pipe.insert', text: 'insert into pipe.rows (n) values ($1::int)', values: [n] })
  const rows = () => database.superuserSql('select n from pipe.rows order by place')

  describe.each(ways)('%s', (_, capabilities) => {
    it('given some put off and some awaited, all are kept, in the order in which they were asked for', async () => {
      const pool = open({ capabilities })
      for (const first of [0, 10]) {
        await transaction(pool, owner, async (client) => {
          awaitAtCommit(client, insert(client, first + 3))
          await Promise.all([insert(client, first + 1), insert(client, first + 2)])
          await copyBinary(client, 'pipe.rows', [{ name: 'n', type: 'int4' }], [[first + 5]])
          awaitAtCommit(client, insert(client, first + 4))
        })
      }
      expect(await rows()).toEqual(['3', '1', '2', '5', '4', '13', '11', '12', '15', '14'])
    })

    it('given one connection, a copy waits for the end of what was only read before, which nobody waited for', async () => {
      const pool = open({ capabilities, max: 1 })
      for (let round = 0; round < 20; round += 1) {
        const count = await transaction(
          pool,
          owner,
          (client) => query(client, { name: 'pipe.all', text: 'select n from pipe.rows' }),
          { readOnly: true },
        )
        expect(count).toHaveLength(round)
        await transaction(pool, owner, (client) =>
          copyBinary(client, 'pipe.rows', [{ name: 'n', type: 'int4' }], [[round]]),
        )
      }
    })

    it('given one that is refused, the transaction says why, keeps nothing, and the connection goes on', async () => {
      const pool = open({ capabilities, max: 1 })
      const refused = transaction(pool, owner, async (client) => {
        await insert(client, 1)
        awaitAtCommit(client, insert(client, -1))
        awaitAtCommit(client, insert(client, 2))
      })
      await expect(refused).rejects.toMatchObject({ code: 'postgres.check', class: 'data' })
      const behind = transaction(pool, owner, async (client) => {
        awaitAtCommit(client, insert(client, -1))
        await insert(client, 3)
      })
      await expect(behind).rejects.toMatchObject({ code: 'postgres.check', class: 'data' })
      expect(await rows()).toEqual([])
      await transaction(pool, owner, (client) => insert(client, 4))
      expect(await rows()).toEqual(['4'])
      expect(pool.totalCount).toBe(1)
    })

    it('given work that rejects, nothing of what was put off is kept, or counts for the next', async () => {
      const pool = open({ capabilities, max: 1 })
      const rejected = transaction(pool, owner, async (client) => {
        awaitAtCommit(client, insert(client, -1))
        throw new Error('changed my mind')
      })
      await expect(rejected).rejects.toThrow('changed my mind')
      await transaction(pool, owner, async (client) => awaitAtCommit(client, insert(client, 1)))
      expect(await rows()).toEqual(['1'])
    })
  })

  it('given what is asked for in one turn, it is answered at once: with the beginning, and with the commit', async () => {
    const pool = open({ max: 1 })
    let answers = 0
    await transaction(pool, owner, (client) => insert(client, 1))
    await transaction(pool, owner, async (client) => {
      const { connection } = client as unknown as { connection: NodeJS.EventEmitter }
      connection.on(
        'readyForQuery',
        ({ shared }: { shared?: boolean }) => (answers += shared === true ? 0 : 1),
      )
      await Promise.all([insert(client, 2), insert(client, 3), insert(client, 4)])
      expect(answers).toBe(1)
      awaitAtCommit(client, insert(client, 5))
      awaitAtCommit(client, insert(client, 6))
    })
    expect(answers).toBe(2)
    expect(await rows()).toEqual(['1', '2', '3', '4', '5', '6'])
  })

  it('given reads one behind the other, the end of one goes with the beginning of the next, and that of the last by itself', async () => {
    const pool = open({ max: 1 })
    const read = () =>
      transaction(
        pool,
        owner,
        (client) => query(client, { name: 'pipe.all', text: 'select n from pipe.rows' }),
        {
          readOnly: true,
        },
      )
    await read()
    const client = await pool.connect()
    client.release()
    const { stream } = (client as unknown as { connection: { stream: Writable } }).connection
    const sends = vi.spyOn(stream, '_writev')
    for (let round = 0; round < 5; round += 1) await read()
    expect(sends).toHaveBeenCalledTimes(5)
    await eventually('the last one has ended', () => client.getTransactionStatus() === 'I')
    expect(sends).toHaveBeenCalledTimes(6)
  })

  it('given who waits until what was asked is sent, it is on its way before he goes on', async () => {
    const pool = open()
    await transaction(pool, owner, async (client) => {
      const { stream } = (client as unknown as { connection: { stream: Writable } }).connection
      const answer = query(client, { name: 'pipe.one', text: 'select 1 as one' })
      expect(stream.writableCorked).toBe(1)
      await sent()
      expect(stream.writableCorked).toBe(0)
      expect(await answer).toEqual([{ one: 1 }])
    })
  })

  it('given one that fails among others, those before it are answered, those behind it fail as it did, and can be asked again', async () => {
    const pool = open({ max: 1 })
    const select = (client: Client, value: number) =>
      query<{ value: number }>(client, {
        name: `pipe.select_${value}`,
        text: 'select $1::int as value',
        values: [value],
      })
    for (const turn of [0, 10]) {
      const failing = transaction(pool, owner, async (client) => {
        const outcomes = await Promise.allSettled([
          select(client, turn + 1),
          insert(client, -1),
          select(client, turn + 2),
          select(client, turn + 3),
        ])
        expect(outcomes[0]).toMatchObject({ status: 'fulfilled', value: [{ value: turn + 1 }] })
        const refused = { status: 'rejected', reason: { code: 'postgres.check' } }
        expect(outcomes.slice(1)).toMatchObject([refused, refused, refused])
        throw new Error('as expected')
      })
      await expect(failing).rejects.toThrow('as expected')
      const found = await transaction(pool, owner, (client) =>
        Promise.all([select(client, turn + 3), select(client, turn + 2), select(client, turn + 1)]),
      )
      expect(found.flat().map(({ value }) => value - turn)).toEqual([3, 2, 1])
    }
    expect(pool.totalCount).toBe(1)
  })

  it('given a statement that cannot be parsed, what goes with it fails, and the connection goes on', async () => {
    const pool = open({ max: 1 })
    const missing = transaction(pool, owner, (client) =>
      Promise.all([insert(client, 1), query(client, { name: 'pipe.none', text: 'select * from pipe.none' })]),
    )
    await expect(missing).rejects.toMatchObject({ fields: { sqlstate: '42P01' } })
    await transaction(pool, owner, (client) => insert(client, 2))
    expect(await rows()).toEqual(['2'])
    expect(pool.totalCount).toBe(1)
  })

  it('given one that asks again after the commit was sent, it is refused: it would stand outside of the transaction', async () => {
    const twice = async (client: Client) => {
      await insert(client, 1)
      await insert(client, 2)
    }
    const late = transaction(open(), owner, async (client) => awaitAtCommit(client, twice(client)))
    await expect(late).rejects.toThrow('after the commit')
    expect(await rows()).toEqual(['1'])
  })

  it('given a role that has become a superuser, no transaction is kept, however often it was none', async () => {
    const pool = open()
    await database.superuserSql(`create role pipe_root nologin; grant pipe_root to synap;
      grant usage on schema pipe to pipe_root; grant insert on pipe.rows to pipe_root`)
    const principal = { role: 'pipe_root' }
    try {
      await transaction(pool, principal, (client) => insert(client, 1))
      await database.superuserSql('alter role pipe_root superuser')
      const failing = transaction(pool, principal, (client) => insert(client, 2))
      await expect(failing).rejects.toMatchObject({ code: 'postgres.superuser' })
      const alone = transaction(pool, principal, async (client) => awaitAtCommit(client, insert(client, 3)))
      await expect(alone).rejects.toMatchObject({ code: 'postgres.superuser' })
      expect(await rows()).toEqual(['1'])
    } finally {
      await database.superuserSql('drop owned by pipe_root; drop role pipe_root')
    }
  })

  describe('through a network that loses answers', () => {
    let proxy: TcpProxy
    beforeAll(async () => {
      proxy = await createTcpProxy(Number(new URL(database.url).port))
    })
    afterAll(() => proxy?.close())
    afterEach(() => proxy.setMode('pass'))
    const through = () => {
      const url = new URL(database.url)
      url.port = String(proxy.port)
      return open({ url: url.href, statementTimeoutMs: 300 })
    }

    it('given what is put off, the commit is sent without an answer, and whether it was done is unknown', async () => {
      const pool = through()
      const unknown = transaction(pool, owner, async (client) => {
        await insert(client, 1)
        proxy.setMode('swallow')
        awaitAtCommit(client, insert(client, 2))
      })
      unknown.catch(() => undefined)
      await eventually('it is committed', async () => (await rows()).length === 2)
      await expect(unknown).rejects.toMatchObject({ code: 'postgres.commit_unknown', class: 'dependency' })
    })

    it('given a transaction that only read, its answer does not wait for its end', async () => {
      const read = transaction(
        through(),
        owner,
        async (client) => {
          const found = await query(client, { text: 'select 1 as one' })
          proxy.setMode('swallow')
          return found
        },
        { readOnly: true },
      )
      expect(await read).toEqual([{ one: 1 }])
    })
  })

  it('given a swallowed error in a transaction that only read, it says so', async () => {
    const swallowing = transaction(
      open(),
      owner,
      async (client) => {
        await query(client, { text: 'select 1/0' }).catch(() => undefined)
      },
      { readOnly: true },
    )
    await expect(swallowing).rejects.toMatchObject({ code: 'postgres.rolled_back', class: 'bug' })
  })
})
