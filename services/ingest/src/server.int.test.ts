import { parseEventHeaders, parseFrame, readKnownEvent, type SynapEvent } from '@synap/contracts'
import { sha256Hex } from '@synap/core'
import { createS3Store, type ObjectStore } from '@synap/object-store'
import { createPool, type Pool } from '@synap/postgres'
import { eventually, type TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'
import { readTopic } from '../test/topic-reader.ts'
import { createSchemaBook } from './schema-book.ts'

let stack: IngestStack
let service: TestService
let store: ObjectStore
let pool: Pool
let topic: Awaited<ReturnType<typeof readTopic>>
let ana: Account
let ben: Account

beforeAll(async () => {
  stack = await createIngestStack()
  service = await stack.start()
  const { env } = stack
  store = createS3Store({
    endpoint: env['S3_ENDPOINT'] ?? '',
    region: env['S3_REGION'] ?? '',
    bucket: stack.bucket,
    accessKeyId: env['S3_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: env['S3_SECRET_ACCESS_KEY'] ?? '',
  })
  pool = createPool({ url: stack.database.url, applicationName: 'server-test' })
  topic = await readTopic(env['KAFKA_BROKERS'] ?? '', stack.topic)
  ana = await stack.createAccount('read', 'write', 'admin')
  ben = await stack.createAccount()
  await service.waitReady()
}, 300_000)

afterAll(async () => {
  await topic?.close()
  await store?.close()
  await pool?.end()
  await stack?.close()
})

const capture = (body: unknown, account: Account = ana, idempotencyKey?: string) =>
  call(service, '/v1/entities', {
    body,
    key: account.key,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  })

/** The events of an entity on the topic, decoded, once there are `count`. */
async function eventsOf(id: string, count: number): Promise<SynapEvent[]> {
  const schemas = await createSchemaBook(pool)
  const decode = () =>
    topic.records().flatMap(({ headers, value }) => {
      const place = parseEventHeaders(headers)
      const frame = parseFrame(value)
      if (!place.ok || place.aggregateId !== id || frame.refused !== undefined) return []
      const read = readKnownEvent(schemas.find(place.fingerprint).schema, frame.payload)
      if (!read.ok) throw new Error('an event of ours cannot be read')
      return [read.event]
    })
  await eventually(`${count} events are on the topic`, () => decode().length >= count)
  return decode()
}

describe('a capture', () => {
  it('given content, title and tags, they are in store, ledger and topic, and the answer says where', async () => {
    const content = '# Milk\n\nBuy milk tomorrow.'
    const answer = await capture({ type: 'task', content, title: 'Milk', tags: ['Home', 'home', 'food'] })
    expect(answer).toMatchObject({ status: 201, body: { version: 4, sequence: 4 } })
    const id = String(answer.body['id'])
    expect(answer.headers.get('location')).toBe(`/v1/entities/${id}`)
    expect(answer.headers.get('etag')).toBe('"4"')
    expect(answer.body['status']).toBe(`/v1/entities/${id}/status`)
    expect(answer.body['correlationId']).toMatch(/^[0-9a-f]{32}$/)

    const events = await eventsOf(id, 4)
    expect(events.map(({ type, version, sequence }) => [type, version, sequence])).toEqual([
      ['entity.created', 1, 1],
      ['entity.file_uploaded', 2, 2],
      ['entity.tag_added', 3, 3],
      ['entity.tag_added', 4, 4],
    ])
    expect(new Set(events.map(({ correlationId }) => correlationId))).toEqual(
      new Set([answer.body['correlationId']]),
    )
    const [, uploaded] = events
    if (uploaded?.type !== 'entity.file_uploaded') throw new Error('the second event is the upload')
    const { file, preview } = uploaded.delta
    expect(preview).toBe('# Milk Buy milk tomorrow.')
    expect(file).toMatchObject({ sha256: sha256Hex(content), size: content.length, fileType: 'markdown' })
    expect(file.key).toBe(`users/${ana.userId}/tasks/${id}.${sha256Hex(content).slice(0, 16)}.md`)
    expect((await store.read(file.key, { maxBytes: 1_000 })).bytes.toString()).toBe(content)
    const ledger = await stack.database.superuserSql(
      `select object_key, encode(sha256, 'hex'), size_bytes, (select count(*) from write.object_leases)
         from write.objects where aggregate_id = '${id}'`,
    )
    expect(ledger).toEqual([`${file.key}|${sha256Hex(content)}|${content.length}|0`])
  })

  it('given the same tag again in another spelling, it has the same id', async () => {
    const answer = await capture({ type: 'note', title: 'second', tags: ['  HOME '] })
    const [, tagged] = await eventsOf(String(answer.body['id']), 2)
    const ids = await stack.database.superuserSql(
      `select tag_id from write.tags where user_id = '${ana.userId}' and normalized = 'home'`,
    )
    expect(tagged?.type === 'entity.tag_added' && tagged.delta.tagId).toBe(ids[0])
  })

  it('given a tag that was renamed, its old name becomes a new tag and its new name is the old one', async () => {
    const carl = await stack.createAccount()
    await capture({ type: 'note', title: 'a', tags: ['old'] }, carl)
    const [renamed] = await stack.database.superuserSql(
      `update write.tags set normalized = 'new', name = 'new' where user_id = '${carl.userId}' returning tag_id;`,
    )
    const again = await capture({ type: 'note', title: 'b', tags: ['old', 'new'] }, carl)
    expect(again.status).toBe(201)
    const tags = await stack.database.superuserSql(
      `select normalized || ' ' || (tag_id = '${renamed}') from write.tags where user_id = '${carl.userId}'
        order by 1`,
    )
    expect(tags).toEqual(['new true', 'old false'])
  })
})

describe('what is refused', () => {
  it('given no key, a wrong one, or one without the scope, the answer is 401 or 403', async () => {
    const reader = await stack.createAccount('read')
    const body = { type: 'note', title: 'x' }
    expect((await call(service, '/v1/entities', { body })).status).toBe(401)
    expect((await call(service, '/v1/entities', { body, key: `syn_${'A'.repeat(43)}` })).status).toBe(401)
    expect((await capture(body, reader)).status).toBe(403)
  })

  it('given a bad body, the problem names each field; NUL is refused too', async () => {
    const bad = await capture({ type: 'poem', title: 5, userId: ben.userId, tags: ['ok', ''] })
    expect(bad.status).toBe(400)
    expect(bad.headers.get('content-type')).toContain('application/problem+json')
    const errors = bad.body['errors'] as { path: string }[]
    expect([...new Set(errors.map(({ path }) => path))].sort()).toEqual([
      'body.tags.1',
      'body.title',
      'body.type',
      'body.userId',
    ])
    for (const text of ['a\\u0000b', 'a\\ud800b']) {
      expect((await capture(`{"type":"note","content":"${text}"}`)).status).toBe(400)
    }
    expect((await capture({ type: 'note', title: 'x' }, ana, 'k'.repeat(10_000))).status).toBe(400)
  })

  it('given much metadata in many short fields, it is stored', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 1_600 }, (_, index) => [`k${index}`, 1]))
    expect((await capture({ type: 'note', title: 'metadata', metadata })).status).toBe(201)
  })

  it('given another user’s entity, every route answers as for an id that does not exist', async () => {
    const { body } = await capture({ type: 'note', title: 'private' })
    const routes = [
      { method: 'DELETE', path: (id: string) => `/v1/entities/${id}` },
      { method: 'POST', path: (id: string) => `/v1/entities/${id}/analyses`, body: analysis('x', 1) },
    ]
    for (const { method, path, body: sent } of routes) {
      const options = { method, key: ben.key, ...(sent === undefined ? {} : { body: sent }) }
      const theirs = await call(service, path(String(body['id'])), options)
      const unknown = await call(service, path('01900000-0000-7000-8000-000000000000'), options)
      expect([theirs.status, unknown.status]).toEqual([404, 404])
      const shape = (answer: typeof theirs) => ({ ...answer.body, correlationId: '', instance: '' })
      expect(shape(theirs)).toEqual(shape(unknown))
    }
    expect(
      (await call(service, `/v1/entities/${String(body['id'])}`, { method: 'DELETE', key: ana.key })).status,
    ).toBe(200)
  })

  it('given a key without act:any, no internal route answers and nobody can be acted for', async () => {
    for (const path of ['/internal/heads', `/internal/events?user=${ana.userId}&from=1&to=2`]) {
      expect((await call(service, path, { key: ana.key })).status).toBe(403)
    }
    const headers = { 'synap-user': ana.userId }
    const other = await call(service, '/v1/entities', {
      body: { type: 'note', title: 'x' },
      key: ben.key,
      headers,
    })
    expect(other.status).toBe(403)
  })
})

