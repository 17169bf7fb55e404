import { describe, expect, it } from 'vitest'
import { askInTurn } from './in-turn.ts'
import { createRandom } from './random.ts'

const setUp = (each: Record<string, number>) => {
  const asked: string[] = []
  let clock = 0
  const answerers = Object.entries(each).map(([name, ms]) => ({
    name,
    ask: async (question: number) => {
      asked.push(`${question}${name}`)
      clock += ms * question
    },
  }))
  const { signal } = new AbortController()
  return { asked, options: { answerers, random: createRandom(7), signal, now: () => clock } }
}

describe('questions asked in turn', () => {
  it('given several who answer, each question goes to all before the next one, in an order of its own', async () => {
    const { asked, options } = setUp({ a: 1, b: 1, c: 1 })
    await askInTurn({ ...options, questions: [1, 2, 3, 4], until: { names: ['a'], ms: 1 } })
    const turns = [0, 3, 6, 9].map((at) => asked.slice(at, at + 3))
    expect(turns.map((turn) => turn.toSorted())).toEqual(
      [1, 2, 3, 4].map((question) => ['a', 'b', 'c'].map((name) => `${question}${name}`)),
    )
    expect(new Set(turns.map((turn) => turn.map((one) => one.slice(1)).join(''))).size).toBeGreaterThan(1)
  })

  it('given some are waited for, all are asked everything again until the quickest of these has worked long enough', async () => {
    const { options } = setUp({ quick: 1, slow: 10, other: 0.1 })
    const until = { names: ['quick', 'slow'], ms: 7 }
    const times = await askInTurn({ ...options, questions: [1, 2], until })
    expect(times.get('quick')).toEqual([1, 2, 1, 2, 1, 2])
    expect(times.get('slow')).toEqual([10, 20, 10, 20, 10, 20])
    expect(times.get('other')).toHaveLength(6)
  })

  it('given somebody stops it, nothing more is asked', async () => {
    const { asked, options } = setUp({ a: 1 })
    const stop = new AbortController()
    const stopping = { name: 'b', ask: () => Promise.resolve(stop.abort(new Error('enough'))) }
    const run = askInTurn({
      ...options,
      answerers: [stopping, ...options.answerers],
      signal: stop.signal,
      questions: [1, 2, 3],
      until: { names: ['a'], ms: 100 },
    })
    await expect(run).rejects.toThrow('enough')
    expect(asked.length).toBeLessThan(2)
  })
})
