import { describe, expect, it } from 'vitest'
import { readLabelledPeople, renderPeople, scorePeople } from './people.ts'
import { precision, recall } from './score.ts'

const sentences = readLabelledPeople()
const signal = () => AbortSignal.timeout(60_000)

describe('people in the labelled sentences', () => {
  it('given its lines, when counted, then there are over 60 in eight languages, none twice, 30 at least that name nobody', () => {
    expect(sentences.length).toBeGreaterThan(60)
    expect(new Set(sentences.map(({ text }) => text)).size).toBe(sentences.length)
    expect(new Set(sentences.map(({ language }) => language)).size).toBe(8)
    expect(sentences.filter(({ people }) => people.length === 0).length).toBeGreaterThanOrEqual(30)
  })

  it.each(['tune', 'sealed'] as const)(
    'given the %s half, when read, then 9 of 10 names found are right, and 7 of 10 are found',
    async (half) => {
      const { names } = await scorePeople(
        sentences.filter((sentence) => sentence.half === half),
        signal(),
      )
      expect(names.labelled).toBeGreaterThanOrEqual(20)
      expect(precision(names)).toBeGreaterThanOrEqual(0.9)
      expect(recall(names)).toBeGreaterThanOrEqual(0.7)
    },
  )

  it('given a miss, when rendered, then it is told only when it is asked for', async () => {
    const sentence = { text: 'Ask Ana', people: [], language: 'en', half: 'sealed' } as const
    const score = await scorePeople([{ ...sentence, people: [...sentence.people] }], signal())
    expect(score.names).toEqual({ labelled: 0, found: 1, right: 0 })
    expect(renderPeople('sealed', score, false)).not.toContain('Ana')
    expect(renderPeople('sealed', score, true)).toContain('en "Ask Ana": nobody, got Ana')
  })
})
