import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildPreview } from './preview.ts'

describe('the preview of a text', () => {
  it('given any text, it is on one line, at most 200 long, and no half characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (text) => {
        const preview = buildPreview(text)
        if (preview === null) return
        expect(preview.length).toBeLessThanOrEqual(200)
        expect(preview.isWellFormed()).toBe(true)
        expect(preview).not.toMatch(/[\r\n\t]/)
        expect(preview).toBe(preview.trim())
      }),
    )
  })

  it('given a character that would be cut in two, it is left out', () => {
    expect(buildPreview(`${'a'.repeat(199)}😀`)).toBe('a'.repeat(199))
    expect(buildPreview(`${'a'.repeat(198)}😀`)).toBe(`${'a'.repeat(198)}😀`)
  })

  it('given nothing but white space, there is none', () => {
    expect(buildPreview(' \n\t ')).toBeNull()
    expect(buildPreview('Buy milk\n\ntomorrow')).toBe('Buy milk tomorrow')
  })
})
