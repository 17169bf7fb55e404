import { sha256Hex, uuidv7 } from '@synap/core'
import type { Route } from '@synap/http'
import type { TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, type Answer, call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'
import { readRoutes } from '../test/route-table.ts'
import { formEnd, part, sendForm } from '../test/upload.ts'

/** What one user has; of the other every id is one that nobody has. */
interface Ids {
  note: string
  gone: string
  tag: string
  relation: string
  upload: string
  apiKey: string
  event: string
}

interface Example {
  path: string
  body?: unknown
  form?: Buffer[]
}

let stack: IngestStack
let service: TestService
let ana: Account
let bob: Account
let anas: Ids
let bobs: Ids

beforeAll(async () => {
  stack = await createIngestStack(['ingest', 'events-writer'])
  service = await stack.start()
  ana = await stack.createAccount('read', 'write', 'admin')
  bob = await stack.createAccount('read', 'write', 'admin')
  await service.waitReady()
  bobs = await possessionsOf(bob)
  anas = await possessionsOf(ana)
}, 300_000)
afterAll(() => stack?.close())

const one = async (sql: string) => (await stack.database.superuserSql(sql))[0] ?? ''
const content = 'Milk is white.'
const file = part('file', 'some bytes', 'a.txt')
const idOf = ({ body }: Answer) => String(body['id'])

async function possessionsOf({ key, userId }: Account): Promise<Ids> {
  const post = (path: string, body: object) => call(service, path, { key, body })
  const note = idOf(await post('/v1/entities', { type: 'task', title: 'Milk', content, tags: ['food'] }))
  const gone = idOf(await post('/v1/entities', { type: 'note', title: 'Gone' }))
  const relation = idOf(await post('/v1/relations', { type: 'mentions', source: note, target: gone }))
  const apiKey = idOf(await post('/v1/keys', { name: 'other', scopes: ['read'] }))
  const form = [part('file', 'attached', 'a.txt'), formEnd]
  await sendForm(service, form, { account: { key, userId }, path: `/v1/entities/${note}/attachments` })
  const upload = idOf(await post('/v1/uploads', uploadFor(note)))
  await call(service, `/v1/entities/${gone}`, { key, method: 'DELETE' })
  const tag = await one(`select tag_id from write.tags where user_id = '${userId}'`)
  const event = await one(`select event_id from write.outbox where aggregate_id = '${note}' and version = 1`)
  return { note, gone, tag, relation, upload, apiKey, event }
}

const uploadFor = (entityId: string) => ({
  target: { kind: 'content', entityId },
  size: 5,
  sha256: sha256Hex('12345'),
  name: 'a.txt',
})

const analysis = {
  outcome: 'failed',
  analysisId: uuidv7(),
  contentHash: sha256Hex(content),
  enricherVersion: 'x',
  run: 0,
  basedOnVersion: 2,
  model: 'x',
  promptVersion: 'x',
  offline: true,
  error: { code: 'x' },
}

const ofEntity = (id: string, { event }: Ids): Record<string, Example[]> => ({
  'POST /v1/entities/:id/analyses': [{ path: `/v1/entities/${id}/analyses`, body: analysis }],
  'PATCH /v1/entities/:id': [{ path: `/v1/entities/${id}`, body: { title: 'x' } }],
  'DELETE /v1/entities/:id': [{ path: `/v1/entities/${id}` }],
  'POST /v1/entities/:id:restore': [{ path: `/v1/entities/${id}:restore` }],
  'POST /v1/entities/:id:purge': [{ path: `/v1/entities/${id}:purge` }],
  'POST /v1/entities/:id/suggestions/:field:accept': [
    { path: `/v1/entities/${id}/suggestions/title:accept`, body: {} },
  ],
  'POST /v1/entities/:id/suggestions/:field:reject': [
    { path: `/v1/entities/${id}/suggestions/title:reject`, body: {} },
  ],
  'POST /v1/entities/:id:enrich': [{ path: `/v1/entities/${id}:enrich` }],
  'PUT /v1/entities/:id/tags/:name': [{ path: `/v1/entities/${id}/tags/errand` }],
  'DELETE /v1/entities/:id/tags/:name': [{ path: `/v1/entities/${id}/tags/food` }],
  'POST /v1/entities/:id:undo': [{ path: `/v1/entities/${id}:undo`, body: { event } }],
  'PUT /v1/entities/:id/content': [
    { path: `/v1/entities/${id}/content`, body: { content: 'mine' } },
    { path: `/v1/entities/${id}/content`, body: { content: null } },
    { path: `/v1/entities/${id}/content`, form: [file, formEnd] },
  ],
  'POST /v1/entities/:id/attachments': [{ path: `/v1/entities/${id}/attachments`, form: [file, formEnd] }],
  'DELETE /v1/entities/:id/attachments/:key': [{ path: `/v1/entities/${id}/attachments/a.txt` }],
  'POST /v1/uploads': [{ path: '/v1/uploads', body: uploadFor(id) }],
  'POST /v1/relations': [
    { path: '/v1/relations', body: { type: 'mentions', source: anas.note, target: id } },
    { path: '/v1/relations', body: { type: 'mentions', source: id, target: anas.note } },
  ],
})

const ofRest = ({ tag, relation, upload, apiKey, event }: Ids): Record<string, Example[]> => ({
  'PATCH /v1/tags/:id': [{ path: `/v1/tags/${tag}`, body: { name: 'x' } }],
  'POST /v1/tags/:id:merge': [
    { path: `/v1/tags/${tag}:merge`, body: { into: anas.tag } },
    { path: `/v1/tags/${anas.tag}:merge`, body: { into: tag } },
  ],
  'DELETE /v1/relations/:id': [{ path: `/v1/relations/${relation}` }],
  'POST /v1/relations/:id:undo': [{ path: `/v1/relations/${relation}:undo`, body: { event } }],
  'POST /v1/entities/:id:undo': [{ path: `/v1/entities/${anas.note}:undo`, body: { event } }],
  'POST /v1/me:undo': [{ path: '/v1/me:undo', body: { event } }],
  'GET /v1/uploads/:id': [{ path: `/v1/uploads/${upload}` }],
  'POST /v1/uploads/:id:complete': [{ path: `/v1/uploads/${upload}:complete` }],
  'DELETE /v1/keys/:id': [{ path: `/v1/keys/${apiKey}` }],
})

const nobodys = (): Ids => ({
  note: uuidv7(),
  gone: uuidv7(),
  tag: uuidv7(),
  relation: uuidv7(),
  upload: uuidv7(),
  apiKey: uuidv7(),
  event: uuidv7(),
})

/** Requests that name ids of these, as method, path and body; the same places for the same calls. */
function examplesOf(ids: Ids): { name: string; example: Example }[] {
  const tables = [ofEntity(ids.note, ids), ofEntity(ids.gone, ids), ofRest(ids)]
  return tables.flatMap((table) =>
    Object.entries(table).flatMap(([name, examples]) => examples.map((example) => ({ name, example }))),
  )
}

async function send(name: string, { path, body, form }: Example): Promise<Answer> {
  const [method = ''] = name.split(' ')
  if (form !== undefined) return sendForm(service, form, { account: ana, path, method })
  return call(service, path, { method, key: ana.key, ...(body === undefined ? {} : { body }) })
}

/** What somebody could tell two answers apart by. */
const told = ({ status, headers, body }: Answer) => ({
  status,
  body: { ...body, correlationId: '', instance: '' },
  headers: [...headers.keys()].toSorted(),
})

/** Everything of bob's, as one line. */
const stored = () =>
  one(`
    select (select string_agg(aggregate_id || ':' || version, ',' order by aggregate_id) from write.streams where user_id = '${bob.userId}'),
           (select count(*) from write.objects where user_id = '${bob.userId}'),
           (select count(*) from write.api_keys where user_id = '${bob.userId}' and revoked_at is null),
           (select string_agg(name, ',' order by name) from write.tags where user_id = '${bob.userId}')`)

const takesIds = ({ method, path, scopes }: Route) =>
  scopes !== undefined &&
  method !== 'HEAD' &&
  !path.startsWith('/internal/') &&
  (path.includes('/:id') || ['/v1/relations', '/v1/uploads', '/v1/me:undo'].includes(path))

describe('ids of somebody else', () => {
  it('given any route that takes an id, it answers as for an id that nobody has, and nothing is changed', async () => {
    const before = await stored()
    const theirs = examplesOf(bobs)
    const unknown = examplesOf(nobodys())
    const routes = (await readRoutes()).filter(takesIds).map(({ method, path }) => `${method} ${path}`)
    expect(new Set(theirs.map(({ name }) => name))).toEqual(new Set(routes))
    for (const [n, { name, example }] of theirs.entries()) {
      const answer = told(await send(name, example))
      const expected = told(await send(name, unknown[n]?.example ?? { path: '' }))
      // Only what the client sent itself may be told back.
      const text = JSON.stringify(answer)
      for (const id of Object.values(bobs)) expect(text, name).not.toContain(id)
      expect(answer, `${name} ${JSON.stringify(example.body)}`).toEqual(expected)
      expect([404, 422], `${name}: ${text}`).toContain(answer.status)
    }
    expect(await stored()).toBe(before)
  })

  it('given the same requests of whom the ids belong to, they are found', async () => {
    const mine = examplesOf(anas).filter(({ name }) => !/:purge|DELETE|merge/.test(name))
    const statuses = new Map<string, number[]>()
    for (const { name, example } of mine)
      statuses.set(name, [...(statuses.get(name) ?? []), (await send(name, example)).status])
    const lost = [...statuses].filter(([, codes]) => codes.every((status) => status === 404))
    // Nobody has proposed anything, and the user has no event of that name.
    expect(lost.map(([name]) => name).filter((name) => !/suggestions|undo/.test(name))).toEqual([])
  })
})
