import { createClient, type SynapClient } from '@synap/client'
import type { AggregateId, EntityId, EventId, RelationId, TagId, UserId } from '@synap/core'
import { uuidv7 } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type InProcess, startInProcess } from '../test/start-in-process.ts'

const patience = 120_000

/** What the client sent. */
interface Sent {
  method: string
  path: string
  query: string[]
  headers: string[]
}

interface Operation {
  method: string
  path: string
  query: string[]
}

const id = uuidv7()
const [entity, relation, tag, event, user] = [
  id as EntityId,
  id as RelationId,
  id as TagId,
  id as EventId,
  id as UserId,
]
const file = { stream: (async function* () {})() }
const hash = 'ab'.repeat(32)
const upload = { target: { kind: 'content', entityId: entity }, size: 1, sha256: hash, name: 'a' } as const
const analysis = {
  outcome: 'failed',
  analysisId: id,
  contentHash: hash,
  enricherVersion: 'x',
  run: 0,
  basedOnVersion: 1,
  model: 'x',
  promptVersion: 'x',
  offline: true,
  error: { code: 'x', detail: null },
} as const
const read = { minSequence: 1, waitMs: 1, staleAllowed: true } as const
const past = { ...read, asOf: 1 }
const page = { limit: 1, cursor: 'c' }
const filter = {
  type: 'task',
  tag: ['a', 'b'],
  anyTag: ['c', 'd'],
  status: 'todo',
  dueBefore: '2026-11-21',
  dueAfter: '2026-11-20',
  createdBefore: '2026-11-21T08:00:00Z',
  createdAfter: '2026-11-20T08:00:00Z',
  updatedBefore: '2026-11-21T08:00:00Z',
  updatedAfter: '2026-11-20T08:00:00Z',
  limit: 1,
}

