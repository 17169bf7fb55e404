import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunkerVersion, chunkText } from './chunk.ts'
import { extractDocument, extractText } from './document.ts'

function chunksOf(markdown: string) {
  const result = extractDocument(new TextEncoder().encode(markdown), 'markdown')
  if (!result.analysable) throw new Error(result.reason)
  const { text, blocks } = result.extraction
  return { text, ...chunkText(text, blocks) }
}

const sentence = (n: number) => `Sentence number ${n} says that the milk of cow ${n} is white and cold.`
const section = (title: string, from: number, count: number) =>
  `# ${title}\n\n${Array.from({ length: count }, (_, index) => sentence(from + index)).join(' ')}\n\n`

describe('chunkText', () => {
  it('given a short text, when cut, then it is one chunk', () => {
    expect(chunksOf('Buy milk tomorrow').chunks).toEqual([
      { index: 0, start: 0, end: 17, byteStart: 0, byteEnd: 17, tokens: 3 },
    ])
  })

  it('given two full sections, when cut, then the second opens a chunk of its own without overlap', () => {
    const { text, chunks } = chunksOf(section('Cows', 1, 10) + section('Goats', 11, 10))
    expect(chunks.map(({ start, end }) => text.slice(start, end).split('\n')[0])).toEqual(['Cows', 'Goats'])
    expect(chunks[1]?.start).toBeGreaterThanOrEqual(chunks[0]?.end ?? 0)
  })

  it('given a long section, when cut, then neighbours share a sentence or more, and no sentence is torn', () => {
    const { text, chunks } = chunksOf(section('Cows', 1, 60))
    expect(chunks.length).toBeGreaterThan(2)
    for (const [index, chunk] of chunks.entries()) {
      expect(chunk.tokens).toBeLessThanOrEqual(400)
      expect(text.slice(chunk.start, chunk.end)).toMatch(/^(?:Cows|Sentence)[^]*cold\.$/u)
      expect(chunk.start).toBeLessThan(index === 0 ? 1 : (chunks[index - 1]?.end ?? 0))
    }
  })

  it('given one endless word, when cut, then it ends soon and every chunk fits', () => {
    const started = performance.now()
    const { chunks } = chunksOf('a'.repeat(200_000))
    expect(Math.max(...chunks.map(({ tokens }) => tokens))).toBeLessThanOrEqual(400)
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  it('given a text beyond all measure, when cut, then it says that the end is not covered', () => {
    const text = Array.from({ length: 45_000 }, (_, index) => sentence(index)).join('\n\n')
    const { chunks, truncated } = chunkText(text, extractText(text).blocks)
    expect([chunks.length, truncated]).toEqual([2_000, true])
  })

  it('given any text, when cut, then chunks cover every word, fit, and byte offsets name the same piece', () => {
    const words = fc.array(
      fc.oneof(
        fc.lorem({ maxCount: 30 }),
        fc.string({ unit: 'grapheme' }),
        fc.constant('\n\n# H\n\n'),
        fc.constant('🙂'.repeat(300)),
      ),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(words, (parts) => {
        const { text, blocks } = extractText(parts.join(' '))
        const { chunks } = chunkText(text, blocks)
        const bytes = Buffer.from(text)
        let covered = 0
        for (const { start, end, byteStart, byteEnd, tokens } of chunks) {
          expect(text.slice(covered, start)).not.toMatch(/[^\s\p{C}]/u)
          expect(bytes.subarray(byteStart, byteEnd).toString()).toBe(text.slice(start, end))
          expect(tokens).toBeLessThanOrEqual(400)
          covered = Math.max(covered, end)
        }
        expect(text.slice(covered)).not.toMatch(/[^\s\p{C}]/u)
      }),
      { numRuns: 60 },
    )
  })

  it('given the numbers that decide, when named, then the name holds them', () => {
    expect(chunkerVersion).toBe('blocks1-400-50')
  })
})
