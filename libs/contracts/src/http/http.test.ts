import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as contracts from '../index.ts'
import { problems } from '../problems.ts'
import { limits } from '../text.ts'
import { analysisRequest } from './analysis.ts'
import { captureRequest } from './capture.ts'
import { listQuery } from './entity.ts'
import { idempotencyKey } from './idempotency.ts'
import { internalEventsQuery } from './internal.ts'
import { searchQuery } from './search.ts'

const note = { type: 'note', content: 'Buy milk tomorrow' }
/** The fields that are named as not valid. */
const paths = (body: unknown): string[] => {
  const issues = captureRequest.safeParse(body).error?.issues ?? []
  const names = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('.')],
  )
  return [...new Set(names)]
}

const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) })

describe('a capture', () => {
  it('given the smallest and the largest bodies, they are accepted as they are', () => {
    for (const body of [
      note,
      { type: 'note', content: '' },
      { type: 'project', title: 'Garden' },
      { type: 'note', content: 'x'.repeat(limits.content) },
      {
        type: 'note',
        title: 'x'.repeat(500),
        tags: Array.from({ length: 50 }, (_, index) => `tag ${index}`),
      },
      { type: 'task', title: 'Tea', task: { status: 'in_progress', priority: 3, due: '2026-11-22' } },
      { type: 'task', title: 'Tea', task: { due: '2026-11-22T17:00:00+01:00' } },
      { ...note, metadata: nested(8) },
    ]) {
      expect(captureRequest.safeParse(body)).toEqual({ success: true, data: body })
    }
  })

  it.each([
    ['no type', { content: 'x' }, ['type']],
    ['an unknown type', { ...note, type: 'recipe' }, ['type']],
    ['nothing to keep', { type: 'note' }, ['content']],
    ['a field of the server', { ...note, userId: 'me' }, ['userId']],
    ['a number as text', { ...note, content: 5 }, ['content']],
    ['NUL in the content', { ...note, content: 'a\0b' }, ['content']],
    ['a lone surrogate in the title', { ...note, title: 'a\ud800' }, ['title']],
    ['a blank title', { ...note, title: ' \u00a0' }, ['title']],
    ['a long title', { ...note, title: 'x'.repeat(501) }, ['title']],
    ['content above 1 MiB in characters', { ...note, content: 'x'.repeat(limits.content + 1) }, ['content']],
    [
      'content above 1 MiB in bytes only',
      { ...note, content: 'ä'.repeat(limits.content / 2 + 1) },
      ['content'],
    ],
    ['51 tags', { ...note, tags: Array.from({ length: 51 }, (_, index) => `t${index}`) }, ['tags']],
    ['a long tag', { ...note, tags: ['x', 'y'.repeat(101)] }, ['tags.1']],
    ['a blank tag', { ...note, tags: [' '] }, ['tags.0']],
    ['task fields of a note', { ...note, task: { priority: 1 } }, ['task']],
    ['an unknown task field', { type: 'task', title: 'x', task: { done: true } }, ['done']],
    ['a day that does not exist', { type: 'task', title: 'x', task: { due: '2026-02-30' } }, ['task.due']],
    [
      'a date without an offset',
      { type: 'task', title: 'x', task: { due: '2026-02-03T10:00' } },
      ['task.due'],
    ],
    ['a time zone that is none', { ...note, timeZone: 'Mars/Olympus' }, ['timeZone']],
    ['an offset for a time zone', { ...note, timeZone: '+02:00' }, ['timeZone']],
    ['priority 4', { type: 'task', title: 'x', task: { priority: 4 } }, ['task.priority']],
    ['metadata that is a list', { ...note, metadata: [] }, ['metadata']],
    ['metadata of nine levels', { ...note, metadata: nested(9) }, ['metadata']],
    ['NUL deep in metadata', { ...note, metadata: { a: [{ b: '\0' }] } }, ['metadata']],
    ['NUL in a key of metadata', { ...note, metadata: { 'a\0': 1 } }, ['metadata']],
    ['large metadata', { ...note, metadata: { a: 'ä'.repeat(8_192) } }, ['metadata']],
    [
      'a key for the prototype',
      { ...note, metadata: JSON.parse('{"a":{"__proto__":{}}}') as unknown },
      ['metadata'],
    ],
  ])('given %s, it is refused and the field is named', (_, body, expected) => {
    expect(paths(body)).toEqual(expected)
  })

  it('given several wrong fields, every one of them is named', () => {
    expect(paths({ type: 'recipe', content: 1, tags: [''], more: true }).sort()).toEqual(
      ['content', 'more', 'tags.0', 'type'].sort(),
    )
  })
})

