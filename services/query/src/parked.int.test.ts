import { uuidv7 } from '@synap/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startQuery, type TestQuery } from '../test/start-query.ts'

const operator = uuidv7()
const [anna, bert] = [uuidv7(), uuidv7()]

describe('what is parked, for operators', () => {
  let query: TestQuery
  beforeAll(async () => {
    query = await startQuery([], undefined, { operators: new Set([operator]) })
  })
  afterAll(() => query.close())
  beforeEach(async () => {
    for (const schema of ['log', 'read_v1', 'enrich']) {
      await query.database.superuserSql(
        `truncate ${schema}.parked, ${schema}.parked_history restart identity; delete from ${schema}.user_positions`,
      )
    }
  })

  const post = async (path: string, payload?: object, user = operator) => {
    const answer = await query.app.inject({
      method: 'POST',
      url: path,
      headers: { authorization: `Bearer ${user}` },
      ...(payload && { payload }),
    })
    return { status: answer.statusCode, json: answer.json() }
  }
  const list = async (more = '') => (await query.get(`/v1/parked${more}`, operator)).json
  const groupOf = async (consumer: string) =>
    (await list()).items.find((group: { consumer: string }) => group.consumer === consumer)
  const sql = (text: string) => query.database.superuserSql(text)

  /** Parks an event and, behind it, later ones of the same item. */
  const park = async (
    schema: string,
    {
      user = anna,
      sequence = 1,
      reason = 'refused_by_store',
      detail = 'postgres.check constraint=c',
      behind = 0,
    } = {},
  ) => {
    const item = uuidv7()
    const row = (at: number, why: string, what: string) =>
      `('${user}', '${item}', ${at}, ${at}, gen_random_uuid(), 'entity.title_changed', '${why}', ${what}, true, 'x')`
    const rows = [
      row(sequence, reason, `'${detail}'`),
      ...Array.from({ length: behind }, (_, index) => row(sequence + 1 + index, 'behind_parked', 'null')),
    ]
    await sql(`insert into ${schema}.user_positions (user_id, seen) values ('${user}', 100) on conflict do nothing;
      insert into ${schema}.parked (user_id, aggregate_id, version, sequence, event_id, event_type, reason, detail, slot,
        value) values ${rows.join(', ')}`)
  }

  it('given three consumers, each cause is a group with its numbers and what to do', async () => {
    await park('log', { reason: 'undecodable', detail: 'frame: magic' })
    await park('read_v1', { behind: 2 })
    await park('read_v1', { user: bert, sequence: 9 })
    await park('enrich')
    const { items, unknown } = await list()
    expect(unknown).toEqual([])
    expect(
      items.map(({ consumer, reason, events, waiting, users }: Record<string, unknown>) => [
        consumer,
        reason,
        events,
        waiting,
        users,
      ]),
    ).toEqual([
      ['events-writer', 'undecodable', 1, 0, 1],
      ['projector', 'refused_by_store', 2, 2, 2],
      ['enricher', 'refused_by_store', 1, 0, 1],
    ])
    expect(new Set(items.map(({ id }: { id: string }) => id)).size).toBe(3)
    expect(items[1].advice).toContain('retry')
    expect(items[1].ifDiscarded).toContain('search')
    expect((await list('?consumer=enricher')).items).toHaveLength(1)
    expect((await list('?state=closed')).items).toEqual([])
    expect((await query.get('/v1/parked?consumer=nobody', operator)).status).toBe(400)
  })

  it('given a group, its id stays while events come and go', async () => {
    await park('read_v1')
    const { id } = await groupOf('projector')
    await park('read_v1', { user: bert })
    await sql(`update read_v1.parked set state = 'applied' where user_id = '${anna}'`)
    expect(await groupOf('projector')).toMatchObject({ id, events: 1 })
    expect((await list('?state=closed')).items).toMatchObject([{ id, events: 1 }])
  })

  it('given a second read model that is kept level, what it has parked is a group of its own', async () => {
    await park('read_v1')
    const { id } = await groupOf('projector')
    // what a rebuild leaves: the same function under another name
    await sql(`create schema read_v2; grant usage on schema read_v2 to synap_operator;
      create function read_v2.parked_groups(closed boolean) returns table (slot boolean, reason text, cause text,
          events bigint, users bigint, waiting bigint, marked bigint, triable bigint, discarded bigint,
          oldest_at timestamptz, newest_at timestamptz, last_id bigint, event_type text)
        language sql security definer as 'select * from read_v1.parked_groups(closed)';
      insert into read_meta.read_models (n, state) values (2, 'followed')`)
    try {
      const { items } = await list('?consumer=projector')
      const idOf = (store: string) =>
        items.find((group: { store: string }) => group.store === store).id as string
      expect(items).toHaveLength(2)
      expect(idOf('read_v1')).toBe(id)
      expect(idOf('read_v2')).not.toBe(id)
    } finally {
      await sql('drop schema read_v2 cascade; delete from read_meta.read_models where n = 2')
    }
  })

  it('given more events than a page, a cursor goes on, and is of no use in another group', async () => {
    for (let sequence = 1; sequence <= 5; sequence += 1) await park('read_v1', { sequence })
    await park('enrich')
    const { id } = await groupOf('projector')
    const seen: number[] = []
    let path: string | null = `/v1/parked/${id}/events?limit=2`
    let cursor = ''
    while (path !== null) {
      const { json }: { json: { items: { sequence: number }[]; next: string | null } } = await query.get(
        path,
        operator,
      )
      seen.push(...json.items.map(({ sequence }) => sequence))
      cursor = json.next ?? cursor
      path = json.next === null ? null : `/v1/parked/${id}/events?limit=2&cursor=${json.next}`
    }
    expect(seen).toEqual([1, 2, 3, 4, 5])
    const other = (await groupOf('enricher')).id
    expect((await query.get(`/v1/parked/${other}/events?limit=2&cursor=${cursor}`, operator)).status).toBe(
      400,
    )
  })

  it('given a dry run, it says what would be tried and marks nothing; a retry marks, and is told by whom', async () => {
    await park('read_v1', { behind: 2 })
    const { id } = await groupOf('projector')
    const answer = { group: id, dryRun: true, events: 1, waiting: 2, ifDiscarded: null }
    expect(await post(`/v1/parked/${id}:retry`, { dryRun: true })).toEqual({ status: 200, json: answer })
    const marked = `select state, count(*) from read_v1.parked group by 1 order by 1`
    expect(await sql(marked)).toEqual(['open|3'])
    expect((await post(`/v1/parked/${id}:retry`)).json).toEqual({ ...answer, dryRun: false })
    expect(await sql(marked)).toEqual(['open|2', 'retry|1'])
    expect((await post(`/v1/parked/${id}:retry`)).json.events).toBe(0)
    const { items } = (await query.get(`/v1/parked/${id}/events`, operator)).json
    expect(items).toMatchObject([{ state: 'retry', waiting: 2 }])
    expect(items[0].history).toMatchObject([{ step: 'marked', byUser: operator, byKey: operator, times: 1 }])
  })

  it('given a discard, it needs a reason and what was looked at, gives up only that, and keeps who and why', async () => {
    await park('read_v1', { behind: 1 })
    const { id, upTo } = await groupOf('projector')
    for (const body of [
      {},
      { upTo },
      { reason: 'forged' },
      { reason: 'x', upTo },
      { reason: 'forged', upTo, all: true },
    ])
      expect((await post(`/v1/parked/${id}:discard`, body)).status).toBe(400)
    await park('read_v1', { user: bert })
    const dry = await post(`/v1/parked/${id}:discard`, { reason: 'forged', upTo, dryRun: true })
    expect(dry.json).toMatchObject({ dryRun: true, ifDiscarded: expect.stringContaining('rebuild') })
    expect(await sql(`select count(*) from read_v1.parked where state <> 'open'`)).toEqual(['0'])
    expect((await post(`/v1/parked/${id}:discard`, { reason: 'forged', upTo })).json).toMatchObject({
      events: 1,
    })
    expect(
      await sql(`select sequence, state from read_v1.parked where user_id = '${anna}' order by 1`),
    ).toEqual(['1|discarded', '2|retry'])
    const left = (await list()).items.find((group: { id: string }) => group.id === id)
    expect(left).toMatchObject({ users: 1, events: 1 })
    const closed = (await query.get(`/v1/parked/${id}/events?state=closed`, operator)).json.items
    expect(closed[0].history.at(-1)).toMatchObject({ step: 'discarded', byUser: operator, why: 'forged' })
  })

  it('given more rows than are marked at once, all of them are', async () => {
    await sql(`insert into read_v1.user_positions (user_id, seen) values ('${anna}', 2000);
      insert into read_v1.parked (user_id, aggregate_id, version, sequence, reason, slot, value)
      select '${anna}', gen_random_uuid(), 1, n, 'undecodable', true, 'x' from generate_series(1, 1203) n`)
    const { id } = await groupOf('projector')
    expect((await post(`/v1/parked/${id}:retry`)).json.events).toBe(1_203)
    expect(await groupOf('projector')).toMatchObject({ events: 1_203, retrying: 1_203 })
  })

  it('given what has no place, a retry is refused and says what to do; deadly bytes are never shown', async () => {
    await sql(`insert into log.parked (reason, slot, value, topic, partition, record_offset) values
      ('inconsistent', false, 'x', 'synap.events.v1', 0, 1), ('killer', false, 'bang', 'synap.events.v1', 0, 2)`)
    const { items } = await list()
    const id = (reason: string) =>
      items.find((group: { reason: string }) => group.reason === reason).id as string
    const refused = await post(`/v1/parked/${id('inconsistent')}:retry`, { dryRun: true })
    expect(refused).toMatchObject({ status: 422, json: { detail: expect.stringContaining('discarded') } })
    const deadly = (await query.get(`/v1/parked/${id('killer')}/events`, operator)).json.items
    expect(deadly).toMatchObject([{ bytes: { length: 4 }, decoded: { outcome: 'not' } }])
  })

  it('given a group in which nothing is, its events are none and nothing is marked', async () => {
    const none = '0123456789ab'
    expect((await query.get(`/v1/parked/${none}/events`, operator)).json).toEqual({ items: [], next: null })
    expect((await post(`/v1/parked/${none}:retry`)).json).toMatchObject({ events: 0, waiting: 0 })
    expect((await post(`/v1/parked/${none}:discard`, { reason: 'gone', upTo: 1 })).json).toMatchObject({
      events: 0,
    })
    expect((await query.get('/v1/parked/nothing/events', operator)).status).toBe(400)
  })

  it('given a consumer that is not installed, the others are told, and it is named', async () => {
    await park('log')
    await sql('alter schema enrich rename to elsewhere')
    try {
      const { items, unknown } = await list()
      expect([items.length, unknown]).toEqual([1, ['enricher']])
      expect((await query.get('/v1/parked/0123456789ab/events', operator)).status).toBe(503)
    } finally {
      await sql('alter schema elsewhere rename to enrich')
    }
  })

  it('given a key without the scope operate, every call is refused and nothing is marked', async () => {
    await park('read_v1')
    const { id, upTo } = await groupOf('projector')
    expect((await query.get('/v1/parked', anna)).status).toBe(403)
    expect((await query.get(`/v1/parked/${id}/events`, anna)).status).toBe(403)
    expect((await post(`/v1/parked/${id}:retry`, {}, anna)).status).toBe(403)
    expect((await post(`/v1/parked/${id}:discard`, { reason: 'mine', upTo }, anna)).status).toBe(403)
    expect(await sql('select state from read_v1.parked')).toEqual(['open'])
  })
})
