import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type EntityId, type EventId, type RelationId, type TagId, uuidv7 } from '@synap/core'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient } from './client.ts'
import type { SynapClient } from './types.ts'

const id = uuidv7() as EntityId
const other = uuidv7() as EntityId
const event = uuidv7() as EventId
const tag = uuidv7() as TagId
const relation = uuidv7() as RelationId
const changed = { id, version: 2, sequence: 5, correlationId: 'a'.repeat(32) }
const task = { status: 'done' as const }

interface Seen {
  line: string
  key: string | undefined
  ifMatch: string | undefined
  body: unknown
}

let stop = () => Promise.resolve()
afterEach(() => stop())

/** Answers each request in turn, the last answer for ever; an answer without a status breaks the connection. */
async function startServer(...answers: { status?: number; body?: unknown }[]) {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      seen.push({
        line: `${request.method ?? ''} ${request.url ?? ''}`,
        key: request.headers['idempotency-key'] as string | undefined,
        ifMatch: request.headers['if-match'],
        body: text === '' ? undefined : JSON.parse(text),
      })
      const { status, body } = answers[Math.min(seen.length, answers.length) - 1] ?? {}
      if (status === undefined) return response.destroy()
      return response
        .writeHead(status, { 'content-type': 'application/json', 'retry-after': '0', 'synap-sequence': '5' })
        .end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stop = () =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { seen, client: createClient({ ingestUrl: url, queryUrl: url, apiKey: 'syn_key' }) }
}

type Case = readonly [line: string, body: unknown, send: (client: SynapClient) => Promise<unknown>]
const cases: readonly Case[] = [
  [`PATCH /v1/entities/${id}`, { task }, (client) => client.patchEntity(id, { task })],
  [`DELETE /v1/entities/${id}`, undefined, (client) => client.deleteEntity(id)],
  [`POST /v1/entities/${id}:restore`, undefined, (client) => client.restoreEntity(id)],
  [`POST /v1/entities/${id}:purge`, undefined, (client) => client.purgeEntity(id)],
  [`PUT /v1/entities/${id}/tags/a%2Fb%20%C3%BC%3F`, undefined, (client) => client.putTag(id, 'a/b ü?')],
  [`DELETE /v1/entities/${id}/tags/home`, undefined, (client) => client.removeTag(id, 'home')],
  [
    `POST /v1/entities/${id}/suggestions/tag:accept`,
    { value: 'milk' },
    (client) => client.acceptSuggestion(id, 'tag', { value: 'milk' }),
  ],
  [`POST /v1/entities/${id}/suggestions/title:reject`, {}, (client) => client.rejectSuggestion(id, 'title')],
  [`POST /v1/entities/${id}:enrich`, {}, (client) => client.enrich(id)],
  [`POST /v1/entities/${id}:undo`, { event }, (client) => client.undo(id, event)],
  [`POST /v1/relations/${relation}:undo`, { event }, (client) => client.undoRelation(relation, event)],
  ['POST /v1/me:undo', { event }, (client) => client.undoUser(event)],
  [`PATCH /v1/tags/${tag}`, { name: 'house' }, (client) => client.changeTag(tag, { name: 'house' })],
  [`POST /v1/tags/${tag}:merge`, { into: id }, (client) => client.mergeTag(tag, id as string as TagId)],
  [
    'POST /v1/relations',
    { type: 'blocks', source: id, target: other },
    (client) => client.createRelation({ type: 'blocks', source: id, target: other }),
  ],
  [`DELETE /v1/relations/${relation}`, undefined, (client) => client.deleteRelation(relation)],
  [
    `DELETE /v1/entities/${id}/attachments/0123-a.pdf`,
    undefined,
    (client) => client.removeAttachment(id, '0123-a.pdf'),
  ],
  [`PUT /v1/entities/${id}/content`, { content: 'new' }, (client) => client.replaceContent(id, 'new')],
  [`PUT /v1/entities/${id}/content`, { content: null }, (client) => client.replaceContent(id, null)],
  [`POST /v1/uploads/${other}:complete`, undefined, (client) => client.completeUpload(other)],
  ['PATCH /v1/me', { language: null }, (client) => client.changeSettings({ language: null })],
]

