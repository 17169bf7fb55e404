import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatWikiLink, parseItemLink } from './links.ts'

const id = '019aa0c8-7c1e-7000-8a3e-6d7a4c1b2f90'

describe('parseItemLink', () => {
  it.each([
    ['[[Recipes]]', { kind: 'wiki', target: 'Recipes', heading: null, name: 'Recipes', id: null }],
    ['![[Recipes.md#Bread]]', { kind: 'embed', target: 'Recipes.md', heading: 'Bread', name: 'Recipes' }],
    ['![[cup.png]]', { kind: 'embed', name: 'cup.png' }],
    [`[[${id}]]`, { kind: 'wiki', name: null, id }],
    ['../notes/Other%20note.md#A%20part', { kind: 'markdown', name: 'Other note', heading: 'A part' }],
    ['100%.md', { kind: 'markdown', name: '100%', target: '100%.md' }],
    ['Other?x=1', { kind: 'markdown', name: 'Other', target: 'Other' }],
    ['%00.md', { kind: 'markdown', name: '%00' }],
    [`/v1/entities/${id}/content?x#y`, { kind: 'markdown', name: null, id, heading: 'y' }],
  ])('given %s, it leads to an item', (text, expected) => {
    expect(parseItemLink(text)).toMatchObject(expected)
  })

  it.each([
    'https://example.org/Recipes.md',
    'HTTPS://example.org',
    '//example.org/a',
    'mailto:a@example.org',
    '#part',
    'cup.png',
    'report.v2.pdf',
    '/',
    '/v1/entities/no-id',
    '[[ ]]',
    '',
  ])('given %s, it leads to none', (text) => {
    expect(parseItemLink(text)).toBeUndefined()
  })

  const word = fc
    .stringMatching(/^[^#[\]\p{C}\p{Z}]{1,40}$/u)
    .filter((text) => !/\.(md|markdown|mdx|txt)$/i.test(text))
  it('given a wiki link written down, it is read as it was', () => {
    fc.assert(
      fc.property(fc.boolean(), word, fc.option(word, { nil: undefined }), (isEmbed, page, heading) => {
        expect(parseItemLink(formatWikiLink(isEmbed, page, heading))).toEqual({
          kind: isEmbed ? 'embed' : 'wiki',
          target: page,
          heading: heading ?? null,
          name: page,
          id: null,
        })
      }),
    )
  })

  it('given any text, it never throws, and what it names can be stored and looked up', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const link = parseItemLink(text)
        if (link === undefined) return
        expect((link.name === null) !== (link.id === null)).toBe(true)
        expect(link.name?.isWellFormed() ?? true).toBe(true)
        expect(link.name?.includes('\0') ?? false).toBe(false)
      }),
    )
  })
})
