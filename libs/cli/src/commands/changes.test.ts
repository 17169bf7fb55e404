import { spawnSync } from 'node:child_process'
import { uuidv7 } from '@synap/core'
import { eventually } from '@synap/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { type Answer, type Asked, type FakeSynap, problem, startFakeSynap } from '../../test/fake-synap.ts'
import { runOnTerminal } from '../../test/run-on-terminal.ts'
import { runSynap } from '../../test/run-synap.ts'
import { exitCodes } from '../exit-codes.ts'
import { parseDays } from '../item-filter.ts'
import { parseColor } from './tag-changes.ts'

const timeoutMs = 60_000
const hasTerminal = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
const [one, two, three] = [uuidv7(), uuidv7(), uuidv7()]
const numbersOf = (id: string | undefined, sequence = 7) => ({
  id,
  version: 2,
  sequence,
  correlationId: 'a'.repeat(32),
})

describe('commands that change things', () => {
  let synap: FakeSynap
  afterEach(() => synap?.[Symbol.asyncDispose]())
  const run = async (answer: (asked: Asked) => Answer, args: readonly string[]) => {
    synap = await startFakeSynap(answer)
    return runSynap([...args, '--url', synap.url, '--api-key', 'syn_key'])
  }
  const lines = () => synap.asked.map(({ method, path }) => `${method} ${path}`)

  it(
    'given several items, one that is refused does not keep the others from being changed',
    async () => {
      const { code, stdout, stderr } = await run(
        ({ path }) =>
          path.includes(two)
            ? problem(404, 'There is nothing here')
            : { status: 200, body: numbersOf(path.split('/').at(-1)) },
        ['task', 'done', one, two, three, '--json'],
      )
      expect(code).toBe(exitCodes.failed)
      expect(stdout).toBe(`${JSON.stringify(numbersOf(one))}\n${JSON.stringify(numbersOf(three))}\n`)
      expect(stderr).toBe(`synap: ${two}: There is no such item in this account.\n`)
      const done = { task: { status: 'done' } }
      expect(synap.asked.map(({ body }) => body)).toEqual([done, done, done])
    },
    timeoutMs,
  )

  it(
    'given a Synap that answers nothing any more, the rest is not tried',
    async () => {
      const { code, stdout } = await run(
        ({ path }) =>
          path.includes(one) ? { status: 200, body: numbersOf(one) } : problem(401, 'A credential is needed'),
        ['delete', one, two, three],
      )
      expect([code, stdout]).toEqual([exitCodes.configuration, `Deleted: ${one}\n`])
      expect(lines().filter((line) => line.includes(three))).toEqual([])
    },
    timeoutMs,
  )

  it(
    'given --wait, reads are asked for the sequence of the last change; where they lag, the code is 69',
    async () => {
      const isRead = ({ method }: Asked) => method === 'GET'
      const lagging = { ...problem(503, 'not caught up'), headers: { 'retry-after': '0' } }
      const { code, stdout, stderr } = await run(
        (asked) => (isRead(asked) ? lagging : { status: 200, body: numbersOf(one, 12) }),
        ['enrich', one, '--wait'],
      )
      expect([code, stdout]).toEqual([exitCodes.unavailable, `Asked for: ${one}\n`])
      expect(stderr).toBe('synap: It is done, but reads do not show it yet.\n')
      expect(new URL(synap.asked.at(-1)?.path ?? '', synap.url).searchParams.get('min_sequence')).toBe('12')
    },
    timeoutMs,
  )

  it(
    'given what nothing takes back and no terminal, it needs --yes, and nothing is sent',
    async () => {
      const { code, stderr } = await run(() => problem(500, 'asked'), ['purge', one])
      expect([code, stderr]).toEqual([
        exitCodes.usage,
        'synap: Nothing takes this back: without a terminal to ask at, it needs --yes.\n',
      ])
      expect(synap.asked).toEqual([])
    },
    timeoutMs,
  )

  it.skipIf(!hasTerminal)(
    'given a terminal [needs script(1)], it is asked, and done only after a yes',
    async () => {
      synap = await startFakeSynap(() => ({ status: 200, body: numbersOf(one) }))
      const answered = async (answer: string) => {
        const args = ['purge', one, '--url', synap.url, '--api-key', 'syn_key']
        const shown = runOnTerminal(args)
        await eventually('it asks', () => shown.screen().includes('Type "yes":'), { deadlineMs: 30_000 })
        shown.type(answer)
        return [await shown.ended, synap.asked.length]
      }
      expect(await answered('no')).toEqual([exitCodes.failed, 0])
      expect(await answered('yes')).toEqual([exitCodes.ok, 1])
    },
    timeoutMs,
  )

  it(
    'given tags of which one is refused, those before it are told',
    async () => {
      const { code, stdout, stderr } = await run(
        ({ path }) =>
          path.endsWith('/b')
            ? { ...problem(422, 'This cannot be done') }
            : { status: 200, body: numbersOf(one) },
        ['tag', 'add', one, 'a', 'b', 'c'],
      )
      expect([code, stdout]).toEqual([exitCodes.failed, `Tagged ${one}: a\n`])
      expect(stderr).toContain('Synap refused this: This cannot be done.')
      expect(lines()).toEqual([`PUT /v1/entities/${one}/tags/a`, `PUT /v1/entities/${one}/tags/b`])
    },
    timeoutMs,
  )

  it(
    'given --time-zone, new content says it and the rest does not; without new content it is refused',
    async () => {
      const answer = () => ({ status: 200, body: numbersOf(one) })
      const zoned = ['--time-zone', 'Asia/Tokyo']
      const { code } = await run(answer, ['edit', one, '--content', 'Call Ana', '--title', 'Ana', ...zoned])
      expect(code).toBe(exitCodes.ok)
      const said = synap.asked.map(({ method, headers }) => [method, headers['synap-time-zone']])
      expect(said).toEqual([
        ['PUT', 'Asia/Tokyo'],
        ['PATCH', undefined],
      ])
      await synap[Symbol.asyncDispose]()
      for (const rest of [['--title', 'Call Ana at 9'], ['--no-content']]) {
        const refused = await run(answer, ['edit', one, ...rest, ...zoned])
        expect([refused.code, refused.stderr]).toEqual([
          exitCodes.usage,
          'synap: --time-zone is said of new content: --content or --file.\n',
        ])
        expect(synap.asked).toEqual([])
        await synap[Symbol.asyncDispose]()
      }
    },
    timeoutMs,
  )
})

describe('what a task list is asked for', () => {
  const now = new Date(2026, 10, 21, 23, 59).getTime()
  it.each([
    ['today', { dueAfter: '2026-11-20', dueBefore: '2026-11-22' }],
    ['week', { dueAfter: '2026-11-20', dueBefore: '2026-11-28' }],
    ['overdue', { dueBefore: '2026-11-21' }],
    ['tomorrow', { dueBefore: '2026-11-23' }],
    ['2026-12-31', { dueBefore: '2027-01-01' }],
  ])('given %s, these days', (text, days) => {
    expect(parseDays(text, undefined, now)).toEqual(days)
  })

  it('given a time of day or anything else, it is refused', () => {
    expect(() => parseDays('tomorrow 15:00', undefined, now)).toThrow('today, week, overdue')
    expect(() => parseDays('soon', undefined, now)).toThrow('tomorrow')
  })
})

describe('a colour', () => {
  it('given capitals, they are small; none is none; anything else is refused', () => {
    expect(parseColor('#2E7D32')).toBe('#2e7d32')
    expect(parseColor('none')).toBeNull()
    expect(() => parseColor('green')).toThrow('#rrggbb')
  })
})
