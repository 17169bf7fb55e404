import type { UserId } from '@synap/core'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Client,
  capabilitiesOf,
  copyBinary,
  execute,
  type Listener,
  type Pool,
  query,
  single,
  toTimestamptz,
  toVector,
  transaction,
} from '../src/index.ts'
import { createRoles } from '../src/preamble.ts'

/** What a database driver brings to the contract. */
export interface DatabaseHarness {
  /** Of an empty database, as a login user that may create roles, owns the database and is no superuser. */
  pool: Pool
  listen(channels: readonly string[], onNotify: (channel: string) => void): Promise<Listener>
  close(): Promise<void>
}

const ann = '00000000-0000-7000-8000-00000000000a' as UserId
const bob = '00000000-0000-7000-8000-00000000000b' as UserId
const owner = { role: 'synap_projector' }
const reader = (userId?: UserId) => ({ role: 'synap_query', ...(userId === undefined ? {} : { userId }) })

const schema = `
  create table held.notes (user_id uuid not null, n int primary key);
  create table held.counters (id int primary key, n int not null check (n >= 0));
  create table held.values (
    id int primary key, at timestamptz, json jsonb, bytes bytea, vector public.halfvec(3), words text[], big bigint);
  create table held.parts (id bigint, text text) partition by range (id);
  create table held.parts_default partition of held.parts default;
  create index on held.values using hnsw (vector public.halfvec_cosine_ops);
  create index on held.parts using gin (id, to_tsvector('english', text));
  alter table held.notes enable row level security;
  create policy own on held.notes using (user_id = nullif(current_setting('synap.user_id', true), '')::uuid);
  create function held.count_all() returns bigint
    language sql stable security definer set search_path = pg_catalog, pg_temp as 'select count(*) from held.notes';
  create function held.fail(state text) returns void language plpgsql as $$
    begin raise exception 'on purpose' using errcode = state; end $$;
  revoke execute on function held.count_all() from public;
  grant usage on schema held to synap_query;
  grant select on held.notes to synap_query;
  grant execute on function held.count_all() to synap_query;
  insert into held.notes values ('${ann}', 1), ('${bob}', 2);
  insert into held.counters values (1, 0)`

async function makeSchema(pool: Pool): Promise<void> {
  await createRoles(pool, AbortSignal.timeout(30_000))
  await execute(pool, { text: 'create extension if not exists vector' })
  await execute(pool, { text: 'create extension if not exists btree_gin' })
  await execute(pool, { text: 'create schema held authorization synap_projector' })
  await transaction(pool, owner, (client) => execute(client, { text: schema }))
}

/** The promises about a database that the rest of Synap builds on. Each driver runs this suite. */
export function databaseContract(name: string, open: () => Promise<DatabaseHarness>): void {
  describe(`database contract: ${name}`, () => {
    let harness: DatabaseHarness
    let pool: Pool
    beforeAll(async () => {
      harness = await open()
      pool = harness.pool
      await makeSchema(pool)
    }, 600_000)
    afterAll(() => harness?.close())

    isolationPromises(() => pool)
    transactionPromises(() => pool)
    valuePromises(() => pool)
    errorPromises(() => pool)
    singlePromises(() => pool)

    it('given a notification, every listener hears it once it is committed, and none that closed', async () => {
      const heard: string[] = []
      const listener = await harness.listen(['held_changed', 'held_other'], (channel) => heard.push(channel))
      await eventually('it is connected', () => listener.connected() && heard.length >= 2)
      const before = heard.filter((channel) => channel === 'held_changed').length
      await transaction(pool, owner, async (client) => {
        await query(client, { text: `select pg_notify('held_changed', '')` })
      })
      await eventually(
        'the notification came',
        () => heard.filter((channel) => channel === 'held_changed').length > before,
      )
      const heardBefore = heard.length
      const takenBack = transaction(pool, owner, async (client) => {
        await query(client, { text: `select pg_notify('held_changed', '')` })
        throw new Error('changed my mind')
      })
      await expect(takenBack).rejects.toThrow('changed my mind')
      await query(pool, { text: `select pg_notify('held_other', '')` })
      await eventually('what came after it was heard', () => heard.length > heardBefore)
      expect(heard.slice(heardBefore)).toEqual(['held_other'])
      await listener.close()
      const after = heard.length
      await query(pool, { text: `select pg_notify('held_changed', '')` })
      await query(pool, { text: 'select 1' })
      expect(heard.length).toBe(after)
    })
  })
}