describe('the changes of the client', () => {
  it.each(cases)(
    'given a broken connection, %s is sent again under the same key',
    async (line, body, send) => {
      const { seen, client } = await startServer({}, { status: 200, body: changed })
      expect(await send(client)).toEqual(changed)
      expect(seen.map((one) => [one.line, one.body])).toEqual([
        [line, body],
        [line, body],
      ])
      expect(seen[0]?.key).toMatch(/^[0-9a-f-]{36}$/)
      expect(seen[1]?.key).toBe(seen[0]?.key)
    },
  )

  it('given a batch and a broken connection, all of it is sent again under the same key', async () => {
    const items = [
      { id, version: 1, sequence: 4, status: '/v1/entities/a/status' },
      { id: other, version: 1, sequence: 5, status: '/v1/entities/b/status' },
    ]
    const captured = { items, sequence: 5, correlationId: 'a'.repeat(32) }
    const { seen, client } = await startServer({}, { status: 201, body: captured })
    const sent = [
      { type: 'note' as const, title: 'a' },
      { type: 'task' as const, title: 'b' },
    ]
    expect(await client.captureBatch(sent)).toEqual(captured)
    expect(seen[1]).toEqual(seen[0])
    expect(seen[0]).toMatchObject({ line: 'POST /v1/entities:batch', body: { items: sent } })
  })

  it('given two changes, each has a key of its own; one that is given is taken', async () => {
    const { seen, client } = await startServer({ status: 200, body: changed })
    await client.deleteEntity(id)
    await client.deleteEntity(id)
    await client.deleteEntity(id, { idempotencyKey: 'mine' })
    expect(new Set(seen.map(({ key }) => key)).size).toBe(3)
    expect(seen[2]?.key).toBe('mine')
  })

  it('given a version, it is sent; where it is another one, the error tells which', async () => {
    const stale = {
      type: 'urn:synap:problem:precondition-failed',
      title: 'x',
      status: 412,
      currentVersion: 4,
    }
    const { seen, client } = await startServer({ status: 412, body: stale })
    await expect(client.patchEntity(id, { title: 'x' }, { ifMatch: 3 })).rejects.toMatchObject({
      status: 412,
      class: 'data',
      problem: { currentVersion: 4 },
    })
    expect(seen.map(({ ifMatch }) => ifMatch)).toEqual(['"3"'])
  })

  it('given a refusal, its stable word and the fields that are not valid are told', async () => {
    const refused = { type: 'urn:synap:problem:refused', title: 'x', status: 422, code: 'undo.conflict' }
    const errors = [{ path: 'body.timeZone', message: 'must be one' }]
    const invalid = { type: 'urn:synap:problem:validation', title: 'x', status: 400, errors: [...errors, 7] }
    const { client } = await startServer({ status: 422, body: refused }, { status: 400, body: invalid })
    await expect(client.undo(id, event)).rejects.toMatchObject({ problem: { code: 'undo.conflict' } })
    const settings = client.changeSettings({ timeZone: 'Nowhere' })
    await expect(settings).rejects.toMatchObject({ problem: { errors } })
  })

  it.each(['.', '..', '', '\ud800'])(
    'given the name %j, which no path can hold, nothing is sent',
    async (name) => {
      const { seen, client } = await startServer({ status: 200, body: changed })
      await expect(client.removeTag(id, name)).rejects.toMatchObject({ code: 'client.invalid_name' })
      await expect(client.putTag(id, name)).rejects.toMatchObject({ class: 'data' })
      expect(seen).toEqual([])
    },
  )
})

describe('a file past ingest', () => {
  it('given an announcement, how to put the bytes is told; it is sent again under its key', async () => {
    const put = {
      method: 'PUT',
      url: 'http://store/x',
      headers: { a: 'b' },
      expiresAt: '2026-11-22T09:08:47Z',
    }
    const upload = { id: other, status: 'pending', entityId: id, size: 3, sha256: 'a'.repeat(64), put }
    const body = { ...upload, expiresAt: '2026-11-22T09:08:47Z' }
    const { seen, client } = await startServer({}, { status: 201, body })
    const target = { kind: 'content' as const, entityId: id }
    const request = { target, size: 3, sha256: 'a'.repeat(64) }
    expect(await client.openUpload(request)).toEqual(body)
    expect(seen.map(({ line }) => line)).toEqual(['POST /v1/uploads', 'POST /v1/uploads'])
    expect(seen[0]?.key).toBe(seen[1]?.key)
    expect(seen[1]?.body).toEqual(request)
    expect(await client.getUpload(other)).toEqual(body)
    expect(seen[2]?.line).toBe(`GET /v1/uploads/${other}`)
  })
})

describe('what the client browses', () => {
  const page = { items: [], next: null }
  const reads: readonly (readonly [
    line: string,
    body: unknown,
    read: (client: SynapClient) => Promise<unknown>,
  ])[] = [
    [
      'GET /v1/tags?min_sequence=5&prefix=ho',
      page,
      (client) => client.tags({ prefix: 'ho', minSequence: 5 }),
    ],
    [
      'GET /v1/tasks?status=any&tag=home&due_before=2026-12-01&due_after=2026-11-01&limit=3&cursor=c',
      page,
      (client) =>
        client.tasks({
          status: 'any',
          tag: 'home',
          dueBefore: '2026-12-01',
          dueAfter: '2026-11-01',
          limit: 3,
          cursor: 'c',
        }),
    ],
    [
      `GET /v1/relations?entity=${id}&direction=out&type=blocks`,
      page,
      (client) => client.relations({ entity: id, direction: 'out', type: 'blocks' }),
    ],
    [
      `GET /v1/entities/${id}/graph?depth=2`,
      { nodes: [], edges: [], truncated: false, links: page, backlinks: page },
      (client) => client.graph(id, { depth: 2 }),
    ],
    [
      `GET /v1/entities/${id}/links?direction=in&limit=3`,
      page,
      (client) => client.links(id, { direction: 'in', limit: 3 }),
    ],
    [
      `GET /v1/relations/${relation}`,
      {
        id: relation,
        type: 'blocks',
        source: id,
        target: other,
        version: 1,
        sequence: 5,
        createdAt: '2026-11-21T02:44:48.620Z',
      },
      (client) => client.relation(relation),
    ],
    [
      'GET /v1/stats',
      {
        sequence: 5,
        coverage: null,
        stages: [],
        oldest: null,
        cost: {
          today: { calls: 0, tokens: 0, cost: 0, unpricedCalls: 0 },
          total: { calls: 0, tokens: 0, cost: 0, unpricedCalls: 0 },
        },
        paused: [],
        embedding: null,
        failures: [],
      },
      (client) => client.stats(),
    ],
    ['GET /v1/me', { id, timeZone: null, language: 'de' }, (client) => client.settings()],
  ]

  it.each(reads)('%s', async (line, body, read) => {
    const { seen, client } = await startServer({}, { status: 200, body })
    expect(await read(client)).toEqual({ value: body, sequence: 5 })
    expect(seen.map((one) => one.line)).toEqual([line, line])
  })
})
