import { beforeAll, describe, expect, it } from 'vitest'
import { createOfflineProvider } from '../../src/index.ts'
import { type LabelledCapture, readLabelled } from './labelled.ts'
import { rateOf, renderReport } from './report.ts'
import { type Count, precision, recall, type Score, scoreOf } from './score.ts'

const captures = readLabelled()
const provider = createOfflineProvider()
const signal = () => AbortSignal.timeout(60_000)

describe('the labelled set', () => {
  it('given its lines, when counted, then there are over 400 in eight languages, none twice, a third of them notes', () => {
    expect(captures.length).toBeGreaterThan(400)
    expect(new Set(captures.map(({ text }) => text)).size).toBe(captures.length)
    expect(new Set(captures.map(({ language }) => language)).size).toBe(8)
    const notes = captures.filter(({ intent }) => intent === 'note').length
    expect(notes / captures.length).toBeGreaterThan(0.3)
  })

  it('given the halves, when counted, then each has enough of every intent to say something', () => {
    for (const half of ['tune', 'sealed'] as const) {
      for (const kind of ['task', 'event', 'idea', 'note'] as const) {
        const count = captures.filter((capture) => capture.half === half && capture.intent === kind).length
        expect({ half, kind, enough: count >= 20 }).toEqual({ half, kind, enough: true })
      }
    }
  })
})

describe('the offline provider on the sealed half', () => {
  let score: Score
  beforeAll(async () => {
    score = await scoreOf(
      provider,
      captures.filter(({ half }) => half === 'sealed'),
      signal(),
    )
  })
  // Figures only: what is missed stays unseen, or the half would be no judge any more.
  const figures = (count: Count) => ({ precision: precision(count), recall: recall(count) })

  it.each(['task', 'event', 'idea'] as const)(
    'given its captures, when read, then %s is right in 9 of 10 and found in 7 of 10',
    (kind) => {
      const found = figures(score.intents[kind])
      expect(found.precision).toBeGreaterThanOrEqual(0.9)
      expect(found.recall).toBeGreaterThanOrEqual(0.7)
    },
  )

  it('given its captures, when read, then 95 of 100 dates found are right, and 7 of 10 are found', () => {
    expect(figures(score.dates).precision).toBeGreaterThanOrEqual(0.95)
    expect(figures(score.dates).recall).toBeGreaterThanOrEqual(0.7)
  })

  it('given right dates, when their words are looked at, then they are the ones that name it', () => {
    expect(score.spans.right / score.spans.judged).toBeGreaterThanOrEqual(0.95)
  })

  it('given titles a person would write, when compared, then 85 of 100 are the same', () => {
    expect(score.titles.right / score.titles.judged).toBeGreaterThanOrEqual(0.85)
  })
})

describe('the report', () => {
  const capture: LabelledCapture = {
    text: 'Sell the piano on Friday',
    intent: 'note',
    due: '2026-11-20',
    quote: 'Friday',
    span: { start: 18, end: 24 },
    at: '2026-11-18T14:30:00.000Z',
    zone: 'Europe/Berlin',
    language: 'en',
    half: 'tune',
  }

  it('given a task labelled a note, when scored, then it counts against both, and its date for itself', async () => {
    const score = await scoreOf(provider, [capture, { ...capture, due: '2026-11-27' }], signal())
    expect(score.intents.task).toEqual({ labelled: 0, found: 2, right: 0 })
    expect(score.intents.note).toEqual({ labelled: 2, found: 0, right: 0 })
    expect(score.dates).toEqual({ labelled: 2, found: 2, right: 1 })
    expect(score.misses.map(({ expected }) => expected)).toEqual(['note', 'note', 'due 2026-11-27'])
  })

  it('given misses, when rendered, then they are told of the halves asked for only', async () => {
    const score = await scoreOf(provider, [capture], signal())
    const report = { model: 'm', promptVersion: 'p', offline: true, halves: { tune: score }, rate: null }
    expect(renderReport(report, [])).not.toContain('piano')
    expect(renderReport(report, ['tune'])).toContain('en "Sell the piano on Friday": note, got task')
  })

  it('given a moment, when the rate is measured, then items were read and embedded', async () => {
    const { analysed, embedded, both } = await rateOf(provider, [capture], 5, signal())
    expect(Math.min(analysed, embedded)).toBeGreaterThan(both)
    expect(both).toBeGreaterThan(0)
  })
})
