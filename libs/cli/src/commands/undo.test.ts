import { uuidv7 } from '@synap/core'
import { afterEach, describe, expect, it } from 'vitest'
import { type Answer, type Asked, type FakeSynap, problem, startFakeSynap } from '../../test/fake-synap.ts'
import { runSynap } from '../../test/run-synap.ts'
import { exitCodes } from '../exit-codes.ts'

const timeoutMs = 60_000
const id = uuidv7()
const user = uuidv7()
const changed = { id, version: 9, sequence: 20, correlationId: 'a'.repeat(32) }

const plain = (version: number, type: string) => ({
  id: `0190aaaa-0000-7000-8000-00000000000${version}`,
  type,
  aggregateType: 'entity',
  aggregateId: id,
  version,
  sequence: version,
  occurredAt: '2026-11-21T06:00:00.000Z',
  source: 'api',
  correlationId: String(version).repeat(32),
  causationId: null,
  actor: { kind: 'user', id: null },
  delta: {},
})
const entry = (version: number, type: string, summary: string) => ({
  ...plain(version, type),
  summary,
  changes: [{ field: 'title', from: 'Old\u001b[31m', to: 'New' }],
  who: { kind: 'user', id: null, model: null },
  why: { source: 'api', cause: null },
})
const created = entry(1, 'entity.created', 'Captured')
const first = entry(2, 'entity.title_changed', 'Title changed, first')
const second = entry(3, 'entity.updated', 'Metadata changed, second')

describe('undo', () => {
  let synap: FakeSynap
  afterEach(() => synap?.[Symbol.asyncDispose]())
  const undone = () => synap.asked.filter(({ method }) => method === 'POST')
  const run = async (answer: (asked: Asked) => Answer, ...args: string[]) => {
    synap = await startFakeSynap(answer)
    return runSynap(['undo', ...args, '--url', synap.url, '--api-key', 'syn_key'])
  }
  const history = (...items: unknown[]): Answer => ({ status: 200, body: { items, next: null } })

  it(
    'given a log that is behind, the last change is the one that the write side knows, not the one before it',
    async () => {
      let posts = 0
      const { code, stdout } = await run(({ method }) => {
        if (method === 'GET') return posts === 0 ? history(first, created) : history(second, first, created)
        posts += 1
        const stale = problem(412, 'It has another version')
        return posts === 1
          ? { ...stale, body: { ...(stale.body as object), currentVersion: 3 } }
          : { status: 200, body: changed }
      }, id)
      expect([code, stdout]).toEqual([
        exitCodes.ok,
        'Undone: Metadata changed, second (version 3)\n  title back to “Old [31m”\n',
      ])
      expect(undone().map(({ headers, body }) => [headers['if-match'], body])).toEqual([
        ['"2"', { event: first.id }],
        ['"3"', { event: second.id }],
      ])
    },
    timeoutMs,
  )

  it(
    'given a version, that change is meant, whatever came later; what is refused is told in the words of the server',
    async () => {
      const refusal = problem(422, 'This cannot be done')
      const { code, stderr } = await run(
        ({ method }) =>
          method === 'GET'
            ? history(second, first, created)
            : { ...refusal, body: { ...(refusal.body as object), detail: 'It was changed later.' } },
        id,
        '2',
      )
      expect([code, stderr]).toEqual([exitCodes.failed, 'synap: Synap refused this: It was changed later.\n'])
      expect(undone().map(({ headers, body }) => [headers['if-match'], body])).toEqual([
        [undefined, { event: first.id }],
      ])
    },
    timeoutMs,
  )

  it(
    'given nothing but the capture, nothing is sent',
    async () => {
      const { code, stderr } = await run(() => history(created), id)
      expect([code, stderr]).toEqual([
        exitCodes.failed,
        'synap: There is no change to undo. ./synap history shows what happened.\n',
      ])
      expect(undone()).toEqual([])
    },
    timeoutMs,
  )

  it(
    'given --dry-run, it is told and nothing is sent; tags and settings are me',
    async () => {
      const delta = { tagId: uuidv7(), name: 'Haus', oldName: 'home' }
      const event = { ...plain(4, 'tag.renamed'), aggregateType: 'user', aggregateId: user, delta }
      const { code, stdout } = await run(
        ({ path }) =>
          path.startsWith('/v1/me')
            ? { status: 200, body: { id: user, timeZone: null, language: null } }
            : history(event),
        'me',
        '--dry-run',
        '--json',
      )
      expect(code).toBe(exitCodes.ok)
      expect(JSON.parse(stdout)).toMatchObject({
        dryRun: true,
        undone: { id: event.id, delta },
        version: null,
      })
      expect(synap.asked.at(-1)?.path).toContain(`aggregate=${user}`)
      expect(undone()).toEqual([])
    },
    timeoutMs,
  )
})
