import { describe, expect, it } from 'vitest'
import { excerptOf } from './highlights.ts'

describe('the beginning of a passage', () => {
  it('given no blank to cut at, it ends before a character rather than in it', () => {
    expect(excerptOf(`a${'🌸'.repeat(200)}`)?.text).toBe(`a${'🌸'.repeat(119)}…`)
    expect(excerptOf('🌸'.repeat(200))?.text).toBe(`${'🌸'.repeat(120)}…`)
  })

  it('given blanks, it ends at one', () => {
    expect(excerptOf('word '.repeat(100))?.text).toBe(`${'word '.repeat(47)}word…`)
  })
})