/** Every method, with every option it has; the compiler sees to it that none is left out. */
const calls: Record<keyof SynapClient, (client: SynapClient) => unknown> = {
  capture: (c) => c.capture({ type: 'note', content: 'x' }, { idempotencyKey: 'k' }),
  captureFile: (c) => c.captureFile(file, { type: 'note' }),
  captureBatch: (c) => c.captureBatch([{ type: 'note', content: 'x' }]),
  recordAnalysis: (c) => c.recordAnalysis(entity, analysis as never),
  internalEvents: (c) => c.internalEvents(user, 1, 2),
  heads: (c) => c.heads(1, { after: user, limit: 1 }),
  introspect: (c) => c.introspect('k'),
  ledger: (c) => c.ledger({ topic: true }),
  createKey: (c) => c.createKey({ name: 'k', scopes: ['read'] }),
  listKeys: (c) => c.listKeys(),
  currentKey: (c) => c.currentKey(),
  revokeKey: (c) => c.revokeKey(id),
  outbox: (c) => c.outbox(),
  republish: (c) => c.republish({ since: '2026-11-21T08:00:00Z' }),
  retryHeldBack: (c) => c.retryHeldBack(user),
  beginReconcile: (c) => c.beginReconcile({ force: true }),
  reconcileStatus: (c) => c.reconcileStatus(),
  compareStores: (c) => c.compareStores({ user, topic: false, limit: 1 }).next(),
  rebuild: (c) => c.rebuild({} as never).next(),
  getEntity: (c) => c.getEntity(entity, past),
  list: (c) =>
    c.list({
      ...past,
      ...filter,
      ...page,
      q: 'x',
      relatedTo: entity,
      relation: 'mentions',
      sort: '-created',
    }),
  content: (c) => c.content(entity, { ...past, range: { start: 0, end: 1 } }),
  contentStream: (c) => c.contentStream(entity, past),
  attachmentStream: (c) => c.attachmentStream(entity, 'a.txt', past),
  status: (c) => c.status(entity),
  search: (c) => c.search({ ...read, ...filter, q: 'x', mode: 'text', passages: true }),
  patchEntity: (c) => c.patchEntity(entity, { title: 'x' }, { ifMatch: 1, idempotencyKey: 'k' }),
  deleteEntity: (c) => c.deleteEntity(entity),
  restoreEntity: (c) => c.restoreEntity(entity),
  purgeEntity: (c) => c.purgeEntity(entity),
  putTag: (c) => c.putTag(entity, 'x'),
  removeTag: (c) => c.removeTag(entity, 'x'),
  acceptSuggestion: (c) => c.acceptSuggestion(entity, 'title'),
  rejectSuggestion: (c) => c.rejectSuggestion(entity, 'title'),
  enrich: (c) => c.enrich(entity),
  undo: (c) => c.undo(entity, event),
  undoRelation: (c) => c.undoRelation(relation, event),
  undoUser: (c) => c.undoUser(event),
  changeTag: (c) => c.changeTag(tag, { name: 'x' }),
  mergeTag: (c) => c.mergeTag(tag, tag),
  createRelation: (c) => c.createRelation({ type: 'mentions', source: entity, target: entity }),
  deleteRelation: (c) => c.deleteRelation(relation),
  changeSettings: (c) => c.changeSettings({ language: 'de' }),
  replaceContent: (c) => c.replaceContent(entity, 'x'),
  replaceFile: (c) => c.replaceFile(entity, file),
  attachFile: (c) => c.attachFile(entity, file),
  removeAttachment: (c) => c.removeAttachment(entity, 'a.txt'),
  openUpload: (c) => c.openUpload(upload),
  getUpload: (c) => c.getUpload(id),
  completeUpload: (c) => c.completeUpload(id),
  tags: (c) => c.tags({ ...read, ...page, prefix: 'x' }),
  tasks: (c) => c.tasks({ ...read, ...page, status: 'any', tag: 'x', dueBefore: 'x', dueAfter: 'x' }),
  relations: (c) => c.relations({ ...read, ...page, entity, direction: 'in', type: 'mentions' }),
  relation: (c) => c.relation(relation, read),
  graph: (c) => c.graph(entity, { ...read, depth: 1, type: 'mentions', limit: 1 }),
  links: (c) => c.links(entity, { ...read, ...page, direction: 'in' }),
  related: (c) => c.related(entity, { ...read, limit: 1 }),
  settings: (c) => c.settings(read),
  stats: (c) => c.stats(read),
  events: (c) =>
    c.events({
      ...read,
      ...page,
      types: ['entity.created'],
      aggregateId: id as AggregateId,
      correlationId: 'x',
      from: 'x',
      to: 'x',
      since: 1,
      order: 'oldest',
    }),
  eventCounts: (c) => c.eventCounts({ ...read, types: ['entity.created'], from: 'x', to: 'x', by: 'day' }),
  eventChain: (c) => c.eventChain(event, read),
  history: (c) => c.history(entity, { ...read, ...page, analyses: true }),
  followEvents: (c) => c.followEvents({ since: 1 }).next(),
  enrichment: (c) => c.enrichment({ user, all: true }),
  retryEnrichment: (c) => c.retryEnrichment({ reason: 'model.refused', dryRun: true }),
  pauseEnrichment: (c) => c.pauseEnrichment({ kind: 'embed', why: 'a test' }),
  resumeEnrichment: (c) => c.resumeEnrichment({ kind: 'embed' }),
  dropBudget: (c) => c.dropBudget(user),
  setBudget: (c) => c.setBudget(user, { calls: 1, tokens: null, cost: null }),
  parked: (c) => c.parked({ consumer: 'projector', state: 'open' }),
  parkedEvents: (c) => c.parkedEvents('g', { ...page, state: 'open' }),
  retryParked: (c) => c.retryParked('g'),
  discardParked: (c) => c.discardParked('g', { reason: 'x', upTo: 1 }),
  startExport: (c) => c.startExport({ ...read, idempotencyKey: 'k' }),
  exportStatus: (c) => c.exportStatus(id),
  enrichMany: (c) => c.enrichMany({ kind: 'embed', dryRun: true }),
  enrichmentRuns: (c) => c.enrichmentRuns(),
  enrichmentRun: (c) => c.enrichmentRun(id),
  cancelEnrichmentRun: (c) => c.cancelEnrichmentRun(id),
}

