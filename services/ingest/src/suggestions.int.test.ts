import { randomUUID } from 'node:crypto'
import type { TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'

let stack: IngestStack
let ingest: TestService
let ana: Account

beforeAll(async () => {
  stack = await createIngestStack(['ingest', 'events-writer'])
  ana = await stack.createAccount()
  ingest = await stack.start()
  await ingest.waitReady()
}, 300_000)

afterAll(() => stack?.close())

const send = (method: string, path: string, body?: unknown, ifMatch?: number) =>
  call(ingest, path, {
    method,
    key: ana.key,
    ...(body === undefined ? {} : { body }),
    ...(ifMatch === undefined ? {} : { headers: { 'if-match': `"${ifMatch}"` } }),
  })

interface State {
  version: number
  title: string | null
  type: string
  summary: string | null
  people: string[]
  language: string | null
  content: { sha256: string }
  particulars: { task?: Record<string, unknown> }
  tags: { name: string; provenance: Provenance }[]
  suggestions: { field: string; value: string }[]
  rejected: { field: string; value: string }[]
  provenance: Record<string, Provenance | undefined>
}
interface Provenance {
  by: string
  eventId: string
  model?: string
  promptVersion?: string
  confidence?: number
}

const stateOf = async (id: string): Promise<State> =>
  JSON.parse(
    (await stack.database.superuserSql(`select state from write.streams where aggregate_id = '${id}'`))[0] ??
      '',
  )
const lastEventOf = async (id: string) =>
  (
    await stack.database.superuserSql(
      `select event_id from write.outbox where aggregate_id = '${id}' order by version desc limit 1`,
    )
  )[0]

/** Records an analysis of what is there now. */
async function analyse(id: string, result: object): Promise<void> {
  expect(await answerTo(id, result)).toMatchObject({ status: 200, body: { outcome: 'recorded' } })
}

async function answerTo(id: string, result: object) {
  const { content, version } = await stateOf(id)
  return await send('POST', `/v1/entities/${id}/analyses`, {
    analysisId: randomUUID(),
    contentHash: content.sha256,
    enricherVersion: '1',
    run: 0,
    basedOnVersion: version,
    model: 'a-model',
    promptVersion: 'p-1',
    offline: false,
    outcome: 'completed',
    result: { tags: [], ...result },
  })
}

async function captured(type: 'note' | 'task', result: object): Promise<string> {
  const answer = await send('POST', '/v1/entities', { type, content: 'some text' })
  const id = String(answer.body['id'])
  await analyse(id, result)
  return id
}

/** Each field with a proposal that is only suggested, and where an accepted one is found. */
const fields = [
  [
    'title',
    'note',
    { title: { value: 'Proposed', confidence: 0.4 } },
    'Proposed',
    (state: State) => state.title,
  ],
  ['type', 'note', { type: { value: 'idea', confidence: 0.4 } }, 'idea', (state: State) => state.type],
  ['status', 'task', { status: { value: 'in_progress', confidence: 0.4 } }, 'in_progress', task('status')],
  ['priority', 'task', { priority: { value: 2, confidence: 0.4 } }, 2, task('priority')],
  ['due', 'task', { due: { value: '2026-12-24', confidence: 0.4 } }, '2026-12-24', task('due')],
  [
    'tag',
    'note',
    { tags: [{ name: 'Errand', confidence: 0.4 }] },
    'Errand',
    (state: State) => state.tags[0]?.name ?? null,
  ],
] as const

function task(name: string) {
  return ({ particulars }: State) => particulars.task?.[name] ?? null
}

const provenanceOf = (state: State, field: string) =>
  field === 'tag' ? state.tags[0]?.provenance : state.provenance[field]

describe('a suggestion', () => {
  it.each(fields)(
    'given one for %s, when accepted, then it is the person’s own, AI leaves it alone, and it can be undone',
    async (field, type, result, value, read) => {
      const id = await captured(type, result)
      const before = await stateOf(id)
      expect(before.suggestions).toMatchObject([{ field, value: String(value) }])
      expect(read(before)).not.toEqual(value)
      expect((await send('POST', `/v1/entities/${id}/suggestions/${field}:accept`)).status).toBe(200)
      const after = await stateOf(id)
      expect([read(after), after.suggestions]).toEqual([value, []])
      expect(provenanceOf(after, field)).toEqual({ by: 'user', eventId: await lastEventOf(id) })

      const undone = await send('POST', `/v1/entities/${id}:undo`, { event: await lastEventOf(id) })
      expect(undone.status).toBe(200)
      expect(read(await stateOf(id))).toEqual(read(before))
    },
  )

  it.each(fields)(
    'given one for %s, when rejected, then it is not proposed again, however sure the next analysis is',
    async (field, type, result, value, read) => {
      const id = await captured(type, result)
      const before = read(await stateOf(id))
      const rejection = await send('POST', `/v1/entities/${id}/suggestions/${field}:reject`, {
        value: String(value),
      })
      expect(rejection.status).toBe(200)
      await analyse(id, JSON.parse(JSON.stringify(result).replaceAll('0.4', '0.99')))
      const after = await stateOf(id)
      expect([read(after), after.suggestions]).toEqual([before, []])
      expect(after.rejected).toMatchObject([{ field }])
      expect((await send('POST', `/v1/entities/${id}/suggestions/${field}:accept`)).status).toBe(404)
    },
  )

  it.each([
    ['summary', 'What it says.', null],
    ['language', 'en', null],
    ['people', ['Ana', 'Ben'], []],
  ] as const)(
    'given one for %s, which no person writes, when accepted, then why not is said; when rejected, it stays away',
    async (field, value, nothing) => {
      const id = await captured('note', { [field]: { value, confidence: 0.4 } })
      const refused = await send('POST', `/v1/entities/${id}/suggestions/${field}:accept`)
      expect(refused.status).toBeGreaterThanOrEqual(400)
      expect(refused.status).toBeLessThan(500)
      expect(JSON.stringify(refused.body)).toContain('suggestion.not_settable')
      expect((await send('POST', `/v1/entities/${id}/suggestions/${field}:reject`)).status).toBe(200)
      await analyse(id, { [field]: { value, confidence: 0.99 } })
      expect((await stateOf(id))[field]).toEqual(nothing)
    },
  )

  it('given a value that AI set, when shown, then model, prompt, confidence and event stand beside it', async () => {
    const id = await captured('note', {
      title: { value: 'Set by AI', confidence: 0.9 },
      tags: [{ name: 'Set', confidence: 0.8 }],
    })
    const state = await stateOf(id)
    const event = await lastEventOf(id)
    const by = { by: 'ai', eventId: event, model: 'a-model', promptVersion: 'p-1' }
    expect(state.provenance['title']).toMatchObject({ ...by, confidence: 0.9 })
    expect(state.tags).toMatchObject([{ name: 'Set', provenance: { ...by, confidence: 0.8 } }])
  })

  it('given people that AI set, when undone or refused, then they go, and those alone are set who were never refused', async () => {
    const id = await captured('note', { people: { value: ['Ana', 'Dr. Novak'], confidence: 0.7 } })
    const event = await lastEventOf(id)
    const state = await stateOf(id)
    expect(state.people).toEqual(['Ana', 'Dr. Novak'])
    expect(state.provenance['people']).toMatchObject({ by: 'ai', eventId: event, confidence: 0.7 })
    expect((await send('POST', `/v1/entities/${id}:undo`, { event })).status).toBe(200)
    expect((await stateOf(id)).people).toEqual([])
    expect((await stateOf(id)).provenance['people']).toBeUndefined()
    await analyse(id, { people: { value: ['Cleo', 'ana'], confidence: 0.7 } })
    expect((await stateOf(id)).people).toEqual(['Cleo'])
  })

  it.each([
    ['eleven', Array.from({ length: 11 }, (_, n) => `Ana ${n}`)],
    ['an empty one', ['']],
    ['one of 81 signs', ['x'.repeat(81)]],
    ['one with a line break', ['Ana\nNovak']],
    ['one with a comma', ['Ana, Ben']],
    ['no list', 'Ana'],
  ])('given %s for people, when recorded, then it is refused as a whole', async (_, value) => {
    const id = await captured('note', {})
    expect(await answerTo(id, { people: { value, confidence: 0.7 } })).toMatchObject({ status: 400 })
    expect((await stateOf(id)).people).toEqual([])
  })

  it('given several tags, when decided on one by its name, then the others stay open; without a name it is refused', async () => {
    const tags = ['One', 'Two', 'Three'].map((name) => ({ name, confidence: 0.4 }))
    const id = await captured('note', { tags })
    const unnamed = await send('POST', `/v1/entities/${id}/suggestions/tag:accept`)
    expect(JSON.stringify(unnamed.body)).toContain('suggestion.ambiguous')
    expect((await send('POST', `/v1/entities/${id}/suggestions/tag:accept`, { value: ' two ' })).status).toBe(
      200,
    )
    expect((await send('POST', `/v1/entities/${id}/suggestions/tag:reject`, { value: 'ONE' })).status).toBe(
      200,
    )
    const state = await stateOf(id)
    expect(state.tags.map(({ name }) => name)).toEqual(['Two'])
    expect(state.suggestions).toMatchObject([{ field: 'tag', value: 'Three' }])
    await analyse(id, { tags: tags.map(({ name }) => ({ name, confidence: 0.9 })) })
    expect((await stateOf(id)).tags.map(({ name }) => name)).toEqual(['Two', 'Three'])
  })

  it('given many who decide at once on one version, when they name it, then one is heard and the others are told', async () => {
    const id = await captured('note', { title: { value: 'Proposed', confidence: 0.4 } })
    const { version } = await stateOf(id)
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        send(
          'POST',
          `/v1/entities/${id}/suggestions/title:${index % 2 === 0 ? 'accept' : 'reject'}`,
          undefined,
          version,
        ),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 412)).toHaveLength(9)
    const state = await stateOf(id)
    expect(state.version).toBe(version + 1)
    expect([state.title === 'Proposed', state.rejected.length === 1]).toContain(true)
    expect(state.suggestions).toEqual([])
  })

  it('given an accept and an analysis at once, when both are done, then the person’s value stands', async () => {
    const id = await captured('note', { title: { value: 'Proposed', confidence: 0.4 } })
    await Promise.all([
      send('POST', `/v1/entities/${id}/suggestions/title:accept`),
      analyse(id, { title: { value: 'Another', confidence: 0.49 } }),
    ])
    const state = await stateOf(id)
    expect(['Proposed', null]).toContain(state.title)
    if (state.title === 'Proposed') expect(state.provenance['title']?.by).toBe('user')
    await send('PATCH', `/v1/entities/${id}`, { title: 'Mine' })
    await analyse(id, { title: { value: 'Surely another', confidence: 1 } })
    expect((await stateOf(id)).title).toBe('Mine')
  })
})
