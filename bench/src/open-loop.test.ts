import { describe, expect, it } from 'vitest'
import { runOpenLoop } from './open-loop.ts'

describe('an open loop', () => {
  it('given a server that stalls, later calls are made all the same and charged with their wait', async () => {
    const over = new AbortController()
    const stall = Promise.withResolvers<void>()
    const { latencies, failures } = await runOpenLoop({
      everyMs: 5,
      signal: over.signal,
      call: async (turn) => {
        // Ends by itself once ten are waiting, so only a loop that does not wait for answers gets there.
        if (turn === 9) {
          over.abort()
          stall.resolve()
        }
        await stall.promise
      },
    })
    expect(failures).toEqual([])
    expect(latencies).toHaveLength(10)
    expect(latencies[0]).toBeGreaterThanOrEqual(40)
  })

  it('given calls that fail, they are told with their turn and are no latency', async () => {
    const over = new AbortController()
    const { latencies, failures } = await runOpenLoop({
      everyMs: 1,
      signal: over.signal,
      call: async (turn) => {
        if (turn === 2) over.abort()
        if (turn === 1) throw new Error('refused')
      },
    })
    expect(latencies).toHaveLength(2)
    expect(failures).toEqual([{ turn: 1, reason: 'refused' }])
  })
})
