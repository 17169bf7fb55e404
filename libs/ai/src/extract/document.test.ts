import { describe, expect, it } from 'vitest'
import { createOfflineProvider } from '../offline/provider.ts'
import { chunkText } from './chunk.ts'
import { extractDocument, extractText, largestText } from './document.ts'
import type { Extraction } from './extraction.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
function read(text: string, fileType = 'markdown'): Extraction {
  const result = extractDocument(bytes(text), fileType)
  if (!result.analysable) throw new Error(result.reason)
  return result.extraction
}

const page = `---
title: "The kitchen"
tags: [food, 'at home']
---

# Kitchen *notes*

Milk is in the [fridge](https://example.org/fridge "cold"), see [[Shopping list|the list]] and [[Recipes]].
![a cup](cup.png)

- bread
- [x] eggs
- [ ] flour

\`\`\`js
const milk = '[[not a link]]'
\`\`\`

| what | how much |
| ---- | -------- |
| milk | 2 litres |

<p align="center">Hello &amp; <b>welcome</b><script>alert(1)</script></p>
`

describe('extractDocument', () => {
  it('given Markdown, when read, then markup is gone and the words are there', () => {
    const { text } = read(page)
    expect(text).toContain('Milk is in the fridge, see the list and Recipes.\na cup')
    expect(text).toContain('bread\n[x] eggs\n[ ] flour')
    expect(text).toContain("const milk = '[[not a link]]'")
    expect(text).toContain('what | how much\nmilk | 2 litres')
    expect(text).toContain('Hello & welcome')
    expect(text).not.toMatch(/alert|fridge\)|title:|#/u)
  })

  it('given front matter and headings, when read, then title, tags and structure are known', () => {
    const { heading, frontMatter, structured, language } = read(page)
    expect({ heading, frontMatter, structured, language }).toEqual({
      heading: 'The kitchen',
      frontMatter: { title: 'The kitchen', tags: ['food', 'at home'] },
      structured: true,
      language: 'en',
    })
    expect(read('Some words\n\n## A heading\n').heading).toBe('A heading')
  })

  it('given badges in a heading, the title goes without them; a picture alone is no title while there is another', () => {
    const badge = '[![Build Status](https://ci.example/b.svg)](https://ci.example)'
    expect(read(`# wrap *ansi* ${badge} ![Coverage](c.svg)\n\nText`).heading).toBe('wrap ansi')
    expect(read(`# ![Logo](l.svg)\n\n# The name\n`).heading).toBe('The name')
    expect(read(`# ![Logo](l.svg)\n`).heading).toBe('Logo')
    expect(read(`# wrap ${badge}\n`).text).toContain('Build Status')
  })

  it('given links of each kind, when read, then each is listed once', () => {
    expect(read(`${page}\n[again](https://example.org/fridge)`).links).toEqual([
      { kind: 'url', target: 'https://example.org/fridge' },
      { kind: 'wiki', target: 'Shopping list' },
      { kind: 'wiki', target: 'Recipes' },
      { kind: 'image', target: 'cup.png' },
    ])
  })

  it('given blocks, when sliced out of the text, then they are whole and in order', () => {
    const { text, blocks } = read(page)
    expect(blocks.map(({ kind }) => kind)).toEqual([
      'heading',
      'paragraph',
      'item',
      'item',
      'item',
      'code',
      'table',
      'paragraph',
    ])
    expect(text.slice(blocks[0]?.start, blocks[0]?.end)).toBe('Kitchen notes')
    for (const [index, block] of blocks.entries())
      expect(block.start).toBeGreaterThanOrEqual(blocks[index - 1]?.end ?? 0)
  })

  it('given a plain thought, when read, then it has no structure', () => {
    expect(read('Buy milk tomorrow')).toMatchObject({
      text: 'Buy milk tomorrow',
      heading: null,
      structured: false,
    })
    expect(read('a\r\n\r\nb https://example.org/x.', 'text')).toMatchObject({
      text: 'a\n\nb https://example.org/x.',
      links: [{ kind: 'url', target: 'https://example.org/x' }],
    })
  })

  it.each([
    ['an image', bytes('x'), 'image', 'unsupported_type'],
    ['a pdf', bytes('%PDF-1.7'), 'pdf', 'unsupported_type'],
    ['bytes that are no text', Uint8Array.of(0xff, 0xff, 0x00, 0x80), 'text', 'not_text'],
    ['text with a NUL', bytes('a\0b'), 'text', 'not_text'],
    ['nothing visible', bytes(' \u200b\n\n'), 'markdown', 'empty'],
    ['a text above the limit', new Uint8Array(largestText + 1).fill(0x61), 'text', 'too_large'],
  ])('given %s, when read, then it is not analysable and says why', (_, content, fileType, reason) => {
    expect(extractDocument(content, fileType)).toEqual({ analysable: false, extraction: null, reason })
  })

  it('given UTF-16 with its mark, when read, then the words are there', () => {
    const content = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Grüße', 'utf16le')])
    expect(extractDocument(content, 'text')).toMatchObject({ extraction: { text: 'Grüße' } })
  })

  it('given nesting without end, when read, then the words are kept', () => {
    expect(read(`${'>'.repeat(2_000)} milk`).text).toContain('milk')
    expect(read(`${'['.repeat(2_000)}milk`).text).toContain('milk')
    expect(read(`${'- '.repeat(1_000)}milk`).text).toContain('milk')
  })

  it.each([
    ['blanks', `${' '.repeat(1_000_000)}x`],
    ['line ends', `a${'\n'.repeat(1_000_000)}x`],
    ['exclamation marks', `${'!'.repeat(300_000)}x`],
    ['full stops', 'a.'.repeat(300_000)],
    ['open tags', '<'.repeat(300_000)],
  ])(
    'given a megabyte of %s, when read, cut and analysed, then it takes no longer than other text',
    async (_, text) => {
      const started = performance.now()
      const { text: plain, blocks } = read(text, 'text')
      chunkText(plain, blocks)
      await createOfflineProvider().analyse(
        {
          text: plain,
          heading: null,
          structured: false,
          type: 'task',
          referenceMs: 0,
          timeZone: 'UTC',
          vocabulary: [],
        },
        AbortSignal.timeout(9_000),
      )
      expect(performance.now() - started).toBeLessThan(5_000)
    },
  )

  it('given unclosed or odd front matter, when read, then it is text', () => {
    expect(read('---\nno end').text).toContain('no end')
    expect(read('---\ntags:\n  - a\n  - "#b"\ntitle: x\n...\nbody').frontMatter).toEqual({
      title: 'x',
      tags: ['a', 'b'],
    })
  })

  it('given a title alone, when read, then it is its own text', () => {
    expect(extractText('Buy milk')).toMatchObject({ text: 'Buy milk', structured: false })
  })
})
