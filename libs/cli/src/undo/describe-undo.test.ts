import { uuidv7 } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { type PastEvent, whatIsUndone, whatItDid } from './describe-undo.ts'

const eventOf = (type: string, more: object) =>
  ({ id: uuidv7(), type, delta: {}, ...more }) as unknown as PastEvent
const change = (field: string, from: unknown, to: unknown) =>
  eventOf('entity.any', { changes: [{ field, from, to }] })

describe('what an undo makes of it', () => {
  it.each([
    [change('title', 'A', 'B'), ['title back to “A”']],
    [change('title', null, 'B'), ['title taken away']],
    [change('priority', 0, 3), ['priority back to 0']],
    [change('tag', null, 'home'), ['tag home taken off']],
    [change('tag', 'home', null), ['tag home put back']],
    [change('content', 'aa', 'bb'), ['content as it was before']],
    [change('title', 'A', 'A'), []],
    [eventOf('entity.deleted', { changes: [] }), ['the item is back']],
    [eventOf('relation.created', {}), ['the link is gone']],
  ])('%#', (event, lines) => {
    expect(whatIsUndone(event)).toEqual(lines)
  })

  it('given an event without words, its delta tells what changed', () => {
    const delta = { tagId: 'x', name: 'Haus', oldName: 'home' }
    const event = eventOf('tag.renamed', { delta })
    expect(whatItDid(event)).toBe('Tag renamed: name home → Haus')
    expect(whatIsUndone(event)).toEqual(['name back to “home”'])
    const settings = { timeZone: 'Asia/Tokyo', oldTimeZone: null, language: 'de', oldLanguage: 'de' }
    expect(whatIsUndone(eventOf('user.settings_changed', { delta: settings }))).toEqual([
      'timeZone taken away',
    ])
  })
})
