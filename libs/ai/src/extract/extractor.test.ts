import { createDeflate } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { lines, makePdf } from '../../test/pdf.ts'
import { createExtractor, type Extractor, type ExtractorOptions } from './extractor.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
/** Markdown that takes more than ten seconds to read. */
const slow = bytes('[a](<b>'.repeat(240_000) + '*_'.repeat(240_000))
const signal = () => AbortSignal.timeout(60_000)
let extractor: Extractor
const make = (options?: ExtractorOptions) => {
  extractor = createExtractor(options)
  return extractor
}
afterEach(() => extractor.close())

/** So many MiB of blanks, compressed without ever being in memory. */
async function deflatedBlanks(mib: number): Promise<Uint8Array> {
  const deflate = createDeflate()
  const parts: Buffer[] = []
  const blanks = Buffer.alloc(1024 * 1024, ' ')
  deflate.on('data', (part: Buffer) => parts.push(part))
  const ended = new Promise((resolve) => deflate.on('end', resolve))
  for (let written = 0; written < mib; written += 1) {
    if (!deflate.write(blanks)) await new Promise((resolve) => deflate.once('drain', resolve))
  }
  deflate.end()
  await ended
  return Uint8Array.from(Buffer.concat(parts))
}

describe('createExtractor', () => {
  it('given a document, when read in the thread, then text and chunks come back', async () => {
    const answer = await make().extract({ bytes: bytes('# Milk\n\nBuy it.'), fileType: 'markdown' }, signal())
    expect(answer).toMatchObject({
      analysable: true,
      extraction: { text: 'Milk\n\nBuy it.', heading: 'Milk' },
      chunking: { truncated: false, chunks: [{ start: 0, end: 13 }] },
    })
  })

  it('given one that takes too much work, when read, then it is unprocessable and the next one is read', async () => {
    make({ cpuMs: 2_000, timeoutMs: 60_000 })
    const answers = await Promise.all([
      extractor.extract({ bytes: slow, fileType: 'markdown' }, signal()),
      extractor.extract({ bytes: bytes('milk'), fileType: 'text' }, signal()),
    ])
    expect(answers[0]).toEqual({ analysable: false, extraction: null, reason: 'unprocessable' })
    expect(answers[1]).toMatchObject({ extraction: { text: 'milk' } })
  })

  it('given a machine that gives it no time, when read, then it is no fault of the document, and the next one is read', async () => {
    make({ timeoutMs: 300 })
    await expect(extractor.extract({ bytes: slow, fileType: 'markdown' }, signal())).rejects.toMatchObject({
      code: 'extract.no_time',
      class: 'dependency',
    })
    await extractor.close()
    make()
    expect(await extractor.extract({ bytes: bytes('milk'), fileType: 'text' }, signal())).toMatchObject({
      extraction: { text: 'milk' },
    })
  })

  it('given one that takes too much memory, when read, then it is unprocessable and this process lives', async () => {
    make({ memoryMb: 16, cpuMs: 20_000 })
    const wide = bytes('- a\n'.repeat(120_000))
    expect(await extractor.extract({ bytes: wide, fileType: 'markdown' }, signal())).toMatchObject({
      reason: 'unprocessable',
    })
  })

  it('given a PDF that unpacks to a thousand times its size, when read, then it is unprocessable and the next is read', async () => {
    make({ memoryMb: 256, cpuMs: 60_000 })
    const bomb = makePdf({ pages: [''], deflated: await deflatedBlanks(600) })
    const next = makePdf({ pages: [lines('milk')] })
    expect(bomb.length).toBeLessThan(1_000_000)
    expect(await extractor.extract({ bytes: bomb, fileType: 'pdf' }, signal())).toMatchObject({
      reason: 'unprocessable',
    })
    expect(await extractor.extract({ bytes: next, fileType: 'pdf' }, signal())).toMatchObject({
      extraction: { text: 'milk' },
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
