import { afterEach, describe, expect, it } from 'vitest'
import { createExtractor, type Extractor, type ExtractorOptions } from './extractor.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const signal = () => AbortSignal.timeout(20_000)
let extractor: Extractor
const make = (options?: ExtractorOptions) => {
  extractor = createExtractor(options)
  return extractor
}
afterEach(() => extractor.close())

describe('createExtractor', () => {
  it('given a document, when read in the thread, then text and chunks come back', async () => {
    const answer = await make().extract({ bytes: bytes('# Milk\n\nBuy it.'), fileType: 'markdown' }, signal())
    expect(answer).toMatchObject({
      analysable: true,
      extraction: { text: 'Milk\n\nBuy it.', heading: 'Milk' },
      chunking: { truncated: false, chunks: [{ start: 0, end: 13 }] },
    })
  })

  it('given one that takes too long, when read, then it is unprocessable and the next one is read', async () => {
    make({ timeoutMs: 300 })
    const slow = bytes('[a](<b>'.repeat(60_000) + '*_'.repeat(60_000))
    const answers = await Promise.all([
      extractor.extract({ bytes: slow, fileType: 'markdown' }, signal()),
      extractor.extract({ bytes: bytes('milk'), fileType: 'text' }, signal()),
    ])
    expect(answers[0]).toEqual({ analysable: false, extraction: null, reason: 'unprocessable' })
    expect(answers.length).toBe(2)
  })

  it('given one that takes too much memory, when read, then it is unprocessable and this process lives', async () => {
    make({ memoryMb: 16, timeoutMs: 20_000 })
    const wide = bytes('- a\n'.repeat(120_000))
    expect(await extractor.extract({ bytes: wide, fileType: 'markdown' }, signal())).toMatchObject({
      reason: 'unprocessable',
    })
  })

  it('given a caller that gives up, when waiting, then its reason comes back and the thread ends', async () => {
    make()
    const controller = new AbortController()
    const slow = bytes('*_'.repeat(200_000))
    const waiting = extractor.extract({ bytes: slow, fileType: 'markdown' }, controller.signal)
    setTimeout(() => controller.abort(new Error('stopping')), 30)
    await expect(waiting).rejects.toThrow('stopping')
  })
})
