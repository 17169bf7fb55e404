import { describe, expect, it } from 'vitest'
import { createRandom } from './random.ts'
import { runRounds } from './rounds.ts'

const bench = () => ({ say: () => undefined, signal: new AbortController().signal, random: createRandom(7) })

describe('rounds', () => {
  it('given contenders, each round runs all of them in an order of its own, and the warm-up does not count', async () => {
    const ran: string[] = []
    const contenders = ['a', 'b', 'c'].map((name) => ({
      name,
      run: async (round: number) => {
        ran.push(name)
        return `${name}${round}`
      },
    }))
    const results = await runRounds({ contenders, rounds: 6, bench: bench() })
    expect(results.get('b')).toEqual(['b1', 'b2', 'b3', 'b4', 'b5', 'b6'])
    const orders = Array.from({ length: 7 }, (_, round) => ran.slice(round * 3, round * 3 + 3))
    expect(orders.map((order) => order.toSorted())).toEqual(Array.from(orders, () => ['a', 'b', 'c']))
    expect(new Set(orders.map(String)).size).toBeGreaterThan(1)
  })

  it('given a contender whose result is wrong, the whole run is', async () => {
    const wrong = { name: 'wrong', run: () => Promise.reject(new Error('12 rows, not 13')) }
    await expect(runRounds({ contenders: [wrong], rounds: 1, bench: bench() })).rejects.toThrow('12 rows')
  })
})
