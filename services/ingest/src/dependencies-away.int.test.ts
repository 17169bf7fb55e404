import { sha256Hex, uuidv7 } from '@synap/core'
import type { Route } from '@synap/http'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BehindProxies, startBehindProxies } from '../test/behind-proxies.ts'
import { type Account, call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'
import { readRoutes } from '../test/route-table.ts'
import { formEnd, part, sendForm } from '../test/upload.ts'

const writes = (await readRoutes()).filter(
  ({ method, scopes }) => method !== 'GET' && scopes?.includes('write') === true,
)

interface Example {
  path: string
  body?: unknown
  form?: Buffer[]
}

let stack: IngestStack
let synap: BehindProxies
let ana: Account
let existing: { task: string; note: string; gone: string }

beforeAll(async () => {
  stack = await createIngestStack(['ingest', 'events-writer'])
  synap = await startBehindProxies(stack)
  ana = await stack.createAccount('read', 'write')
  const capture = async (body: object) => {
    const answer = await call(synap.service, '/v1/entities', { key: ana.key, body })
    return String(answer.body['id'])
  }
  existing = {
    task: await capture({ type: 'task', title: 'Buy milk', tags: ['food'], content: 'Milk.' }),
    note: await capture({ type: 'note', title: 'Milk', content: 'It is white.' }),
    gone: await capture({ type: 'note', title: 'Gone' }),
  }
  const gone = { key: ana.key, method: 'DELETE' }
  await call(synap.service, `/v1/entities/${existing.gone}`, gone)
}, 300_000)
afterAll(async () => {
  await synap?.close()
  await stack?.close()
})

const analysis = {
  outcome: 'failed',
  analysisId: uuidv7(),
  contentHash: sha256Hex('Milk.'),
  enricherVersion: 'x',
  run: 0,
  basedOnVersion: 1,
  model: 'x',
  promptVersion: 'x',
  offline: true,
  error: { code: 'x' },
}
const upload = {
  target: { kind: 'capture', entity: { type: 'note' } },
  size: 5,
  sha256: sha256Hex('12345'),
  name: 'a.txt',
}
const file = part('file', 'some bytes', 'a.txt')

/** A request of each route that would do something. Of a new route one has to be written. */
const examplesOf = ({ task, note, gone }: typeof existing): Record<string, Example[]> => ({
  'POST /v1/entities': [
    { path: '/v1/entities', body: { type: 'note', content: 'not stored' } },
    { path: '/v1/entities', body: { type: 'note', title: 'not stored' } },
    { path: '/v1/entities', form: [part('entity', '{"type":"note"}'), file, formEnd] },
  ],
  'POST /v1/entities:batch': [
    { path: '/v1/entities:batch', body: { items: [{ type: 'note', content: 'not stored' }] } },
  ],
  'POST /v1/entities/:id/analyses': [{ path: `/v1/entities/${task}/analyses`, body: analysis }],
  'PATCH /v1/entities/:id': [{ path: `/v1/entities/${task}`, body: { title: 'x' } }],
  'DELETE /v1/entities/:id': [{ path: `/v1/entities/${note}` }],
  'POST /v1/entities/:id:restore': [{ path: `/v1/entities/${gone}:restore` }],
  'POST /v1/entities/:id:purge': [{ path: `/v1/entities/${gone}:purge` }],
  'POST /v1/entities/:id/suggestions/:field:accept': [
    { path: `/v1/entities/${task}/suggestions/title:accept`, body: {} },
  ],
  'POST /v1/entities/:id/suggestions/:field:reject': [
    { path: `/v1/entities/${task}/suggestions/title:reject`, body: {} },
  ],
  'POST /v1/entities/:id:enrich': [{ path: `/v1/entities/${task}:enrich` }],
  'PATCH /v1/me': [{ path: '/v1/me', body: { timeZone: 'Europe/Berlin' } }],
  'PUT /v1/entities/:id/tags/:name': [{ path: `/v1/entities/${task}/tags/errand` }],
  'DELETE /v1/entities/:id/tags/:name': [{ path: `/v1/entities/${task}/tags/food` }],
  'PATCH /v1/tags/:id': [{ path: `/v1/tags/${uuidv7()}`, body: { name: 'x' } }],
  'POST /v1/tags/:id:merge': [{ path: `/v1/tags/${uuidv7()}:merge`, body: { into: uuidv7() } }],
  'POST /v1/relations': [{ path: '/v1/relations', body: { type: 'mentions', source: task, target: note } }],
  'DELETE /v1/relations/:id': [{ path: `/v1/relations/${uuidv7()}` }],
  'POST /v1/entities/:id:undo': [{ path: `/v1/entities/${task}:undo`, body: { event: uuidv7() } }],
  'POST /v1/relations/:id:undo': [{ path: `/v1/relations/${uuidv7()}:undo`, body: { event: uuidv7() } }],
  'POST /v1/me:undo': [{ path: '/v1/me:undo', body: { event: uuidv7() } }],
  'PUT /v1/entities/:id/content': [
    { path: `/v1/entities/${task}/content`, body: { content: 'not stored' } },
    { path: `/v1/entities/${task}/content`, form: [file, formEnd] },
  ],
  'POST /v1/uploads': [{ path: '/v1/uploads', body: upload }],
  'POST /v1/uploads/:id:complete': [{ path: `/v1/uploads/${uuidv7()}:complete` }],
  'POST /v1/entities/:id/attachments': [{ path: `/v1/entities/${task}/attachments`, form: [file, formEnd] }],
  'DELETE /v1/entities/:id/attachments/:key': [{ path: `/v1/entities/${task}/attachments/a.txt` }],
})

const nameOf = ({ method, path }: Route) => `${method} ${path}`

const requests = () =>
  writes.flatMap((route) => {
    const examples = examplesOf(existing)[nameOf(route)] ?? []
    expect(examples.length, `${nameOf(route)} has an example here`).toBeGreaterThan(0)
    return examples.map((example) => ({ name: nameOf(route), method: route.method, ...example }))
  })

async function send({ method, path, body, form }: Example & { method: string }) {
  const account = { ...ana }
  const options = { account, idempotencyKey: uuidv7(), path, method }
  if (form !== undefined) return sendForm(synap.service, form, options)
  return call(synap.service, path, {
    method,
    key: ana.key,
    idempotencyKey: options.idempotencyKey,
    ...(body === undefined ? {} : { body }),
  })
}

/** What of ana's is stored, as one line. */
const stored = async () => {
  const tables = ['outbox', 'objects', 'streams'].map(
    (table) => `(select count(*) from write.${table} where user_id = '${ana.userId}')`,
  )
  const results = `(select count(*) from write.idempotency where user_id = '${ana.userId}' and result is not null)`
  const [line = ''] = await stack.database.superuserSql(`select ${[...tables, results].join(', ')}`)
  return line
}

const isReady = async () => (await fetch(`${synap.service.adminUrl}/readyz`)).status === 200

describe('a dependency that is away, for every call that writes', () => {
  it('given Postgres cut off, each answers 503 with Retry-After, and nothing was done', async () => {
    const before = await stored()
    synap.postgres.setMode('cut')
    try {
      for (const { name, ...request } of requests()) {
        const answer = await send(request)
        expect(answer.status, `${name} ${JSON.stringify(answer.body)}`).toBe(503)
        expect(answer.headers.get('content-type'), name).toContain('application/problem+json')
        expect(Number(answer.headers.get('retry-after')), name).toBeGreaterThan(0)
      }
    } finally {
      synap.postgres.setMode('pass')
    }
    await eventually('ingest is ready again', isReady)
    expect(await stored()).toBe(before)
    const objects = await stack.database.superuserSql('select count(*) from write.object_leases')
    expect(objects).toEqual(['0'])
  })

  it('given the object store cut off, what needs it answers 503 with Retry-After and does nothing; the rest works', async () => {
    synap.objects.setMode('cut')
    const away: string[] = []
    try {
      for (const { name, ...request } of requests()) {
        const before = await stored()
        const answer = await send(request)
        if (answer.status !== 503) {
          expect(answer.status, `${name} ${JSON.stringify(answer.body)}`).toBeLessThan(500)
          continue
        }
        away.push(name)
        expect(Number(answer.headers.get('retry-after')), name).toBeGreaterThan(0)
        expect(await stored(), name).toBe(before)
      }
    } finally {
      synap.objects.setMode('pass')
    }
    expect(away.filter((name) => name === 'POST /v1/entities')).toHaveLength(2)
    const others = new Set(
      away.filter((name) => !/content|attachments|uploads|entities(:batch)?$/.test(name)),
    )
    expect([...others]).toEqual([])
  })
})
