import type { UserId } from '@synap/core'
import {
  createTcpProxy,
  createTestDatabase,
  eventually,
  type TcpProxy,
  type TestDatabase,
} from '@synap/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createPool, execute, type Pool, type PoolOptions, query, single, transaction } from './index.ts'
import { createRoles } from './preamble.ts'

const ann = '00000000-0000-7000-8000-00000000000a' as UserId
const bob = '00000000-0000-7000-8000-00000000000b' as UserId
const owner = { role: 'synap_projector' }

describe('transactions', () => {
  let database: TestDatabase
  let pool: Pool
  const pools: Pool[] = []
  const open = (options: Partial<PoolOptions> = {}) => {
    const made = createPool({ url: database.url, applicationName: 'test', ...options })
    pools.push(made)
    return made
  }
  beforeAll(async () => {
    database = await createTestDatabase()
    pool = createPool({ url: database.url, applicationName: 'test', max: 4 })
    await createRoles(pool, AbortSignal.timeout(30_000))
    await pool.query(`
      create schema tx authorization synap_projector;
      set role synap_projector;
      create table tx.notes (user_id uuid not null, n int primary key);
      create table tx.counters (id int primary key, n int not null);
      alter table tx.notes enable row level security;
      create policy own on tx.notes using (user_id = nullif(current_setting('synap.user_id', true), '')::uuid);
      grant usage on schema tx to synap_query;
      grant select on tx.notes to synap_query;
      insert into tx.notes values ('${ann}', 1), ('${bob}', 2);
      insert into tx.counters values (1, 0), (2, 0);
      reset role`)
  }, 600_000)
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((made) => made.end()))
  })
  afterAll(async () => {
    await pool?.end()
    await database?.close()
  })

  const notes = { text: 'select n from tx.notes order by n' }

  it("given a user, row security shows that user's rows; without one, none; and nothing stays on the connection", async () => {
    const single = open({ max: 1 })
    const seen = async (userId?: UserId) =>
      (
        await transaction(single, { role: 'synap_query', ...(userId && { userId }) }, (client) =>
          query<{ n: number }>(client, notes),
        )
      ).map((row) => row.n)
    expect(await seen(ann)).toEqual([1])
    expect(await seen(bob)).toEqual([2])
    expect(await seen()).toEqual([])
    const [after] = await query<{ role: string; user_id: string }>(single, {
      text: `select current_setting('role') as role, current_setting('synap.user_id', true) as user_id`,
    })
    expect(after).toEqual({ role: 'none', user_id: '' })
  })

  it('given the login user without a role, it inherits nothing: a statement outside a transaction sees no table', async () => {
    await expect(query(pool, notes)).rejects.toMatchObject({
      code: 'postgres.denied',
      class: 'configuration',
    })
  })

  it('given a role that is a superuser, nothing runs, unless it is allowed', async () => {
    await database.superuserSql('create role test_root superuser nologin; grant test_root to synap')
    try {
      const work = transaction(pool, { role: 'test_root' }, (client) => query(client, notes))
      await expect(work).rejects.toMatchObject({ code: 'postgres.superuser', class: 'configuration' })
      const allowed = transaction(pool, { role: 'test_root' }, (client) => query(client, notes), {
        allowSuperuser: true,
      })
      expect(await allowed).toHaveLength(2)
    } finally {
      await database.superuserSql('drop role test_root')
    }
  })

  it('given that plans are to be made once, they are, and only in this transaction', async () => {
    const one = open({ max: 1 })
    const find = {
      name: 'tx.find_notes',
      text: 'select n from tx.notes where n = any ($1::int[])',
      values: [[1]],
    }
    const plans = async () => {
      const text = `select generic_plans::int as generic, custom_plans::int as custom from pg_prepared_statements
        where name = 'tx.find_notes'`
      return (await query<{ generic: number; custom: number }>(one, { text }))[0]
    }
    for (let turn = 0; turn < 3; turn += 1)
      await transaction(one, owner, (client) => query(client, find), { genericPlans: true })
    expect(await plans()).toEqual({ generic: 3, custom: 0 })
    await transaction(one, owner, (client) => query(client, find))
    expect(await plans()).toEqual({ generic: 3, custom: 1 })
  })

  it('given settings, they hold in this transaction alone, those of an extension that is not there too', async () => {
    const one = open({ max: 1 })
    const text = `select current_setting('enable_bitmapscan') as planner, current_setting('tx.other', true) as other`
    const settings = { enable_bitmapscan: 'off', 'tx.other': 'on' }
    const found = () => transaction(one, owner, (client) => query(client, { text }), { settings })
    expect(await found()).toEqual([{ planner: 'off', other: 'on' }])
    expect(await transaction(one, owner, (client) => query(client, { text }))).toEqual([
      { planner: 'on', other: '' },
    ])
    for (const bad of [{ "a', '') --": 'on' }, { tx: "'" }, { 'a.b.c': 'x' }, { A: 'x' }]) {
      await expect(transaction(one, owner, async () => 1, { settings: bad })).rejects.toThrow('not a setting')
    }
  })

  it('given names that are no role or no user, they never reach the server', async () => {
    for (const role of ["x'; drop table tx.notes; --", 'X', '']) {
      await expect(transaction(pool, { role }, async () => 1)).rejects.toThrow('not the name of a role')
    }
    await expect(transaction(pool, { ...owner, userId: "'" as UserId }, async () => 1)).rejects.toThrow(
      'not a user id',
    )
  })

  it('given work that rejects, nothing is kept and the connection is used again', async () => {
    const single = open({ max: 1 })
    const insert = { text: `insert into tx.notes values ($1::uuid, 3)`, values: [ann] }
    const failing = transaction(single, owner, async (client) => {
      await execute(client, insert)
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await transaction(single, owner, (client) => query(client, notes))).toHaveLength(2)
    expect(single.totalCount).toBe(1)
  })

  it('given a failed statement whose error is swallowed, the commit says that nothing was kept', async () => {
    const swallowing = transaction(pool, owner, async (client) => {
      await query(client, { text: 'select 1/0' }).catch(() => undefined)
    })
    await expect(swallowing).rejects.toMatchObject({ code: 'postgres.rolled_back', class: 'bug' })
  })

  it('given two transactions that wait for each other, both end well when retries are allowed', async () => {
    const both = Promise.withResolvers<void>()
    let holding = 0
    const add = (first: number, second: number) =>
      transaction(
        pool,
        owner,
        async (client) => {
          await execute(client, {
            text: 'update tx.counters set n = n + 1 where id = $1::int',
            values: [first],
          })
          if (++holding === 2) both.resolve()
          await both.promise
          await execute(client, {
            text: 'update tx.counters set n = n + 1 where id = $1::int',
            values: [second],
          })
        },
        { retries: 3 },
      )
    await Promise.all([add(1, 2), add(2, 1)])
    const rows = await transaction(pool, owner, (client) =>
      query<{ n: number }>(client, { text: 'select n from tx.counters' }),
    )
    expect(rows.map((row) => row.n)).toEqual([2, 2])
  })

  it('given a statement or a lock that takes too long, the wait ends with its own code', async () => {
    const slow = transaction(pool, owner, (client) => query(client, { text: 'select pg_sleep(30)' }), {
      statementTimeoutMs: 100,
    })
    await expect(slow).rejects.toMatchObject({ code: 'postgres.timeout', class: 'dependency' })
    const hurried = open({ statementTimeoutMs: 300 })
    await transaction(pool, owner, async (client) => {
      await execute(client, { text: 'update tx.counters set n = n where id = 1' })
      const waiting = transaction(hurried, owner, (other) =>
        execute(other, { text: 'update tx.counters set n = n where id = 1' }),
      )
      await expect(waiting).rejects.toMatchObject({ class: 'dependency', code: 'postgres.lock_timeout' })
    })
  })

  it('given a signal that aborts, the wait ends at once and the server stops the work', async () => {
    const controller = new AbortController()
    const waiting = transaction(
      pool,
      owner,
      (client) => query(client, { text: `select pg_sleep(4), 'abandoned'` }),
      { signal: controller.signal },
    )
    setTimeout(() => controller.abort(new Error('stopping')), 50)
    const startedAt = performance.now()
    await expect(waiting).rejects.toThrow('stopping')
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(await transaction(pool, owner, (client) => query(client, notes))).toHaveLength(2)
  })

  it('given a backend that is killed, idle or in use, the process lives and the next transaction works', async () => {
    const errors: Error[] = []
    const doomed = open({
      max: 2,
      applicationName: 'doomed',
      onConnectionError: (error) => errors.push(error),
    })
    const kill = () =>
      database.superuserSql(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'doomed'`,
      )
    await transaction(doomed, owner, (client) => query(client, notes))
    await kill()
    await eventually('the idle connection is noticed', () => errors.length > 0)
    const inUse = transaction(doomed, owner, async (client) => {
      await kill()
      return query(client, notes)
    })
    await expect(inUse).rejects.toMatchObject({ class: 'dependency', code: 'postgres.unavailable' })
    expect(await transaction(doomed, owner, (client) => query(client, notes))).toHaveLength(2)
  })

  describe('through a network that misbehaves', () => {
    let proxy: TcpProxy
    beforeAll(async () => {
      proxy = await createTcpProxy(Number(new URL(database.url).port))
    })
    afterAll(() => proxy?.close())
    afterEach(() => proxy.setMode('pass'))
    const through = (options: Partial<PoolOptions> = {}) => {
      const url = new URL(database.url)
      url.port = String(proxy.port)
      return open({ url: url.href, ...options })
    }

    it('given a server that is silent, connecting and querying end by their own deadlines', async () => {
      const connecting = through({ connectTimeoutMs: 300 })
      proxy.setMode('half-open')
      await expect(query(connecting, { text: 'select 1' })).rejects.toMatchObject({ class: 'dependency' })
      proxy.setMode('pass')
      const querying = through({ statementTimeoutMs: 200 })
      const silent = transaction(querying, owner, async (client) => {
        proxy.setMode('half-open')
        return query(client, notes)
      })
      await expect(silent).rejects.toMatchObject({ class: 'dependency', code: 'postgres.timeout' })
    })

    it('given a connection cut during the commit, the answer is "unknown", not "failed"', async () => {
      const cut = through()
      const unknown = transaction(cut, owner, async (client) => {
        await execute(client, { text: `insert into tx.notes values ($1::uuid, 9)`, values: [ann] })
        proxy.onAnswer(() => 'lose')
      })
      await expect(unknown).rejects.toMatchObject({ code: 'postgres.commit_unknown', class: 'dependency' })
      proxy.onAnswer(undefined)
      const rows = await transaction(pool, owner, (client) => query<{ n: number }>(client, notes))
      expect(rows.map((row) => row.n)).toContain(9)
      await transaction(pool, owner, (client) =>
        execute(client, { text: 'delete from tx.notes where n = 9' }),
      )
    })
  })

  it('given a caller that gave up while it waited for the connection, its statement is never sent', async () => {
    const narrow = open({ max: 1 })
    const statement = {
      text: 'update tx.counters set n = n + 1 where id = $1::int returning n',
      values: [1],
    }
    const [first] = await single<{ n: number }>(narrow, owner, statement)
    const holder = await narrow.connect()
    const controller = new AbortController()
    const given = single(narrow, owner, statement, { signal: controller.signal })
    await eventually('it waits', () => narrow.waitingCount === 1)
    controller.abort(new Error('gave up'))
    holder.release()
    await expect(given).rejects.toThrow('gave up')
    const [second] = await single<{ n: number }>(narrow, owner, statement)
    expect(second?.n).toBe((first?.n ?? 0) + 1)
  })

  it('given a single statement, it runs as the principal, with values quoted, and no superuser passes', async () => {
    const notesOf = (role: string) =>
      single<{ n: number; text: string }>(
        pool,
        { role, userId: ann },
        { text: 'select n, $1::text as text from tx.notes', values: ["'; drop table tx.notes; -- \\"] },
      )
    expect(await notesOf('synap_query')).toEqual([{ n: 1, text: "'; drop table tx.notes; -- \\" }])
    await expect(notesOf('synap_ingest')).rejects.toMatchObject({ code: 'postgres.denied' })
    expect(await query(pool, { text: `select current_setting('role') as role` })).toEqual([{ role: 'none' }])
    await database.superuserSql('create role test_root2 superuser nologin; grant test_root2 to synap')
    await expect(notesOf('test_root2')).rejects.toMatchObject({ code: 'postgres.superuser' })
    await database.superuserSql('drop role test_root2')
  })

  it('given statement names without a schema or too long, they are refused', async () => {
    for (const name of ['find', 'Read.find', `read_v1.${'x'.repeat(60)}`]) {
      await expect(query(pool, { name, text: 'select 1' })).rejects.toThrow('must be schema.name')
    }
    expect(await query(pool, { name: 'tx.one', text: 'select 1 as one' })).toEqual([{ one: 1 }])
  })
})
