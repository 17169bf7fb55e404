import { ApiError, type ApiProblem } from '@synap/client'
import { SynapError } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { explain } from './explain.ts'

const local = {
  ingestUrl: 'http://127.0.0.1:4100',
  queryUrl: 'http://127.0.0.1:4101',
  isLocalStack: true,
  keyFrom: '.synap/stack.env',
}
const elsewhere = { ...local, isLocalStack: false, keyFrom: '--api-key' }

const standalone = {
  ...elsewhere,
  standalone: { logFile: '/data/standalone.log' },
  keyFrom: '.synap/standalone.env',
}

const refused = (status: number, detail?: string, more: Partial<ApiProblem> = {}) =>
  new ApiError('x', {
    code: 'api.refused',
    status,
    origin: local.queryUrl,
    problem: { type: 'urn:x', title: 'Title', status, ...(detail === undefined ? {} : { detail }), ...more },
  })
const unreachable = new ApiError('GET /v1/search: no answer', {
  code: 'api.unreachable',
  status: 0,
  origin: local.queryUrl,
  cause: new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }),
})

describe('what a person is told', () => {
  it.each([
    [
      'nothing listens',
      unreachable,
      local,
      69,
      ['http://127.0.0.1:4101: nothing listens there', './synap up'],
    ],
    ['nothing listens elsewhere', unreachable, elsewhere, 69, ['is the address right']],
    ['401', refused(401), local, 78, ['not accepted', 'It came from .synap/stack.env', './synap up']],
    ['401 elsewhere', refused(401), elsewhere, 78, ['It came from --api-key', 'of this Synap?']],
    [
      '401 of a variable that hides the right key',
      refused(401),
      { ...local, keyFrom: 'SYNAP_API_KEY in the environment' },
      78,
      ['Unset it'],
    ],
    ['403', refused(403, 'needs the scope write'), local, 78, ['may not do this: needs the scope write.']],
    [
      'nothing listens where a standalone was',
      unreachable,
      standalone,
      69,
      ['./synap start starts it', '/data/standalone.log'],
    ],
    [
      '401 of a standalone',
      refused(401),
      standalone,
      78,
      ['.synap/standalone.env', './synap help keys create'],
    ],
    [
      '401 of a variable beside a standalone',
      refused(401),
      { ...standalone, keyFrom: '/key (SYNAP_API_KEY_FILE)' },
      78,
      ['Unset it, and the key that ./synap start wrote'],
    ],
    ['500 of a standalone', refused(500), standalone, 1, ['Its log says why: /data/standalone.log']],
    ['500 elsewhere', refused(500), elsewhere, 1, ['Its log says why.']],
    ['404', refused(404), local, 1, ['no such item in this account']],
    [
      '503',
      refused(503, 'the database is away.'),
      local,
      69,
      ['the database is away. Try again', './synap status'],
    ],
    ['500', refused(500), local, 1, ['Synap failed: Title.', '.synap/logs/']],
    ['404 of what is no item', refused(404, 'It has no such tag.'), local, 1, ['It has no such tag.']],
    [
      '412',
      refused(412, undefined, { currentVersion: 4 }),
      local,
      1,
      ['changed meanwhile: its version is 4 now.'],
    ],
    [
      '400 with fields',
      refused(400, undefined, {
        errors: [
          { path: 'body.timeZone', message: 'must be one' },
          { path: 'query.limit', message: 'is too large' },
        ],
      }),
      local,
      1,
      ['Synap refused this: Title: timeZone must be one, query.limit is too large.'],
    ],
    ['400', refused(400, 'content: too long'), local, 1, ['Synap refused this: content: too long.']],
  ])('given %s, it is one sentence that says what to do', (_what, error, asked, exitCode, parts) => {
    const told = explain(error, asked)
    expect(told).toMatchObject({ name: 'CommandError', exitCode })
    for (const part of parts) expect((told as Error).message).toContain(part)
    expect((told as Error).message).not.toContain('\n')
  })

  it('given an answer that is late, or of something else, it is told as such', () => {
    const late = new SynapError('GET /v1/x did not answer within 20000 ms', {
      code: 'deadline.exceeded',
      class: 'dependency',
    })
    expect(explain(late, local)).toMatchObject({ exitCode: 69 })
    const strange = new SynapError('x', { code: 'api.unexpected_answer', class: 'configuration' })
    expect(explain(strange, local)).toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('addresses'),
    })
  })

  it('given a mistake of ours, it stays what it is', () => {
    const bug = new TypeError('x is not a function')
    expect(explain(bug, local)).toBe(bug)
  })
})