function isolationPromises(pool: () => Pool): void {
  const seen = async (userId?: UserId) => {
    const rows = await transaction(pool(), reader(userId), (client) =>
      query<{ n: number }>(client, { text: 'select n from held.notes' }),
    )
    return rows.map((row) => row.n)
  }

  it("given a user, row security shows that user's rows; without one, none; and nothing stays behind", async () => {
    expect(await seen(ann)).toEqual([1])
    expect(await seen(bob)).toEqual([2])
    expect(await seen()).toEqual([])
    const [after] = await query<{ role: string; user_id: string | null }>(pool(), {
      text: `select current_setting('role') as role, nullif(current_setting('synap.user_id', true), '') as user_id`,
    })
    expect(after).toEqual({ role: 'none', user_id: null })
  })

  it('given no role, the login user is no superuser, inherits nothing and sees no table', async () => {
    expect(await query(pool(), { text: `select current_setting('is_superuser') as su` })).toEqual([
      { su: 'off' },
    ])
    await expect(query(pool(), { text: 'select n from held.notes' })).rejects.toMatchObject({
      code: 'postgres.denied',
    })
  })

  it('given a function of its owner, the reader counts through it what it may not read or change', async () => {
    const count = { text: 'select held.count_all() as n', values: [] }
    expect(await single(pool(), reader(ann), count)).toEqual([{ n: 2 }])
    await expect(single(pool(), { role: 'synap_ingest' }, count)).rejects.toMatchObject({
      code: 'postgres.denied',
    })
    const write = transaction(pool(), reader(ann), (client) =>
      execute(client, { text: `insert into held.notes values ('${ann}', 3)` }),
    )
    await expect(write).rejects.toMatchObject({ code: 'postgres.denied' })
  })
}