describe('an idempotency key', () => {
  it('given 20 requests at once, one has the effect; another body is refused, another user is free', async () => {
    const body = { type: 'note', content: 'once only', tags: ['t'] }
    const answers = await Promise.all(Array.from({ length: 20 }, () => capture(body, ana, 'parallel')))
    const created = answers.filter(({ status }) => status === 201)
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true)
    expect(created.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1)
    expect(new Set(created.map((answer) => JSON.stringify(answer.body))).size).toBe(1)
    for (const { status, headers } of answers) {
      if (status === 409) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    }
    const again = await capture(body, ana, 'parallel')
    expect(again.body).toEqual(created[0]?.body)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect((await capture({ ...body, content: 'other' }, ana, 'parallel')).status).toBe(422)
    const bens = await capture(body, ben, 'parallel')
    expect(bens).toMatchObject({ status: 201 })
    expect(bens.body['id']).not.toBe(again.body['id'])
    const found = await stack.database.superuserSql(
      `select count(*) from write.objects where sha256 = '\\x${sha256Hex('once only')}' and user_id = '${ana.userId}'`,
    )
    expect(found).toEqual(['1'])
  })

  it('given a deletion sent twice, the second is the answer of the first, not a 404', async () => {
    const { body } = await capture({ type: 'note', title: 'to be deleted' })
    const remove = (idempotencyKey: string) =>
      call(service, `/v1/entities/${String(body['id'])}`, { method: 'DELETE', key: ana.key, idempotencyKey })
    const first = await remove('remove')
    expect(first).toMatchObject({ status: 200, body: { version: 2 } })
    expect((await remove('remove')).body).toEqual(first.body)
    expect((await remove('another')).status).toBe(404)
  })
})

