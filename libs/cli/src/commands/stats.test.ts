import { uuidv7 } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { startFakeSynap } from '../../test/fake-synap.ts'
import { runSynap } from '../../test/run-synap.ts'
import { coverageSentence } from './stats.ts'

const example = uuidv7()
const stats = {
  sequence: 600,
  coverage: { items: 501, searchable: 423, waiting: 75, failed: 3 },
  stages: [
    { stage: 'relayed', state: 'level', unit: 'events', waiting: 0, since: null, lagMs: 0 },
    {
      stage: 'searchable',
      state: 'behind',
      unit: 'items',
      waiting: 75,
      since: '2026-11-21T10:00:00.000Z',
      lagMs: 60_000,
    },
    { stage: 'enriched', state: 'unknown', unit: 'items', waiting: null, since: null, lagMs: null },
  ],
  oldest: { id: example, since: '2026-11-21T10:00:00.000Z', ageMs: 60_000 },
  cost: {
    today: { calls: 0, tokens: 0, cost: 0, unpricedCalls: 0 },
    total: { calls: 0, tokens: 0, cost: 0, unpricedCalls: 0 },
  },
  paused: [],
  embedding: {
    model: 'new-model',
    searchedBy: 'old-model',
    change: {
      id: uuidv7(),
      kind: 'embed',
      model: 'new-model',
      state: 'building',
      reason: null,
      items: 501,
      done: 40,
      failed: 0,
      open: 461,
      requestedAt: '2026-11-21T10:00:00.000Z',
      startedAt: '2026-11-21T10:00:01.000Z',
      switchedAt: null,
      finishedAt: null,
      remainingMs: 60_000,
    },
  },
  failures: [
    {
      stage: 'extracted',
      state: 'failed',
      reason: 'object.not_found',
      count: 3,
      example,
      nextRetryAt: null,
      whatToDo: 'Put it there again.',
    },
  ],
}

describe('stats', () => {
  it('given changes that are parked, it says that items may be missing from the count', async () => {
    const parked = (count: number, reason: string) => ({
      ...stats.failures[0],
      stage: 'projected',
      state: 'parked',
      reason,
      count,
    })
    const failures = [parked(3, 'behind_parked'), parked(1, 'refused_by_store')]
    await using synap = await startFakeSynap(() => ({ status: 200, body: { ...stats, failures } }))
    const { stdout } = await runSynap(['stats', '--url', synap.url, '--api-key', 'syn_key'])
    expect(stdout.split('\n')[1]).toBe('4 changes are parked: items that they begin are not counted.')
  })

  it('given items on their way and failures, it says how many, what waits, and what failed, why and what to do', async () => {
    await using synap = await startFakeSynap(() => ({ status: 200, body: stats }))
    const run = (...args: string[]) =>
      runSynap(['stats', ...args, '--url', synap.url, '--api-key', 'syn_key'])
    const { code, stdout } = await run()
    expect(code).toBe(0)
    const lines = stdout.split('\n').map((line) => line.replace(/ {2,}/g, '  '))
    expect(lines).toEqual([
      '423 of 501 items are searchable, 75 are waiting, 3 failed.',
      expect.stringMatching(`^Waiting longest: ${example}, for 1 ?m`),
      'Search compares by old-model until a change is through: building by new-model, 40 of 501 items (./synap enrich runs)',
      '',
      'stage  state  waiting  for',
      'relayed  level',
      expect.stringMatching(/^searchable {2}behind {2}75 items {2}1 ?m/),
      'enriched  unknown',
      '',
      'stage  what  why  how many  such as  what to do',
      `extracted  failed  object.not_found  3  ${example}  Put it there again.`,
      '',
    ])
    expect(JSON.parse((await run('--json')).stdout)).toEqual(stats)
    expect(synap.asked.map(({ path }) => path)).toEqual(['/v1/stats', '/v1/stats'])
  }, 60_000)

  it('given one item, none, or no answer, the sentence is right', () => {
    const of = (items: number, searchable: number, waiting: number, failed: number) =>
      coverageSentence({ items, searchable, waiting, failed })
    expect(of(1, 0, 1, 0)).toBe('0 of 1 item is searchable, 1 is waiting.')
    expect(of(2, 2, 0, 0)).toBe('2 of 2 items are searchable.')
    expect(of(0, 0, 0, 0)).toBe('There are no items yet.')
    expect(coverageSentence(null)).toContain('cannot be told')
  })
})