function transactionPromises(pool: () => Pool): void {
  const add = (client: Client, n: number) =>
    execute(client, { text: 'update held.counters set n = n + $1::int where id = 1', values: [n] })
  const counted = async () => {
    const [row] = await transaction(pool(), owner, (client) =>
      query<{ n: number }>(client, { text: 'select n from held.counters' }),
    )
    return row?.n
  }

  it('given work that rejects or breaks a rule, nothing is kept, the error has its class, and the next one works', async () => {
    const before = await counted()
    const rejecting = transaction(pool(), owner, async (client) => {
      await add(client, 1)
      throw new Error('changed my mind')
    })
    await expect(rejecting).rejects.toThrow('changed my mind')
    await expect(transaction(pool(), owner, (client) => add(client, -1_000))).rejects.toMatchObject({
      code: 'postgres.check',
      class: 'data',
    })
    const twice = { text: `insert into held.notes values ('${ann}', 1)` }
    await expect(transaction(pool(), owner, (client) => execute(client, twice))).rejects.toMatchObject({
      code: 'postgres.unique',
      class: 'data',
    })
    const swallowing = transaction(pool(), owner, async (client) => {
      await add(client, 1)
      await query(client, { text: 'select 1/0' }).catch(() => undefined)
    })
    await expect(swallowing).rejects.toMatchObject({ code: 'postgres.rolled_back' })
    expect(await counted()).toBe(before)
  })

  it('given a collision, it is told as one and the work runs again when that is allowed', async () => {
    let runs = 0
    const collide = async (client: Client) => {
      runs += 1
      if (runs < 3) await query(client, { text: `select held.fail('40001')` })
      return runs
    }
    await expect(transaction(pool(), owner, collide)).rejects.toMatchObject({
      code: 'postgres.serialization',
      class: 'dependency',
    })
    expect(await transaction(pool(), owner, collide, { retries: 2, isolation: 'serializable' })).toBe(3)
  })

  it('given many transactions at once, each has its turn and none is lost', async () => {
    const before = (await counted()) ?? 0
    const turns = Array.from({ length: 40 }, () =>
      transaction(pool(), owner, async (client) => {
        await add(client, 1)
        await query(client, { name: 'held.counted', text: 'select n from held.counters' })
      }),
    )
    await Promise.all(turns)
    expect(await counted()).toBe(before + 40)
  })

  it('given work under way, nobody sees it before it is committed: they see the old, or wait', async () => {
    const before = (await counted()) ?? 0
    let other: Promise<number | undefined> | undefined
    await transaction(pool(), owner, async (client) => {
      await add(client, 5)
      other = counted()
      // With one session the other's turn comes after this one: waiting for it here would wait for ever.
      if (capabilitiesOf(pool()).manySessions) expect(await other).toBe(before)
    })
    expect(await other).toBe(capabilitiesOf(pool()).manySessions ? before : before + 5)
    expect(await counted()).toBe(before + 5)
  })

  it('given an isolation level or read only, the transaction has it, and the next one does not', async () => {
    const levelOf = async (options: Parameters<typeof transaction>[3]) => {
      const rows = await transaction(
        pool(),
        owner,
        (client) =>
          query<{ level: string; read_only: string }>(client, {
            text: `select current_setting('transaction_isolation') as level,
                     current_setting('transaction_read_only') as read_only`,
          }),
        options,
      )
      return Object.values(rows[0] ?? {})
    }
    expect(await levelOf({ isolation: 'repeatable read', readOnly: true })).toEqual(['repeatable read', 'on'])
    expect(await levelOf({ isolation: 'serializable' })).toEqual(['serializable', 'off'])
    expect(await levelOf({})).toEqual(['read committed', 'off'])
    const writing = transaction(pool(), owner, (client) => add(client, 1), { readOnly: true })
    await expect(writing).rejects.toMatchObject({ code: 'postgres.read_only', class: 'dependency' })
  })

  it('given a limit for its statements, the server ends what is beyond it, where it can', async () => {
    const sleeping = transaction(pool(), owner, (client) => query(client, { text: 'select pg_sleep(0.4)' }), {
      statementTimeoutMs: 50,
    })
    if (!capabilitiesOf(pool()).statementTimeout) await expect(sleeping).resolves.toHaveLength(1)
    else await expect(sleeping).rejects.toMatchObject({ code: 'postgres.timeout', class: 'dependency' })
    expect(await query(pool(), { text: `select 1 as one` })).toEqual([{ one: 1 }])
  })

  it('given a signal that aborted already, nothing is begun', async () => {
    const before = await counted()
    const signal = AbortSignal.abort(new Error('stopping'))
    const work = transaction(pool(), owner, (client) => add(client, 1), { signal })
    await expect(work).rejects.toThrow('stopping')
    expect(await counted()).toBe(before)
  })

  it('given a signal in the middle, the wait ends at once, nothing is kept, and prepared statements work on', async () => {
    const before = await counted()
    const controller = new AbortController()
    const waiting = transaction(
      pool(),
      owner,
      async (client) => {
        await add(client, 1)
        await query(client, { name: 'held.counted', text: 'select n from held.counters' })
        setTimeout(() => controller.abort(new Error('stopping')), 20)
        await query(client, { text: 'select pg_sleep(0.3)' })
      },
      { signal: controller.signal },
    )
    const startedAt = performance.now()
    await expect(waiting).rejects.toThrow('stopping')
    expect(performance.now() - startedAt).toBeLessThan(250)
    const prepared = await transaction(pool(), owner, (client) =>
      query(client, { name: 'held.counted', text: 'select n from held.counters' }),
    )
    expect(prepared).toEqual([{ n: before }])
  })
}