describe('a deletion', () => {
  it('given If-Match with another version, the answer is 412 with the current one', async () => {
    const { body } = await capture({ type: 'note', title: 'guarded' })
    const remove = (version: number) =>
      call(service, `/v1/entities/${String(body['id'])}`, {
        method: 'DELETE',
        key: ana.key,
        headers: { 'if-match': `"${version}"` },
      })
    expect(await remove(7)).toMatchObject({ status: 412, body: { currentVersion: 1 } })
    expect(await remove(1)).toMatchObject({ status: 200, body: { version: 2 } })
  })
})

const analysis = (content: string, basedOnVersion: number, more: object = {}) => ({
  analysisId: '01900000-0000-8000-8000-0000000000aa',
  contentHash: sha256Hex(content),
  enricherVersion: '1',
  run: 0,
  basedOnVersion,
  model: 'offline',
  promptVersion: '1',
  offline: true,
  outcome: 'completed',
  result: {
    title: { value: 'Milk', confidence: 0.9 },
    type: { value: 'task', confidence: 0.9 },
    due: { value: '2026-11-22', confidence: 0.8, text: 'tomorrow' },
    tags: [{ name: 'groceries', confidence: 0.7 }],
  },
  ...more,
})

describe('an analysis', () => {
  it('given by a service for a user, its fields are set; again it is a duplicate; of other content superseded', async () => {
    const services = await stack.createAccount('act:any', 'read', 'write', 'trace:continue')
    const dora = await stack.createAccount()
    const content = 'Buy milk tomorrow'
    const { body } = await capture({ type: 'note', content }, dora)
    const id = String(body['id'])
    const record = (sent: unknown) =>
      call(service, `/v1/entities/${id}/analyses`, {
        body: sent,
        key: services.key,
        headers: { 'synap-user': dora.userId },
      })
    const first = await record(analysis(content, 2))
    expect(first).toMatchObject({
      status: 200,
      body: { outcome: 'recorded', id, version: 3, sequence: 4, applied: ['title', 'type', 'due', 'tags'] },
    })
    const again = await record(analysis(content, 2))
    expect(again.body).toMatchObject({ outcome: 'duplicate', version: 3, sequence: 4 })
    const other = analysis('older content', 2, { analysisId: '01900000-0000-8000-8000-0000000000bb' })
    expect((await record(other)).body).toMatchObject({ outcome: 'superseded', version: 3, sequence: 4 })
    const events = await eventsOf(id, 3)
    expect(events.at(-1)).toMatchObject({
      type: 'ai.enrichment_applied',
      actor: { kind: 'ai' },
      source: 'automation',
      delta: { title: { value: 'Milk', old: null }, tagsAdded: [{ name: 'groceries' }] },
    })
  })

  it('given a title that a person set, AI does not overwrite it', async () => {
    const content = 'Call the bank'
    const { body } = await capture({ type: 'task', content, title: 'My own title' })
    const answer = await call(service, `/v1/entities/${String(body['id'])}/analyses`, {
      body: analysis(content, 2, { analysisId: '01900000-0000-8000-8000-0000000000cc' }),
      key: ana.key,
    })
    expect(answer.body).toMatchObject({ outcome: 'recorded', applied: ['due', 'tags'] })
  })
})

