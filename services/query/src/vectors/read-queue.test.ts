import { describe, expect, it } from 'vitest'
import { createReadQueue } from './read-queue.ts'

describe('what is read in the background', () => {
  it('given things that are wanted at once, one is read after the other, each once', async () => {
    const queue = createReadQueue()
    const told: string[] = []
    const reading = (name: string) => async () => {
      told.push(`${name} begins`)
      await Promise.resolve()
      told.push(`${name} ends`)
    }
    for (const key of ['a', 'b', 'a']) queue.want(key, reading(key))
    await queue.settled()
    expect(told).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
    queue.want('a', reading('a'))
    await queue.settled()
    expect(told).toHaveLength(6)
  })

  it('given something that is wanted at any moment of the end of another, it is read', async () => {
    const read: number[] = []
    for (let moments = 0; moments < 12; moments += 1) {
      const queue = createReadQueue()
      queue.want('first', () => Promise.resolve())
      for (let moment = 0; moment < moments; moment += 1) await Promise.resolve()
      queue.want('second', async () => void read.push(moments))
      await queue.settled()
    }
    expect(read).toEqual(Array.from({ length: 12 }, (_, moments) => moments))
  })

  it('given very many that wait, those that come then are not read, and can be wanted again', async () => {
    const queue = createReadQueue()
    const gate = Promise.withResolvers<void>()
    let read = 0
    queue.want('slow', () => gate.promise)
    for (let key = 0; key < 1_500; key += 1) queue.want(String(key), async () => void (read += 1))
    gate.resolve()
    await queue.settled()
    expect(read).toBe(999)
    queue.want('1499', async () => void (read += 1))
    await queue.settled()
    expect(read).toBe(1_000)
  })

  it('given its end, what is being read is told, and nothing else begins', async () => {
    const queue = createReadQueue()
    let begun = 0
    const untilTold = (signal: AbortSignal) => {
      begun += 1
      return new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve())
      })
    }
    queue.want('a', untilTold)
    queue.want('b', untilTold)
    await queue.close()
    queue.want('c', untilTold)
    await queue.settled()
    expect(begun).toBe(1)
  })
})
