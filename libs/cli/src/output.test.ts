import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type Cell, clip, layOut, plain } from './output.ts'

const lines = (heads: string[], rows: Cell[][], width: number) =>
  layOut(heads, rows, width).map((line) => stripVTControlCharacters(line))

describe('tables', () => {
  it('given rows, columns stand under each other, and no line ends in blanks', () => {
    expect(
      lines(
        ['id', 'type', 'title'],
        [
          ['1', 'note', 'Milk'],
          ['22', 'project', ''],
        ],
        80,
      ),
    ).toEqual(['id  type     title', '1   note     Milk', '22  project'])
  })

  it('given empty heads, there is no line for them', () => {
    expect(lines(['', ''], [['due', 'tomorrow']], 80)).toEqual(['due  tomorrow'])
  })

  it('given a last column too wide for the terminal, it is cut and no line is wider', () => {
    const found = lines(['id', 'title'], [['a'.repeat(36), 'word '.repeat(40)]], 80)
    expect(found.map((line) => line.length)).toEqual([43, 80])
    expect(found[1]?.endsWith('…')).toBe(true)
  })

  it('given no terminal, nothing is cut', () => {
    const title = 'word '.repeat(60).trim()
    expect(lines(['id', 'title'], [['1', title]], Number.POSITIVE_INFINITY)[1]).toBe(`1   ${title}`)
  })

  it('given wide characters, they take two columns each', () => {
    const [, line = ''] = lines(['id', 'title'], [['1', '牛乳を買う'.repeat(4)]], 20)
    // 4 columns for the id and its gap, 16 for the rest: seven characters, an ellipsis.
    expect(line).toBe('1   牛乳を買う牛乳…')
  })

  it('given a cell of two lines, both stand in its column', () => {
    expect(lines(['id', 'title'], [['1\n  note', (room) => `Milk\n${room}`]], 40)).toEqual([
      'id      title',
      '1       Milk',
      '  note  32',
    ])
  })

  it('given a terminal narrower than the other columns, the last one keeps ten', () => {
    const [, line = ''] = lines(['id', 'title'], [['a'.repeat(36), 'b'.repeat(30)]], 20)
    expect(line).toBe(`${'a'.repeat(36)}  ${'b'.repeat(9)}…`)
  })
})

describe('text of others', () => {
  it('given lines and runs of blanks, it is one line', () => {
    expect(clip(' Buy\n\n  milk\t ', 20)).toBe('Buy milk')
  })

  it('given more than fits, it ends in an ellipsis, and never within a character', () => {
    expect(clip('Buy milk', 8)).toBe('Buy milk')
    expect(clip('Buy milk', 7)).toBe('Buy mi…')
    expect(clip('ab😀cd', 4)).toBe('ab…')
  })

  it('given sequences that command a terminal, or turn its direction, they are taken out', () => {
    expect(plain('a\u001B[2Jb\u0007c\u202Ed')).toBe('a [2Jb c d')
    expect(clip('\u001B]0;title\u0007x', 40)).toBe(']0;title x')
  })
})