describe('API keys', () => {
  it('given a key whose time is over, 401 for every call, and it is active for nobody; the list says when it was used', async () => {
    const services = await stack.createAccount('act:any')
    const made = await call(service, '/v1/keys', {
      body: { name: 'for a day', scopes: ['write'], expiresInDays: 1 },
      key: ana.key,
    })
    const key = String(made.body['key'])
    const id = String(made.body['id'])
    const ends = Date.parse(String(made.body['expiresAt'])) - Date.parse(String(made.body['createdAt']))
    expect(Math.round(ends / 3_600_000)).toBe(24)
    expect(
      (await call(service, '/v1/entities', { body: { type: 'note', title: 'in time' }, key })).status,
    ).toBe(201)
    const listed = async () => {
      const { body } = await call(service, '/v1/keys', { key: ana.key })
      return (body['items'] as Record<string, string | null>[]).find((item) => item['id'] === id)
    }
    const used = await eventually(
      'its use is noted',
      async () => (await listed())?.['lastUsedAt'] ?? undefined,
    )
    expect(Date.parse(used)).toBeGreaterThanOrEqual(Date.parse(String(made.body['createdAt'])))
    await stack.database.superuserSql(
      `update write.api_keys set expires_at = clock_timestamp() where key_id = '${id}'`,
    )
    const late = await eventually('what is known of it is looked up again', async () => {
      const answer = await call(service, '/v1/keys/current', { key })
      return answer.status === 200 ? undefined : answer
    })
    expect([late.status, late.body['type']]).toEqual([401, 'urn:synap:problem:unauthenticated'])
    const write = await call(service, '/v1/entities', { body: { type: 'note', title: 'late' }, key })
    expect(write.status).toBe(401)
    const asked = await call(service, '/internal/introspect', { body: { key }, key: services.key })
    expect(asked.body).toEqual({ active: false })
    expect(await listed()).toMatchObject({ revokedAt: null, lastUsedAt: used })
  })

  it('given a key that is made, told once, looked up and revoked', async () => {
    const services = await stack.createAccount('act:any')
    const made = await call(service, '/v1/keys', { body: { name: 'phone', scopes: ['write'] }, key: ana.key })
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'phone', scopes: ['write'], userId: ana.userId },
    })
    const beyond = { name: 'more', scopes: ['read', 'act:any'] }
    expect((await call(service, '/v1/keys', { body: beyond, key: ana.key })).status).toBe(403)
    const key = String(made.body['key'])
    const introspect = async (sent: string) =>
      (await call(service, '/internal/introspect', { body: { key: sent }, key: services.key })).body
    expect(await introspect(key)).toMatchObject({ active: true, userId: ana.userId, scopes: ['write'] })
    expect(await introspect('no key at all')).toEqual({ active: false })

    const listed = await call(service, '/v1/keys', { key: ana.key })
    expect(JSON.stringify(listed.body)).not.toContain(key)
    expect((listed.body['items'] as { id: string }[]).map(({ id }) => id)).toContain(made.body['id'])
    const path = `/v1/keys/${String(made.body['id'])}`
    const stranger = await stack.createAccount('admin')
    expect((await call(service, path, { method: 'DELETE', key: stranger.key })).status).toBe(404)
    expect((await call(service, path, { method: 'DELETE', key: ana.key })).status).toBe(204)
    expect(await introspect(key)).toEqual({ active: false })
    const hashes = await stack.database.superuserSql(
      `select count(*) from write.api_keys where key_hash = sha256('${key}') and revoked_at is not null`,
    )
    expect(hashes).toEqual(['1'])
  })
})

