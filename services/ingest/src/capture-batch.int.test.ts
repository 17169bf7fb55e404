import { sha256Hex, uuidv7 } from '@synap/core'
import type { TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBehindProxies } from '../test/behind-proxies.ts'
import { type Account, type Answer, call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'

let stack: IngestStack
let ingest: TestService
let ana: Account

beforeAll(async () => {
  stack = await createIngestStack(['ingest', 'events-writer'])
  ingest = await stack.start()
  ana = await stack.createAccount()
  await ingest.waitReady()
}, 300_000)
afterAll(() => stack?.close())

interface Made {
  id: string
  version: number
  sequence: number
  status: string
}
const madeOf = ({ body }: Answer) => body['items'] as Made[]
const batch = (items: readonly object[], idempotencyKey?: string, service: { url: string } = ingest) =>
  call(service, '/v1/entities:batch', {
    body: { items },
    key: ana.key,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  })
const capture = (body: object) => call(ingest, '/v1/entities', { body, key: ana.key })
const lines = (sql: string) => stack.database.superuserSql(sql)
const one = async (sql: string) => (await lines(sql))[0] ?? ''
const stored = () =>
  one(`
    select (select count(*) from write.outbox where user_id = '${ana.userId}'),
           (select count(*) from write.streams where user_id = '${ana.userId}'),
           (select count(*) from write.objects where user_id = '${ana.userId}'),
           (select count(*) from write.object_leases where expires_at > clock_timestamp())`)
const eventsOf = (id: string) =>
  lines(`select event_type from write.outbox where aggregate_id = '${id}' order by version`)
const endLease = (key: string) =>
  lines(`update write.idempotency set lease_expires_at = clock_timestamp() where idempotency_key = '${key}';`)
const mintedFor = async (key: string) =>
  JSON.parse(await one(`select ids from write.idempotency where idempotency_key = '${key}'`)) as {
    entities: string[]
    objects: string[]
  }
const keysOf = (ids: readonly string[]) =>
  lines(
    `select object_key from write.objects where aggregate_id in (${ids.map((id) => `'${id}'`).join()}) order by 1`,
  )
const mixed = [
  { type: 'note', content: 'one' },
  { type: 'task', title: 'two', task: { status: 'in_progress' }, tags: ['home', 'Garden'] },
  { type: 'note', title: 'three', content: 'one', tags: ['garden'] },
  { type: 'idea', title: 'four', content: '' },
]

describe('a batch', () => {
  it('given items of many kinds, all are captured, told in their order with their numbers', async () => {
    const answer = await batch(mixed)
    expect(answer.status).toBe(201)
    const made = madeOf(answer)
    expect(made).toHaveLength(4)
    const [note, task, third, idea] = made as [Made, Made, Made, Made]
    expect(await eventsOf(note.id)).toEqual(['entity.created', 'entity.file_uploaded'])
    expect((await eventsOf(task.id)).slice(0, 3)).toEqual([
      'entity.created',
      'entity.tag_added',
      'entity.tag_added',
    ])
    expect(await eventsOf(idea.id)).toEqual(['entity.created'])
    for (const { id, version, sequence, status } of made) {
      const at = `select version, sequence from write.streams where aggregate_id = '${id}'`
      expect(await one(at)).toBe(`${version}|${sequence}`)
      expect(status).toBe(`/v1/entities/${id}/status`)
    }
    expect(answer.body['sequence']).toBe(idea.sequence)
    expect(made.map(({ sequence }) => sequence)).toEqual(
      made.map(({ sequence }) => sequence).toSorted((a, b) => a - b),
    )
    const correlations = await lines(
      `select distinct replace(correlation_id::text, '-', '') from write.outbox where aggregate_id in ('${note.id}', '${idea.id}')`,
    )
    expect(correlations).toEqual([answer.body['correlationId']])
    // The same bytes twice are two objects: each item has its own.
    expect(await keysOf([note.id, third.id])).toHaveLength(2)
    const content = JSON.parse(
      await one(`select state from write.streams where aggregate_id = '${third.id}'`),
    )
    expect(content).toMatchObject({
      preview: 'one',
      content: { sha256: sha256Hex('one') },
      tags: [{ name: 'garden' }],
    })
    expect(await one(`select count(*) from write.tags where user_id = '${ana.userId}'`)).toBe('2')
  })

  it('given items that are not valid, each is named by its place, and nothing is stored', async () => {
    const before = await stored()
    const answer = await batch([
      { type: 'note', title: 'good' },
      { type: 'note', title: 7 },
      { type: 'note', title: 'x', surprise: true },
      { type: 'note' },
    ])
    expect(answer.status).toBe(400)
    const paths = (answer.body['errors'] as { path: string }[]).map(({ path }) => path)
    expect(paths.toSorted()).toEqual(['body.items.1.title', 'body.items.2.surprise', 'body.items.3.content'])
    const empty = await batch([
      { type: 'note', title: 'good' },
      { type: 'note', content: '' },
    ])
    expect([empty.status, empty.body['code'], empty.body['detail']]).toEqual([
      422,
      'entity.empty',
      expect.stringContaining('Item 1: '),
    ])
    expect(await stored()).toBe(before)
  })

  it('given more than it may have, it is refused; only this call takes 16 MiB', async () => {
    const before = await stored()
    const title = (n: number) => ({ type: 'note', title: `${n}` })
    expect((await batch([])).status).toBe(400)
    expect((await batch(Array.from({ length: 1_001 }, (_, n) => title(n)))).status).toBe(400)
    const tags = Array.from({ length: 50 }, (_, n) => `tag ${n}`)
    const tagged = await batch(Array.from({ length: 101 }, (_, n) => ({ ...title(n), tags })))
    expect([tagged.status, (tagged.body['errors'] as object[])[0]]).toEqual([
      400,
      { path: 'body.items', message: 'must not have more than 5000 tags in all' },
    ])
    const large = { type: 'note', content: 'x'.repeat(1_000_000) }
    expect((await batch(Array.from({ length: 17 }, () => large))).status).toBe(413)
    expect((await call(ingest, '/v1/relations', { key: ana.key, body: [large, large, large] })).status).toBe(
      413,
    )
    expect(await stored()).toBe(before)
    expect((await batch(Array.from({ length: 15 }, () => large))).status).toBe(201)
  })

  it('given tags that were renamed and merged since, the items get what has become of them', async () => {
    const tag = async (name: string) => {
      await capture({ type: 'note', title: 'x', tags: [name] })
      return one(`select tag_id from write.tags where user_id = '${ana.userId}' and normalized = '${name}'`)
    }
    const [gone, kept, renamed] = [await tag('gone'), await tag('kept'), await tag('before')]
    await call(ingest, `/v1/tags/${gone}:merge`, { key: ana.key, body: { into: kept } })
    await call(ingest, `/v1/tags/${renamed}`, { key: ana.key, method: 'PATCH', body: { name: 'after' } })
    // By itself: a tag that was renamed would have the user read for all items.
    const merged = madeOf(
      await batch([
        { type: 'note', title: 'a', tags: ['gone'] },
        { type: 'note', title: 'b', tags: ['gone', 'kept'], content: 'b' },
      ]),
    )
    const made = madeOf(
      await batch([
        { type: 'note', title: 'b', tags: ['before', 'after'] },
        { type: 'note', title: 'c', tags: ['before'], content: 'c' },
      ]),
    )
    const tagsOf = async ({ id }: Made) => {
      const state = JSON.parse(await one(`select state from write.streams where aggregate_id = '${id}'`)) as {
        tags: { id: string; name: string }[]
      }
      return state.tags.map(({ id, name }) => ({ id, name }))
    }
    const [b, c] = made as [Made, Made]
    for (const item of merged) expect(await tagsOf(item)).toEqual([{ id: kept, name: 'kept' }])
    const [before, after] = await tagsOf(b)
    expect([before?.name, after]).toEqual(['before', { id: renamed, name: 'after' }])
    expect(before?.id).not.toBe(renamed)
    expect(await tagsOf(c)).toEqual([before])
  })
})

describe('a batch sent again', () => {
  it.each([
    { what: 'without content', items: [1, 2, 3].map((n) => ({ type: 'note', title: `${n}` })) },
    { what: 'with content', items: [1, 2, 3].map((n) => ({ type: 'note', content: `${n}` })) },
  ])(
    'given 20 posts $what with one key, one effect, and each answer tells it or to wait',
    async ({ items }) => {
      const key = uuidv7()
      const before = Number(await one(`select sequence from write.users where user_id = '${ana.userId}'`))
      const answers = await Promise.all(Array.from({ length: 20 }, () => batch(items, key)))
      const made = answers.filter(({ status }) => status === 201)
      expect(answers.filter(({ status }) => status !== 201 && status !== 409)).toEqual([])
      expect(new Set(made.map(({ body }) => JSON.stringify(body))).size).toBe(1)
      expect(made.filter(({ headers }) => headers.get('idempotency-replayed') !== 'true')).toHaveLength(1)
      const body = made[0]?.body
      const events =
        Number(await one(`select sequence from write.users where user_id = '${ana.userId}'`)) - before
      expect([events, body?.['sequence']]).toEqual([
        items.some((item) => 'content' in item) ? 6 : 3,
        before + events,
      ])
      expect((await batch(items, key)).body).toEqual(body)
      expect((await batch(items.slice(1), key)).status).toBe(422)
    },
  )

  it('given a kill between the puts, the retry goes on with the same ids and keys, and there is one effect', async () => {
    const dying = await stack.start({ SYNAP_CRASHPOINT: 'ingest.after_put:2' })
    await dying.waitReady()
    const before = await one(`select sequence from write.users where user_id = '${ana.userId}'`)
    await expect(batch(mixed, 'batch-after-put', dying)).rejects.toThrow('fetch failed')
    expect(await dying.exited).toMatchObject({ signal: 'SIGKILL' })
    expect(await one(`select sequence from write.users where user_id = '${ana.userId}'`)).toBe(before)
    const minted = await mintedFor('batch-after-put')

    expect((await batch(mixed, 'batch-after-put')).status).toBe(409)
    await endLease('batch-after-put')
    const retry = await batch(mixed, 'batch-after-put')
    expect(madeOf(retry).map(({ id }) => id)).toEqual(minted.entities)
    expect(await keysOf(minted.entities)).toEqual(minted.objects.toSorted())
    expect((await batch(mixed, 'batch-after-put')).body).toEqual(retry.body)
  })

  it('given a kill after the commit, the retry is the stored answer at once', async () => {
    const dying = await stack.start({ SYNAP_CRASHPOINT: 'ingest.after_commit' })
    await dying.waitReady()
    await expect(batch(mixed, 'batch-after-commit', dying)).rejects.toThrow('fetch failed')
    expect(await dying.exited).toMatchObject({ signal: 'SIGKILL' })
    const [before, minted] = [await stored(), await mintedFor('batch-after-commit')]
    const retry = await batch(mixed, 'batch-after-commit')
    expect([retry.status, retry.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
    expect(madeOf(retry).map(({ id }) => id)).toEqual(minted.entities)
    for (const { id, sequence } of madeOf(retry))
      expect(await one(`select sequence from write.streams where aggregate_id = '${id}'`)).toBe(`${sequence}`)
    expect(await stored()).toBe(before)
  })

  it('given a store that breaks off, 503 and no event; the retry need not wait, and has the same ids', async () => {
    const { service, objects, close } = await startBehindProxies(stack)
    try {
      const before = await one(`select sequence from write.users where user_id = '${ana.userId}'`)
      objects.setMode('cut')
      const away = await batch(mixed, 'batch-no-store', service)
      expect(away.status).toBe(503)
      expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await one(`select sequence from write.users where user_id = '${ana.userId}'`)).toBe(before)
      const minted = await mintedFor('batch-no-store')
      objects.setMode('pass')
      const retry = await batch(mixed, 'batch-no-store', service)
      expect(retry.status).toBe(201)
      expect(madeOf(retry).map(({ id }) => id)).toEqual(minted.entities)
    } finally {
      await close()
    }
  })
})

describe('a batch beside other writes', () => {
  it('given 1,000 items and single captures of the same user at once, none fails and no number is missing', async () => {
    const eve = await stack.createAccount()
    const items = Array.from({ length: 1_000 }, (_, n) => ({ type: 'note', title: `n ${n}`, tags: ['many'] }))
    const post = (path: string, body: object) => call(ingest, path, { body, key: eve.key })
    const answers = await Promise.all([
      post('/v1/entities:batch', { items }),
      ...Array.from({ length: 20 }, (_, n) =>
        post('/v1/entities', { type: 'note', title: `s ${n}`, tags: ['many'] }),
      ),
      post('/v1/entities:batch', { items }),
      ...Array.from({ length: 20 }, (_, n) => post('/v1/entities', { type: 'note', content: `c ${n}` })),
    ])
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    expect(
      await one(
        `select count(*), max(sequence), count(distinct sequence) from write.outbox where user_id = '${eve.userId}'`,
      ),
    ).toBe('4080|4080|4080')
    const [first] = answers as [Answer]
    const sequences = madeOf(first).map(({ sequence }) => sequence)
    expect(sequences.map((sequence) => sequence - (sequences[0] ?? 0))).toEqual(items.map((_, n) => 2 * n))
  })
})
