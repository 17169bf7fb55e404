import { stripVTControlCharacters } from 'node:util'
import type { EntityView } from '@synap/contracts'
import { describe, expect, it } from 'vitest'
import { hitRow, itemSentence, itemTitle, markHits, searchFor } from './describe-item.ts'

const now = new Date(2026, 10, 21, 12).getTime()
const item = (more: Partial<EntityView> = {}): EntityView => ({
  id: '01a1fbfd-fb04-7000-904d-4ae87a3e6803' as EntityView['id'],
  type: 'task',
  title: 'Buy milk',
  preview: 'Buy milk tomorrow',
  summary: null,
  language: 'en',
  people: [],
  content: null,
  attachments: [],
  tags: [],
  task: { status: 'todo', priority: 0, due: '2026-11-22', completedAt: null },
  metadata: {},
  suggestions: [],
  provenance: {},
  version: 3,
  sequence: 4,
  createdAt: '2026-11-21T02:44:48.620Z',
  updatedAt: '2026-11-21T02:44:53.059Z',
  ...more,
})
const titleIn = (room: number, more: Partial<EntityView> = {}) => {
  const cell = itemTitle(item(more), now)
  return typeof cell === 'string' ? cell : cell(room)
}

describe('an item', () => {
  it('given a task with a due date, one sentence tells both', () => {
    expect(itemSentence(item(), now)).toBe('task: Buy milk (due tomorrow, 2026-11-22)')
    expect(itemSentence(item({ type: 'note', task: null }), now)).toBe('note: Buy milk')
  })

  it('given less and less room, the due date stays and the title is cut', () => {
    expect(titleIn(80)).toBe('Buy milk (due tomorrow)')
    expect(titleIn(22)).toBe('Buy milk (tomorrow)')
    expect(titleIn(16)).toBe('Buy … (tomorrow)')
    expect(titleIn(5, { task: null })).toBe('Buy …')
  })

  it('given tags, they follow where there is room; given a task that is done, it is no longer due', () => {
    const tags = [{ id: '1', name: 'home' }] as unknown as EntityView['tags']
    expect(stripVTControlCharacters(titleIn(80, { task: null, tags }))).toBe('Buy milk #home')
    expect(stripVTControlCharacters(titleIn(9, { task: null, tags }))).toBe('Buy milk')
    const task = { status: 'done', priority: 0, due: '2026-11-22', completedAt: null } as EntityView['task']
    expect(titleIn(80, { task })).toBe('✓ Buy milk')
  })

  it('given no title, its beginning stands for it', () => {
    expect(titleIn(80, { title: null, task: null })).toBe('Buy milk tomorrow')
  })

  it('given a title, the search proposed for it is a word of it that no shell takes for anything else', () => {
    expect(searchFor(item({ title: '$(rm) "straw berries"; x' }))).toBe('berries')
    expect(searchFor(item({ title: '…' }))).toBeUndefined()
  })
})

describe('what was found', () => {
  const lines = (text: string, marks: [number, number][], more: Partial<EntityView> = {}, room = 40) => {
    const hit = {
      entity: item({ task: null, ...more }),
      score: 1,
      matched: [],
      highlights: [{ text, marks }],
    }
    const cell = hitRow(hit, undefined, now).at(-1)
    return stripVTControlCharacters(typeof cell === 'function' ? cell(room) : (cell ?? '')).split('\n')
  }

  it('given words that the title shows, nothing is said twice', () => {
    expect(lines('buy milk tomorrow', [[4, 8]])).toEqual(['Buy milk'])
  })

  it('given words that stand elsewhere, or where the title is cut, they are shown below it', () => {
    expect(lines('Buy milk tomorrow', [[9, 17]])).toEqual(['Buy milk', 'Buy milk tomorrow'])
    expect(lines('In the shop', [[7, 11]])).toEqual(['Buy milk', 'In the shop'])
    const title = 'One two three four five six'
    expect(lines(title, [[24, 27]], { title }, 12)).toEqual(['One two thr…', '…ive six'])
  })

  it('given a meaning without words, the passage is shown unless the title begins so', () => {
    expect(lines('Buy milk tomorrow', [])).toEqual(['Buy milk'])
    expect(lines('In the shop', [])).toEqual(['Buy milk', 'In the shop'])
  })
})

describe('a passage of a hit', () => {
  const shown = (text: string, marks: [number, number][], width: number) =>
    stripVTControlCharacters(markHits({ text, marks }, width))

  it('given one that fits, it is shown whole', () => {
    expect(shown('Buy milk tomorrow', [[4, 8]], 40)).toBe('Buy milk tomorrow')
  })

  it('given one that is too long, it is cut; a first word beyond the cut is brought into sight', () => {
    const text = `${'a '.repeat(40)}milk ${'b '.repeat(40)}`
    expect(shown(`milk ${text}`, [[0, 4]], 20)).toBe('milk a a a a a a a …')
    const brought = shown(text, [[80, 84]], 20)
    expect(brought).toHaveLength(20)
    expect(brought).toMatch(/^….*milk.*…$/)
  })

  it('given lines and runs of blanks before a word, the mark stays on the word', () => {
    const passage = { text: 'Buy\n\n   oat  milk', marks: [[13, 17]] as [number, number][] }
    expect(stripVTControlCharacters(markHits(passage, 40))).toBe('Buy oat milk')
    expect(stripVTControlCharacters(markHits(passage, 8))).toMatch(/milk$/)
  })
})
