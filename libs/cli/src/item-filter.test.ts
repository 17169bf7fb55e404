import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Asked, type FakeSynap, problem, startFakeSynap } from '../test/fake-synap.ts'
import { runSynap } from '../test/run-synap.ts'
import { exitCodes } from './exit-codes.ts'

const timeoutMs = 60_000
const id = '019aa0c8-7c1e-7000-8000-000000000001'
const nothing = { items: [], next: null }
const found = { items: [], mode: 'hybrid', note: null, corrections: [], model: null }

const answer = ({ path }: Asked) => {
  const [route] = path.split('?')
  if (route === '/v1/entities') return { status: 200, body: nothing }
  return route === '/v1/search' ? { status: 200, body: found } : problem(404, 'not found')
}

describe('filters of list and search', () => {
  let synap: FakeSynap
  let env: Record<string, string>
  beforeEach(async () => {
    synap = await startFakeSynap(answer)
    env = { SYNAP_INGEST_URL: synap.url, SYNAP_QUERY_URL: synap.url, SYNAP_API_KEY: `syn_${'o'.repeat(43)}` }
  })
  afterEach(() => synap[Symbol.asyncDispose]())
  const run = (...args: string[]) => runSynap(args, env)
  /** What the last question asked for, names with all their values. */
  const asked = () => {
    const { searchParams } = new URL(synap.asked.at(-1)?.path ?? '', 'http://synap')
    const names = new Set(searchParams.keys())
    return Object.fromEntries(
      [...names].map((name) => {
        const values = searchParams.getAll(name)
        return [name, values.length === 1 ? values[0] : values]
      }),
    )
  }
  const flags = (text: string) => text.split(' ')
  const all = flags(
    '--type note -t task --tag home --tag garden --any-tag a --status todo --due-after 2026-11-01 --due-before 2026-12-01 --created-after 2026-11-21T06:00Z --created-before 2026-11-22T06:00Z --updated-after 2026-11-21T07:00Z --updated-before 2026-11-22T07:00Z -n 7',
  )
  const wanted = {
    type: ['note', 'task'],
    tag: ['home', 'garden'],
    any_tag: 'a',
    status: 'todo',
    due_after: '2026-11-01',
    due_before: '2026-12-01',
    created_after: '2026-11-21T06:00:00.000Z',
    created_before: '2026-11-22T06:00:00.000Z',
    updated_after: '2026-11-21T07:00:00.000Z',
    updated_before: '2026-11-22T07:00:00.000Z',
    limit: '7',
  }

  it(
    'given every filter, both ask for exactly that',
    async () => {
      const search = await run('search', 'green', 'tea', '--mode', 'text', ...all)
      expect([search.code, search.stdout]).toEqual([exitCodes.ok, ''])
      expect(search.stderr).toContain('among what the filters leave')
      expect(asked()).toEqual({ q: 'green tea', mode: 'text', ...wanted })
      const list = await run('list', ...all, '--words', 'tea', '--sort', '-updated')
      expect([list.code, list.stderr.includes('Nothing matches')]).toEqual([exitCodes.ok, true])
      expect(asked()).toEqual({ q: 'tea', sort: '-updated', ...wanted })
    },
    timeoutMs,
  )

  it(
    'given what is linked with an item, or how it was, the list asks for that',
    async () => {
      await run('list', '--related-to', id, '--relation', 'blocks')
      expect(asked()).toMatchObject({ related_to: id, relation: 'blocks' })
      await run('list', '--as-of', '17')
      expect(asked()).toMatchObject({ as_of: '17' })
      await run('list', '--as-of', '2026-11-21T06:00Z', '--json')
      expect(asked()).toMatchObject({ as_of: '2026-11-21T06:00:00.000Z' })
    },
    timeoutMs,
  )

  it(
    'given a flag that makes no sense, it says so and asks nothing',
    async () => {
      for (const wrong of [
        '--type dog',
        '--status open',
        '--due-after soon',
        '--created-after soon',
        '--relation blocks',
        '--as-of soon',
        '--sort colour',
        '--limit 0',
      ]) {
        const { code, stderr } = await run('list', ...flags(wrong))
        expect([wrong, code]).toEqual([wrong, exitCodes.usage])
        expect(stderr).toContain(flags(wrong)[0])
      }
      expect(synap.asked).toEqual([])
    },
    timeoutMs,
  )
})
