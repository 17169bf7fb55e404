import type { EnrichmentResponse, EnrichmentView } from '@synap/contracts'
import { describe, expect, it } from 'vitest'
import { describeEstimate, outcomeLine, priceText } from './describe-enrichment.ts'

const step = {
  step: 'embed' as const,
  model: 'new',
  items: 3,
  reused: 1,
  calls: 3,
  inputTokens: 1_200,
  outputTokens: 0,
}
const answer = (costUsd: number | null): EnrichmentResponse => ({
  dryRun: true,
  model: 'new',
  searchedBy: 'old',
  estimate: { items: 6, present: 1, unreadable: 1, steps: [{ ...step, costUsd }], costUsd },
  enrichment: null,
})
const view: EnrichmentView = {
  id: '019aa0c8-7c1e-7000-8000-000000000000',
  kind: 'embed',
  model: 'new',
  state: 'done',
  reason: null,
  items: 4,
  done: 4,
  failed: 0,
  open: 0,
  requestedAt: '2026-11-21T06:00:00.000Z',
  startedAt: null,
  switchedAt: null,
  finishedAt: null,
  remainingMs: 0,
}

describe('work on many items, for people', () => {
  it('given prices, then what is unknown is never called nothing, and little is not either', () => {
    expect(priceText(null)).toContain('unknown')
    expect(priceText(0)).toBe('$0')
    expect(priceText(0.000_1)).toBe('less than $0.01')
    expect(priceText(1.234)).toBe('about $1.23')
  })

  it('given an estimate, then it says from which model to which, how much, and for what', () => {
    const lines = describeEstimate(answer(null))
    expect(lines[0]).toBe('From old to new.')
    expect(lines.join('\n')).toContain(
      '3 items (1 more are there or were paid for), about 3 calls, 1,200 tokens',
    )
    expect(lines.at(-1)).toContain('unknown')
  })

  it.each([
    [{}, 'search compares by new now'],
    [{ failed: 1 }, '1 failed'],
    [{ kind: 'analyse' as const }, '4 items were analysed'],
    [{ state: 'cancelled' as const }, 'taken back'],
    [{ state: 'refused' as const, reason: 'model.not_found' }, 'model.not_found'],
    [{ state: 'building' as const, failed: 4, done: 0 }, 'stays with the old model'],
  ])('given %j, then it says %s', (more, words) => {
    expect(outcomeLine({ ...view, ...more })).toContain(words)
  })
})