describe('the client and what both services say of themselves', () => {
  let standalone: InProcess
  let operations: Operation[] = []
  const sent = new Map<string, Sent[]>()

  beforeAll(async () => {
    standalone = await startInProcess()
    const response = await fetch(`${standalone.url}/openapi.json`)
    const { paths } = (await response.json()) as {
      paths: Record<string, Record<string, { parameters?: { name: string; in: string }[] }>>
    }
    operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [] }]) => ({
        method: method.toUpperCase(),
        path,
        query: parameters.flatMap((one) => (one.in === 'query' ? [one.name] : [])),
      })),
    )
    for (const [name, call] of Object.entries(calls)) sent.set(name, await record(call))
  }, patience)
  afterAll(() => standalone?.[Symbol.asyncDispose](), patience)

  const operationOf = ({ method, path }: Sent) =>
    operations.find((one) => one.method === method && toPattern(one.path).test(path))
  const isInternal = ({ path }: Sent) => path.startsWith('/internal/')

  it('given any method, it calls a route that there is, with parameters that the route has', () => {
    for (const [name, requests] of sent) {
      expect([name, requests.length]).toEqual([name, 1])
      for (const request of requests.filter((one) => !isInternal(one))) {
        const operation = operationOf(request)
        expect([name, request, operation?.path]).toEqual([name, request, expect.any(String)])
        const unknown = request.query.filter((one) => operation?.query.includes(one) !== true)
        expect([name, unknown]).toEqual([name, []])
      }
    }
  })

  it('given any route, there is a method for it, which can say each of its parameters', () => {
    const requests = [...sent.values()].flat()
    const missing = operations.flatMap((operation) => {
      const name = `${operation.method} ${operation.path}`
      const those = requests.filter((one) => operationOf(one) === operation)
      if (those.length === 0) return [name]
      const said = new Set(those.flatMap(({ query }) => query))
      return operation.query.flatMap((one) =>
        said.has(one) || left(operation, one) ? [] : [`${name} ?${one}`],
      )
    })
    expect(missing).toEqual([])
  })

  it('given writes, each change can be sent again: it has a key, and a version where one was read', () => {
    const unkeyed = [...sent].flatMap(([name, requests]) =>
      requests.some(({ method, path, headers }) => {
        const isWrite =
          method !== 'GET' && path.startsWith('/v1/') && !/keys|parked|analyses|enrichment/.test(path)
        return isWrite && !headers.includes('idempotency-key')
      })
        ? [name]
        : [],
    )
    // a file that is captured is sent once unless its caller names a key
    expect(unkeyed).toEqual(['captureFile'])
    expect(sent.get('patchEntity')?.[0]?.headers).toContain('if-match')
  })

  it('given real answers of every kind, they are what the client takes them for', async () => {
    const { url, drivers } = standalone
    const own = createClient({
      ingestUrl: url,
      queryUrl: url,
      apiKey: drivers.keys.apiKey,
      readYourWrites: true,
    })
    const made = await own.capture({ type: 'task', title: 'Milk', content: 'Buy milk.', tags: ['home'] })
    const other = await own.capture({ type: 'note', title: 'Bread', content: 'Buy bread.' })
    await own.createRelation({ type: 'mentions', source: made.id, target: other.id })
    await own.changeSettings({ language: 'en' })
    // no wait in between: each of these waits for what was written
    const { value: seen } = await own.getEntity(made.id)
    expect(seen.tags.map(({ name }) => name)).toEqual(['home'])
    expect((await own.list({ tag: ['home'] })).value.items).toHaveLength(1)
    expect((await own.list({ relatedTo: made.id, sort: 'title' })).value.items).toHaveLength(1)
    expect((await own.list({ asOf: made.sequence })).value.items).toHaveLength(1)
    expect((await own.tasks()).value.items).toHaveLength(1)
    expect((await own.tags({ prefix: 'ho' })).value.items).toHaveLength(1)
    const { items: relations } = (await own.relations()).value
    expect(relations).toHaveLength(1)
    for (const one of relations) expect((await own.relation(one.id)).value).toEqual(one)
    expect((await own.graph(made.id)).value.nodes).toHaveLength(2)
    expect((await own.links(made.id)).value.items).toEqual([])
    expect((await own.settings()).value.language).toBe('en')
    expect((await own.content(made.id)).value.bytes.toString()).toBe('Buy milk.')
    expect((await own.search({ q: 'milk', mode: 'text' })).value.items).toHaveLength(1)
    expect((await own.events({ limit: 1 })).value.items).toHaveLength(1)
    expect((await own.history(made.id)).value.items.length).toBeGreaterThan(1)
    expect((await own.eventCounts()).value).toBeDefined()
    expect((await own.status(made.id)).id).toBe(made.id)
    expect((await own.listKeys()).length).toBeGreaterThan(0)
    expect((await own.enrichment()).today.cost).toBe(0)
    expect((await own.retryEnrichment({ dryRun: true })).steps).toBe(0)
    expect((await own.pauseEnrichment({ kind: 'embed' })).paused).toHaveLength(1)
    expect((await own.resumeEnrichment()).paused).toEqual([])
    expect((await own.parked()).items).toEqual([])
    const [first] = (await own.events({ since: 0, limit: 1 })).value.items
    expect((await own.eventChain((first?.id ?? '') as EventId)).value).toBeDefined()
  }, 60_000)
})

/** What the client says otherwise, or what means nothing to a program. */
function left({ path }: Operation, parameter: string): boolean {
  // where the bytes are is for browsers
  if (parameter === 'redirect') return true
  // in the header Last-Event-ID, as it does when it goes on
  if (path === '/v1/events/stream') return parameter === 'since'
  // a status is told at once
  return path === '/v1/entities/{id}/status' && ['min_sequence', 'wait', 'stale'].includes(parameter)
}

function toPattern(path: string): RegExp {
  const literal = path.split(/\{[^}]+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${literal.join('[^/:]+')}$`)
}

/** What one call sends to a server that refuses everything. */
async function record(call: (client: SynapClient) => unknown): Promise<Sent[]> {
  const seen: Sent[] = []
  const client = createClient({
    ingestUrl: 'http://synap.test',
    queryUrl: 'http://synap.test',
    apiKey: 'syn_key',
    fetch: (async (input: URL, init: RequestInit) => {
      const query = [...new Set(input.searchParams.keys())]
      const headers = [...new Headers(init.headers).keys()]
      seen.push({ method: init.method ?? '', path: input.pathname, query, headers })
      return Promise.resolve(new Response('{}', { status: 418 }))
    }) as typeof fetch,
  })
  await Promise.resolve(call(client)).catch(() => undefined)
  return seen
}