function valuePromises(pool: () => Pool): void {
  it('given rows by unnest, every type comes back as it was, nulls included', async () => {
    const at = Date.UTC(2026, 10, 21, 17, 0, 0, 123)
    const text = `insert into held.values
      select id, at, json::jsonb, bytes, vector::public.halfvec, array(select jsonb_array_elements_text(words::jsonb)), big
      from unnest($1::int[], $2::timestamptz[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::bigint[])
        as r(id, at, json, bytes, vector, words, big)`
    const json = { a: [1, 'é', null], b: { c: 'Grüße \u{1f95b}' } }
    const values = [
      [1, 2],
      [toTimestamptz(at), null],
      [JSON.stringify(json), null],
      [Buffer.of(0, 1, 255, 92), null],
      [toVector([1, -0.5, 65_504]), null],
      [JSON.stringify(['a', '', '"{}']), '[]'],
      [2 ** 53 - 1, null],
    ]
    await transaction(pool(), owner, (client) => execute(client, { text, values }))
    const rows = await transaction(pool(), owner, (client) =>
      query<Record<string, unknown>>(client, { text: 'select * from held.values order by id' }),
    )
    expect(rows[0]).toEqual({
      id: 1,
      at,
      json,
      bytes: Buffer.of(0, 1, 255, 92),
      vector: '[1,-0.5,65504]',
      words: ['a', '', '"{}'],
      big: 2 ** 53 - 1,
    })
    expect(rows[1]).toMatchObject({ at: null, json: null, bytes: null, vector: null, words: [] })
  })

  it('given each type of a column, its value comes back by unnest as it was sent', async () => {
    const [one, two] = [ann, bob]
    const at = Date.UTC(1999, 11, 31, 23, 59, 59, 999)
    const text = `select a, b, c, d, e, f, g, h, array(select jsonb_array_elements_text(i::jsonb)::uuid) as i, j::jsonb as j,
                    k::public.vector as k, l
                  from unnest($1::uuid[], $2::int[], $3::bigint[], $4::timestamptz[], $5::real[], $6::float8[],
                    $7::bool[], $8::date[], $9::text[], $10::text[], $11::text[], $12::numeric[])
                    as r (a, b, c, d, e, f, g, h, i, j, k, l)`
    const values = [
      [one, null],
      [-(2 ** 31), null],
      [-(2 ** 53) + 1, null],
      [toTimestamptz(at), null],
      [1.5, null],
      [Math.PI, null],
      [false, null],
      ['2026-02-28', null],
      [JSON.stringify([one, two]), '[]'],
      [JSON.stringify('text, "quoted", {braced}'), null],
      [toVector([1, 2, 0.25]), null],
      ['12345678901234567890.5', null],
    ]
    const rows = await query<Record<string, unknown>>(pool(), { text, values })
    expect(Object.values(rows[0] ?? {})).toEqual([
      one,
      -(2 ** 31),
      -(2 ** 53) + 1,
      at,
      1.5,
      Math.PI,
      false,
      '2026-02-28',
      [one, two],
      'text, "quoted", {braced}',
      '[1,2,0.25]',
      '12345678901234567890.5',
    ])
    expect(Object.values(rows[1] ?? {}).filter((value) => value !== null)).toEqual([[]])
    await expect(query(pool(), { text: 'select 9007199254740993::int8 as n' })).rejects.toThrow('beyond 2^53')
  })

  it('given thousands of rows and megabytes in one statement, all arrive and are found again by their words', async () => {
    const ids = Array.from({ length: 5_000 }, (_, index) => index)
    const texts = ids.map((id) => `note ${id} ${id === 4_321 ? 'giraffe' : 'horse'} ${'x'.repeat(600)}`)
    await transaction(pool(), owner, (client) =>
      execute(client, {
        text: 'insert into held.parts select * from unnest($1::bigint[], $2::text[])',
        values: [ids, texts],
      }),
    )
    const found = await transaction(pool(), owner, (client) =>
      query(client, {
        text: `select id, (select sum(length(text)) from held.parts) as length from held.parts
               where to_tsvector('english', text) @@ to_tsquery('english', 'giraffes')`,
      }),
    )
    expect(found).toEqual([{ id: 4_321, length: texts.join('').length }])
  })

  it('given COPY, it works where the capability says so, and is refused before it is sent where not', async () => {
    const copying = transaction(pool(), owner, (client) => {
      expect(capabilitiesOf(client)).toBe(capabilitiesOf(pool()))
      return copyBinary(
        client,
        'held.counters',
        [
          { name: 'id', type: 'int4' },
          { name: 'n', type: 'int4' },
        ],
        [[7, 7]],
      )
    })
    if (capabilitiesOf(pool()).copy) expect(await copying).toBe(1)
    else await expect(copying).rejects.toThrow('no COPY')
  })
}

