import { silentLogger } from '@synap/messaging'
import { eventually } from '@synap/testing'
import { describe, expect, it } from 'vitest'
import { createTeller } from './teller.ts'

/** A teller whose words end when the test says so. */
function createStand({ restMs = 0, logger = silentLogger } = {}) {
  const words: PromiseWithResolvers<void>[] = []
  const teller = createTeller({
    send: () => {
      const word = Promise.withResolvers<void>()
      words.push(word)
      return word.promise
    },
    restMs,
    logger,
  })
  return { words, teller }
}

describe('telling another process', () => {
  it('given a silence, it says so at once', async () => {
    const { words, teller } = createStand({ restMs: 60_000 })
    teller.tell()
    expect(words.length).toBe(1)
    words[0]?.resolve()
    await teller.close()
    expect(words.length).toBe(1)
  })

  it('given commits while a word is under way, one more tells of all of them: the first may not have', async () => {
    const { words, teller } = createStand()
    teller.tell()
    for (let commit = 0; commit < 5; commit += 1) teller.tell()
    expect(words.length).toBe(1)
    words[0]?.resolve()
    await eventually('the second word', () => words.length === 2)
    words[1]?.resolve()
    await teller.close()
    expect(words.length).toBe(2)
  })

  it('given a rest, what comes in it waits for its end, and is said at once when the process ends', async () => {
    const { words, teller } = createStand({ restMs: 60_000 })
    teller.tell()
    words[0]?.resolve()
    await Promise.resolve()
    teller.tell()
    teller.tell()
    const closed = teller.close()
    await eventually('the second word', () => words.length === 2)
    teller.tell()
    words[1]?.resolve()
    await closed
    expect(words.length).toBe(2)
  })

  it('given words that fail, that is logged once until one gets through, and later ones are said', async () => {
    const warnings: string[] = []
    const logger = { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) }
    const { words, teller } = createStand({ logger })
    for (const [index, fails] of [true, true, false, true].entries()) {
      teller.tell()
      await eventually('the word', () => words.length === index + 1)
      if (fails) words[index]?.reject(new Error('away'))
      else words[index]?.resolve()
    }
    await teller.close()
    expect(warnings.length).toBe(2)
  })
})