describe('an analysis', () => {
  const job = {
    analysisId: '01890000-0000-7000-8000-000000000001',
    contentHash: 'ab'.repeat(32),
    enricherVersion: '1',
    run: 0,
    basedOnVersion: 2,
    model: 'synap-offline',
    promptVersion: '1',
    offline: true,
  }
  const result = { tags: [], due: { value: '2026-11-22', confidence: 0.9, text: 'tomorrow' } }

  it('given a result or an error, exactly the one that fits its outcome is accepted', () => {
    const error = { code: 'model.refused' }
    expect(analysisRequest.safeParse({ ...job, outcome: 'completed', result }).success).toBe(true)
    expect(analysisRequest.safeParse({ ...job, outcome: 'failed', error }).success).toBe(true)
    expect(analysisRequest.safeParse({ ...job, outcome: 'failed', result }).success).toBe(false)
    expect(analysisRequest.safeParse({ ...job, outcome: 'completed', result, error }).success).toBe(false)
  })

  it('given a confidence beyond 1, or a hash in capitals, it is refused', () => {
    const sure = { ...result, title: { value: 'Milk', confidence: 1.1 } }
    expect(analysisRequest.safeParse({ ...job, outcome: 'completed', result: sure }).success).toBe(false)
    const hash = { ...job, contentHash: 'AB'.repeat(32) }
    expect(analysisRequest.safeParse({ ...hash, outcome: 'completed', result }).success).toBe(false)
  })
})

describe('query strings', () => {
  it('given numbers as text, they become numbers; other spellings are refused', () => {
    expect(listQuery.parse({ limit: '10', min_sequence: '0' })).toEqual({ limit: 10, min_sequence: 0 })
    for (const limit of ['0', '201', '1e2', '-1', '010', '1.0', ' 1', 'NaN', '']) {
      expect(listQuery.safeParse({ limit }).success).toBe(false)
    }
    expect(listQuery.safeParse({ limits: '1' }).success).toBe(false)
  })

  it('given a search for nothing, or with NUL, it is refused', () => {
    expect(searchQuery.safeParse({ q: 'milk', mode: 'hybrid' }).success).toBe(true)
    for (const q of ['', '  ', 'a\0', 'x'.repeat(1_001)])
      expect(searchQuery.safeParse({ q }).success).toBe(false)
  })

  it('given a range of events, it holds 1 to 500 of them', () => {
    const user = '01890000-0000-7000-8000-000000000001'
    const range = (from: number, to: number) =>
      internalEventsQuery.safeParse({ user, from: String(from), to: String(to) }).success
    expect([range(1, 1), range(1, 500), range(1, 501), range(2, 1), range(0, 1)]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })

  it('given an idempotency key, it is visible ASCII of at most 255 characters', () => {
    expect(idempotencyKey.safeParse('a'.repeat(255)).success).toBe(true)
    for (const key of ['', 'a b', 'ä', 'a'.repeat(256), 'a\n'])
      expect(idempotencyKey.safeParse(key).success).toBe(false)
  })
})

describe('every exported schema', () => {
  const exported: readonly (readonly [string, unknown])[] = Object.entries(contracts)
  const schemas = exported.flatMap(([name, value]) =>
    value instanceof z.ZodType ? [[name, value] as const] : [],
  )

  it.each(schemas)('given %s, OpenAPI can describe what goes in and what comes out', (_, schema) => {
    expect(typeof z.toJSONSchema(schema, { io: 'input' })).toBe('object')
    expect(typeof z.toJSONSchema(schema, { io: 'output' })).toBe('object')
  })
})

describe('kinds of problems', () => {
  it('given all of them, types are unique, stable names without a host, and statuses are errors', () => {
    const kinds = Object.values(problems)
    expect(new Set(kinds.map(({ type }) => type)).size).toBe(kinds.length)
    for (const { type, status, title } of kinds) {
      expect(type).toMatch(/^urn:synap:problem:[a-z-]+$/)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(title).not.toBe('')
    }
  })
})
