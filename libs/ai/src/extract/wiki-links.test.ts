import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extractDocument } from './document.ts'
import { readWikiLinks, shownOf } from './wiki-links.ts'

const names = (text: string) =>
  readWikiLinks(text).map(({ page, heading, label, isEmbed }) => [page, heading, label, isEmbed])

describe('readWikiLinks', () => {
  it.each([
    ['a page', 'see [[Recipes]].', [['Recipes', null, null, false]]],
    ['a label', '[[Shopping list|the list]]', [['Shopping list', null, 'the list', false]]],
    ['a label with bars', '[[a|b|c]]', [['a', null, 'b|c', false]]],
    ['a label in a table', String.raw`[[a\|b]]`, [['a', null, 'b', false]]],
    ['a heading', '[[Recipes#Bread and butter]]', [['Recipes', 'Bread and butter', null, false]]],
    ['a heading and a label', '[[Recipes#Bread|b]]', [['Recipes', 'Bread', 'b', false]]],
    ['an embed', '![[cup.png|200]]', [['cup.png', null, '200', true]]],
    ['a heading of this document', '[[#Bread]]', [['', 'Bread', null, false]]],
    ['untidy names', '[[  a \t b ]]', [['a b', null, null, false]]],
    [
      'several',
      '[[a]][[b]] [[c]]',
      [
        ['a', null, null, false],
        ['b', null, null, false],
        ['c', null, null, false],
      ],
    ],
    ['too many brackets', '[[[a]]]', [['a', null, null, false]]],
    ['a second beginning', '[[a [[b]]', [['b', null, null, false]]],
    ['brackets in brackets', '[[a [b] c]]', []],
    ['nothing inside', '[[]] [[ ]] [[|a]] [[#]]', []],
    ['a line end', '[[a\nb]]', []],
    ['no end', '[[a', []],
    ['one bracket too few', '[[a] ]', []],
    ['a name without end', `[[${'a'.repeat(201)}]]`, []],
  ])('given %s, it is read so', (_, text, expected) => {
    expect(names(text)).toEqual(expected)
  })

  it('given a link, its place is all of it, and a reader sees its label or what it names', () => {
    const text = 'a ![[b#c]] d [[e|f]]'
    const links = readWikiLinks(text)
    expect(links.map(({ start, end }) => text.slice(start, end))).toEqual(['![[b#c]]', '[[e|f]]'])
    expect(links.map(shownOf)).toEqual(['b > c', 'f'])
  })

  const hostile = fc
    .array(fc.constantFrom('[', '[[', ']', ']]', '!', '|', '#', '\\', '\n', ' ', 'a', 'é', '😀', '\ud800'), {
      maxLength: 200,
    })
    .map((parts) => parts.join(''))

  it('given any text, every link found is one, in order, without overlap, and none that is plain is missed', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' })), (text) => {
        let end = 0
        for (const link of readWikiLinks(text)) {
          expect(link.start).toBeGreaterThanOrEqual(end)
          end = link.end
          expect(text.slice(link.start, link.end)).toMatch(/^!?\[\[[^[\]\n]+\]\]$/u)
          expect(link.page + (link.heading ?? '')).not.toBe('')
          expect(link.page).toBe(link.page.trim())
        }
        const plain = [...text.matchAll(/\[\[([a-zé]+)\]\]/gu)].length
        expect(readWikiLinks(text).length).toBeGreaterThanOrEqual(plain)
      }),
    )
  })

  /** How many code units are looked at one by one: what a clock would only guess. */
  function countLooks(text: string): number {
    let looks = 0
    const watched = new Proxy(new String(text), {
      get(_, name) {
        if (typeof name === 'symbol') return undefined
        if (/^\d+$/.test(name)) looks += 1
        const value: unknown = Reflect.get(new String(text), name)
        return typeof value === 'function' ? (value.bind(text) as unknown) : value
      },
    })
    readWikiLinks(watched as unknown as string)
    return looks
  }

  it.each(['[', '[[', '[[a', '[[a]', '![[', '[[[a]', '[[a|', '[[\n', `[[${'a'.repeat(499)}`])(
    'given a hundred thousand characters of %j, no more than twice as many are looked at',
    (piece) => {
      const text = piece.repeat(Math.ceil(100_000 / piece.length))
      expect(countLooks(text)).toBeLessThanOrEqual(2 * text.length)
    },
  )
})

describe('links of a document', () => {
  const linksOf = (text: string, type = 'markdown') => {
    const { extraction } = extractDocument(new TextEncoder().encode(text), type)
    return extraction?.links
  }

  it('given wiki links in code, they are no links; elsewhere in Markdown they are', () => {
    expect(
      linksOf(
        [
          '# [[Head]]',
          '> [[Quote]]',
          '- [[Item]]',
          '',
          '| a | b |',
          '| - | - |',
          String.raw`| [[Cell\|c]] | x |`,
          '',
          '`[[no]]` and *[[Emphasis]]* and ![[Embed#part]] and [[Head]]',
          '',
          '```',
          '[[no]]',
          '```',
          '',
          '    [[no]]',
          '<!-- [[no]] -->',
        ].join('\n'),
      ),
    ).toEqual([
      { kind: 'wiki', target: 'Head' },
      { kind: 'wiki', target: 'Quote' },
      { kind: 'wiki', target: 'Item' },
      { kind: 'wiki', target: 'Cell' },
      { kind: 'wiki', target: 'Emphasis' },
      { kind: 'embed', target: 'Embed', heading: 'part' },
    ])
  })

  it('given plain text, wiki links are found beside addresses, and the text stays as it is', () => {
    const text = 'see [[Recipes|these]] and https://example.org/x'
    expect(linksOf(text, 'text')).toEqual([
      { kind: 'url', target: 'https://example.org/x' },
      { kind: 'wiki', target: 'Recipes' },
    ])
  })

  it('given a link to a heading of the same document, the words are there and no link', () => {
    const { extraction } = extractDocument(new TextEncoder().encode('up: [[#Top]] ![[a b#c]]'), 'markdown')
    expect(extraction).toMatchObject({
      text: 'up: Top a b > c',
      links: [{ kind: 'embed', target: 'a b', heading: 'c' }],
    })
  })
})