function errorPromises(pool: () => Pool): void {
  const failing = (text: string, values: unknown[] = []) =>
    transaction(pool(), owner, (client) => query(client, { text, values }))

  it.each([
    ['08006', 'dependency', 'postgres.unavailable'],
    ['53300', 'dependency', 'postgres.out_of_resources'],
    ['55P03', 'dependency', 'postgres.lock_timeout'],
    ['40P01', 'dependency', 'postgres.serialization'],
    ['3D000', 'configuration', 'postgres.unknown_database'],
    ['22P05', 'data', 'postgres.invalid_value'],
    ['54000', 'data', 'postgres.too_large'],
    ['P0001', 'bug', 'postgres.error'],
    ['SY001', 'bug', 'postgres.error'],
  ])(
    'given the state %s of a function, it arrives as class %s, and the state with it',
    async (state, kind, code) => {
      await expect(failing('select held.fail($1)', [state])).rejects.toMatchObject({
        class: kind,
        code,
        fields: { sqlstate: state },
      })
      expect(await query(pool(), { text: 'select 1 as one' })).toEqual([{ one: 1 }])
    },
  )

  it.each([
    ['a missing table', 'select * from held.nothing', 'configuration', 'postgres.unknown_object'],
    ['a missing column', 'select nothing from held.notes', 'configuration', 'postgres.unknown_object'],
    ['a missing function', 'select held.nothing()', 'configuration', 'postgres.unknown_object'],
    ['a missing schema', 'create table nothing.here (n int)', 'configuration', 'postgres.unknown_object'],
    ['a missing value', `insert into held.notes values (null, 77)`, 'data', 'postgres.not_null'],
    ['a text that is no number', `select 'secret'::int`, 'data', 'postgres.invalid_value'],
    ['a division by zero', 'select 1/0', 'data', 'postgres.invalid_value'],
    ['words that are no SQL', 'selekt 1', 'bug', 'postgres.error'],
  ])('given %s, the server says so', async (_, text, kind, code) => {
    const error: unknown = await failing(text).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ class: kind, code })
    expect(JSON.stringify([String(error), error])).not.toContain('secret')
  })

  it('given half a character or a NUL in a text, it is refused as data and the connection goes on', async () => {
    await expect(failing('select $1::text', ['a\0b'])).rejects.toMatchObject({ class: 'data' })
    expect(await query(pool(), { text: 'select $1::text as t', values: ['Grüße \u{1f95b}'] })).toEqual([
      { t: 'Grüße \u{1f95b}' },
    ])
  })
}

function singlePromises(pool: () => Pool): void {
  const text = `select $1::text as text, $2::bigint as n, $3::bool as yes, $4::text as none,
                  current_setting('role') as role, current_setting('synap.user_id') as user_id`

  it('given one statement, it runs as its principal with its values as they are, and nothing stays behind', async () => {
    const odd = `'; drop table held.notes; -- \\ $1 \n"é\u{1f95b}`
    const rows = await single(pool(), reader(ann), { text, values: [odd, 7, true, null] })
    expect(rows).toEqual([{ text: odd, n: 7, yes: true, none: null, role: 'synap_query', user_id: ann }])
    const [after] = await query<{ role: string }>(pool(), { text: `select current_setting('role') as role` })
    expect(after).toEqual({ role: 'none' })
  })

  it('given one that fails, its error has its class, nothing is kept, and the next one works', async () => {
    const failing = single(pool(), owner, {
      text: 'with added as (insert into held.counters values (90, 1) returning n) select held.fail($1) from added',
      values: ['23514'],
    })
    await expect(failing).rejects.toMatchObject({ code: 'postgres.check', class: 'data' })
    const left = { text: 'select count(*) as n from held.counters where id = 90', values: [] }
    expect(await single(pool(), owner, left)).toEqual([{ n: 0 }])
  })

  it('given a signal that aborted, the statement is never sent', async () => {
    const signal = AbortSignal.abort(new Error('stopping'))
    const statement = { text: 'insert into held.counters values (91, 1)', values: [] }
    await expect(single(pool(), owner, statement, { signal })).rejects.toThrow('stopping')
    const left = { text: 'select count(*) as n from held.counters where id = 91', values: [] }
    expect(await single(pool(), owner, left)).toEqual([{ n: 0 }])
  })
}
