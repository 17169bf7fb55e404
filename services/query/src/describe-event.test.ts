import { eventTypes, type JsonObject } from '@synap/contracts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeEvent } from './describe-event.ts'

const summaryOf = (type: string, delta: JsonObject) => describeEvent({ type, delta }).summary

describe('an event in words', () => {
  it.each([
    ['entity.created', { type: 'task', title: 'Milk' }, 'Captured as task “Milk”'],
    ['entity.title_changed', { title: 'b', oldTitle: null }, 'Title set to “b”'],
    ['entity.title_changed', { title: null, oldTitle: 'a' }, 'Title removed'],
    ['task.priority_set', { priority: 2, oldPriority: 0 }, 'Priority changed from 0 to 2'],
    ['task.due_date_set', { due: '2026-11-22', oldDue: null }, 'Due date set to “2026-11-22”'],
    [
      'entity.file_uploaded',
      { file: { contentType: 'text/markdown', size: 12, sha256: 'a' }, oldFile: null, preview: null },
      'Content added (text/markdown, 12 bytes)',
    ],
    ['entity.attachment_added', { attachment: { name: 'map.pdf' } }, 'Attached “map.pdf”'],
    ['ai.enrichment_applied', { tagsAdded: [], suggestions: [{}, {}] }, 'Proposed 2 more'],
    ['ai.enrichment_applied', { tagsAdded: [], suggestions: [] }, 'Analysed, nothing changed'],
    ['ai.enrichment_applied', { people: { value: ['Ana', 'Ben'], old: [] } }, 'Set people “Ana”, “Ben”'],
    [
      'entity.created',
      { type: 'note', title: 'Tea', timeZone: 'Asia/Tokyo' },
      'Captured as note “Tea”, dates in Asia/Tokyo',
    ],
    ['ai.analysis_completed', { model: 'm' }, 'Analysed'],
    [
      'ai.analysis_completed',
      {
        timeZone: 'Europe/Berlin',
        intent: { kind: 'task', confidence: 1, span: { start: 0, end: 3 } },
        dueSpan: { start: 9, end: 17 },
      },
      'Analysed as task from characters 0–3, date from characters 9–17, dates in Europe/Berlin',
    ],
    [
      'ai.analysis_completed',
      { timeZone: 'Europe/Berlin', intent: { kind: 'note', span: null }, dueSpan: null },
      'Analysed as note',
    ],
    ['entity.archived', { reason: 'old' }, 'Entity archived'],
  ])('given %s %j, it says “%s”', (type, delta, expected) => {
    expect(summaryOf(type, delta)).toBe(expected)
  })

  it('given a patch of metadata, each field before and after', () => {
    const delta = { patch: '{"a":1,"b":null}', inverse: '{"a":null,"b":[2]}' }
    expect(describeEvent({ type: 'entity.updated', delta }).changes).toEqual([
      { field: 'metadata.a', from: null, to: 1 },
      { field: 'metadata.b', from: [2], to: null },
    ])
  })

  it('given a type without words of its own, its name, and each field that says what it was', () => {
    const delta = { streak: 4, oldStreak: 3, day: '2026-11-21', oldDay: null, oldest: true }
    expect(describeEvent({ type: 'habit.completed', delta })).toEqual({
      summary: 'Habit completed',
      changes: [
        { field: 'streak', from: 3, to: 4 },
        { field: 'day', from: null, to: '2026-11-21' },
      ],
    })
  })

  it('given any type with any delta, such as another version wrote, it says something and never fails', () => {
    const names = [
      'title',
      'file',
      'attachment',
      'patch',
      'inverse',
      'tagsAdded',
      'suggestions',
      'type',
      'due',
      'oldDue',
    ]
    const deltas = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), fc.jsonValue())
    fc.assert(
      fc.property(fc.constantFrom(...eventTypes, 'habit.completed'), deltas, (type, delta) => {
        const { summary, changes } = describeEvent({ type, delta: delta as JsonObject })
        expect(summary).not.toBe('')
        for (const change of changes) expect(JSON.parse(JSON.stringify(change))).toEqual(change)
      }),
      { numRuns: 500 },
    )
  })
})
