import { createServer } from 'node:http'
import { uuidv7 } from '@synap/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, type Asked, type FakeSynap, problem, startFakeSynap } from '../../test/fake-synap.ts'
import { runSynap } from '../../test/run-synap.ts'
import { exitCodes } from '../exit-codes.ts'

const timeoutMs = 60_000
const id = uuidv7()

const eventOf = (sequence: number) => ({
  id: uuidv7(),
  type: 'entity.title_changed',
  aggregateType: 'entity',
  aggregateId: id,
  version: sequence,
  sequence,
  occurredAt: '2026-11-21T06:00:00.000Z',
  source: 'api',
  correlationId: 'a'.repeat(32),
  causationId: null,
  actor: { kind: 'user', id: null },
  delta: { title: `title ${sequence}\u001b[31m` },
})
const entryOf = (sequence: number) => ({
  ...eventOf(sequence),
  summary: `Title changed, ${sequence}`,
  changes: [
    { field: 'title', from: sequence === 1 ? null : 'Old', to: 'New' },
    { field: 'language', from: null, to: null },
  ],
  who: { kind: 'ai', id: null, model: 'some-model' },
  why: { source: 'automation', cause: { id: uuidv7(), type: 'entity.created', summary: 'Captured' } },
})

const page = (entries: unknown[], next: string | null): Answer => ({
  status: 200,
  body: { items: entries, next },
})
function answer({ path }: Asked): Answer {
  const { pathname, searchParams } = new URL(path, 'http://synap')
  const isSecond = searchParams.get('cursor') === 'second'
  if (pathname === `/v1/entities/${id}/history`)
    return isSecond ? page([entryOf(1)], null) : page([entryOf(3), entryOf(2)], 'second')
  if (pathname === '/v1/events')
    return isSecond ? page([eventOf(1)], null) : page([eventOf(3), eventOf(2)], 'second')
  return problem(404, 'not found')
}

describe('history and events', () => {
  let synap: FakeSynap
  const run = (...args: string[]) => runSynap([...args, '--url', synap.url, '--api-key', 'syn_key'])
  const linesOf = (text: string) => text.trim().split('\n')
  beforeEach(async () => {
    synap = await startFakeSynap(answer)
  })
  afterEach(() => synap[Symbol.asyncDispose]())

  it(
    'given two pages, the history is told from its beginning: what, who, from, to and why',
    async () => {
      const { code, stdout } = await run('history', id)
      expect(code).toBe(exitCodes.ok)
      expect(linesOf(stdout).filter((line) => line.startsWith('Title changed'))).toEqual(
        [1, 2, 3].map((sequence) => `Title changed, ${sequence}`),
      )
      expect(stdout).toContain('title: nothing → New')
      expect(stdout).toContain('title: Old → New')
      expect(stdout).not.toContain('language')
      expect(stdout).toContain('some-model (automation), because of: Captured')
      expect(synap.asked.map(({ path }) => path.includes('analyses=true'))).toEqual([true, true])
    },
    timeoutMs,
  )

  it(
    'given filters, they are asked for, and every page is a line per event',
    async () => {
      const filters = ['--type', 'entity.title_changed', '--since', '2026-11-21T06:00Z', '--entity', id]
      const { stdout } = await run('events', '--json', ...filters, '--order', 'oldest')
      expect(linesOf(stdout).map((line) => JSON.parse(line).sequence)).toEqual([3, 2, 1])
      const asked = new URL(synap.asked[0]?.path ?? '', synap.url).searchParams
      expect(Object.fromEntries(asked)).toMatchObject({
        type: 'entity.title_changed',
        from: '2026-11-21T06:00:00.000Z',
        aggregate: id,
        order: 'oldest',
        limit: '20',
      })
      expect(new URL(synap.asked[1]?.path ?? '', synap.url).searchParams.get('limit')).toBe('18')
    },
    timeoutMs,
  )

  it(
    'given controls in what was captured, they do not reach the terminal',
    async () => {
      const { stdout } = await run('events')
      expect(stdout).toContain('title title 3')
      expect(stdout).not.toContain('\u001b')
    },
    timeoutMs,
  )
})

describe('watch', () => {
  it(
    'given a server that goes away, it goes on behind the last event, and Ctrl-C ends it with 130',
    async () => {
      const resumedAt: (string | undefined)[] = []
      const server = createServer((request, response) => {
        resumedAt.push(request.headers['last-event-id'] as string | undefined)
        const sequence = 6 + resumedAt.length
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(`id: ${sequence}\ndata: ${JSON.stringify(eventOf(sequence))}\n\n`, () => {
          if (resumedAt.length === 1) response.destroy()
        })
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      const url = typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : ''
      let seen = ''
      const args = ['watch', '--from', '7', '--json', '--url', url, '--api-key', 'syn_key']
      const { code, stdout } = await runSynap(args, {}, (child) => {
        child.stdout?.on('data', (text: string) => {
          seen += text
          if (seen.includes('"sequence":8')) child.kill('SIGINT')
        })
      })
      server.closeAllConnections()
      server.close()
      expect(code).toBe(exitCodes.interrupted)
      expect(linesOfJson(stdout)).toEqual([7, 8])
      expect(resumedAt).toEqual(['6', '7'])
    },
    timeoutMs,
  )
})

const linesOfJson = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).sequence as number)