describe('what consumers fetch', () => {
  it('given a gap, the events come as the very records of the topic; what never was is absent', async () => {
    const services = await stack.createAccount('act:any')
    const eve = await stack.createAccount()
    const { body } = await capture({ type: 'note', content: 'for a gap', tags: ['x'] }, eve)
    await eventsOf(String(body['id']), 3)
    const answer = await call(service, `/internal/events?user=${eve.userId}&from=2&to=5`, {
      key: services.key,
    })
    const items = answer.body['items'] as Record<string, unknown>[]
    expect(items.map(({ sequence, status }) => [sequence, status])).toEqual([
      [2, 'present'],
      [3, 'present'],
      [4, 'absent'],
      [5, 'absent'],
    ])
    for (const item of items.slice(0, 2)) {
      const record = topic
        .records()
        .find(
          ({ key, headers }) => key === eve.userId && headers['synap-sequence'] === String(item['sequence']),
        )
      expect(item['value']).toBe(record?.value?.toString('base64'))
      expect(item['key']).toBe(record?.key)
      expect(item['headers']).toMatchObject({
        ce_id: record?.headers['ce_id'],
        ce_time: record?.headers['ce_time'],
      })
    }
    const heads = await call(service, '/internal/heads?olderThanMs=0&limit=10000', { key: services.key })
    expect(heads.body['items']).toContainEqual({ userId: eve.userId, sequence: 3 })
  })

  it('given that the log cannot be asked, an event that left the outbox is not told absent', async () => {
    const services = await stack.createAccount('act:any')
    const fred = await stack.createAccount()
    await capture({ type: 'note', title: 'one' }, fred)
    await capture({ type: 'note', title: 'two' }, fred)
    const fetchEvents = () =>
      call(service, `/internal/events?user=${fred.userId}&from=1&to=2`, { key: services.key })
    await stack.database.superuserSql(
      `delete from write.outbox where user_id = '${fred.userId}' and sequence = 2;`,
    )
    expect((await fetchEvents()).body['items']).toMatchObject([{ sequence: 1, status: 'present' }])
    await stack.database.superuserSql(`delete from write.outbox where user_id = '${fred.userId}';`)
    const answer = await fetchEvents()
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).not.toBeNull()
  })
})

describe('many writers', () => {
  it('given 16 clients on one user, sequences are without a gap and the topic has them in order', async () => {
    const gina = await stack.createAccount()
    const writers = Array.from({ length: 16 }, async (_, writer) => {
      for (let i = 0; i < 5; i += 1) {
        expect((await capture({ type: 'note', title: `${writer}-${i}` }, gina)).status).toBe(201)
      }
    })
    await Promise.all(writers)
    const order = () =>
      topic
        .records()
        .flatMap((record) => (record.key === gina.userId ? [Number(record.headers['synap-sequence'])] : []))
    await eventually('all are on the topic', () => new Set(order()).size === 80)
    expect([...new Set(order())]).toEqual(Array.from({ length: 80 }, (_, index) => index + 1))
  })
})
