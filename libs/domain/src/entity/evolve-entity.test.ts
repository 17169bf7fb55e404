import type { EventType } from '@synap/contracts'
import type { EventId, TagId } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { entityId, file } from '../../test/streams.ts'
import type { FoldEvent } from '../event.ts'
import { fold } from '../evolve.ts'
import type { EntityState } from '../state.ts'

type Said = readonly [EventType, object] | readonly [EventType, object, 'ai' | 'user']

/** The state after these events, each by a person unless it says AI. */
function after(...said: readonly Said[]): EntityState {
  const events = said.map(([type, delta, kind = 'user'], index) => ({
    type,
    delta,
    id: eventId(index + 1),
    aggregateId: entityId,
    aggregateType: 'entity',
    version: index + 1,
    sequence: index + 1,
    occurredAt: 1_000 + index,
    actor: { kind, id: null },
  }))
  return fold(events as unknown as FoldEvent[]) as EntityState
}

const eventId = (n: number) => `01890000-0000-7000-9000-${String(n).padStart(12, '0')}` as EventId
const tagId = '01890000-0000-7000-8000-000000000071' as TagId
const created = (type = 'note', title: string | null = null) => ['entity.created', { type, title }] as const
const by = (n: number) => ({ by: 'user', eventId: eventId(n) })

const enriched = (over: object = {}): Said => [
  'ai.enrichment_applied',
  {
    analysisId: '01890000-0000-7000-8000-0000000000a1',
    contentHash: file.sha256,
    model: 'm',
    promptVersion: '7',
    offline: false,
    title: null,
    type: null,
    summary: null,
    people: null,
    language: null,
    status: null,
    priority: null,
    due: null,
    tagsAdded: [],
    suggestions: [],
    ...over,
  },
  'ai',
]

describe('what each event makes of an entity', () => {
  it('given a plain note, its type was decided by nobody; any other type and a title were', () => {
    expect(after(created()).provenance).toEqual({})
    expect(after(created('idea', 'Tea')).provenance).toEqual({ type: by(1), title: by(1) })
    expect(after(created('task')).particulars.task).toEqual({
      status: 'todo',
      priority: 0,
      due: null,
      completedBy: null,
      completedAt: null,
    })
  })

  it('given content, its reference and preview are there until it is deleted', () => {
    const uploaded = [
      'entity.file_uploaded',
      { file, oldFile: null, preview: 'Tea', oldPreview: null, timeZone: null },
    ] as const
    expect(after(created(), uploaded)).toMatchObject({
      content: file,
      preview: 'Tea',
      provenance: { content: by(2) },
    })
    expect(
      after(created(), uploaded, ['entity.file_deleted', { oldFile: file, oldPreview: 'Tea' }]),
    ).toMatchObject({
      content: null,
      preview: null,
      provenance: { content: by(3) },
    })
  })

  it('given a task that becomes a note and a task again, it is the same task', () => {
    const away = [
      created('task'),
      ['task.due_date_set', { due: '2026-11-22', oldDue: null }],
      ['task.priority_set', { priority: 2, oldPriority: 0 }],
      ['task.completed', { oldStatus: 'todo' }],
      ['entity.type_changed', { type: 'note', oldType: 'task' }],
    ] as const
    const done = {
      status: 'done',
      priority: 2,
      due: '2026-11-22',
      completedBy: eventId(4),
      completedAt: 1_003,
    }
    expect(after(...away)).toMatchObject({ type: 'note', particulars: { task: done } })
    expect(after(...away, ['entity.type_changed', { type: 'task', oldType: 'note' }])).toMatchObject({
      type: 'task',
      particulars: { task: done },
    })
  })

  it('given a task that is done and opened again, it is not completed any more', () => {
    const reopened = after(
      created('task'),
      ['task.completed', { oldStatus: 'todo' }],
      ['task.status_changed', { status: 'in_progress', oldStatus: 'done' }],
    )
    expect(reopened.particulars.task).toMatchObject({
      status: 'in_progress',
      completedBy: null,
      completedAt: null,
    })
  })

  it('given attachments, they come and go by their key', () => {
    const attachment = { ...file, key: 'a', name: 'a.pdf' }
    const added = [created(), ['entity.attachment_added', { attachment }]] as const
    expect(after(...added).attachments).toEqual([attachment])
    expect(after(...added, ['entity.attachment_removed', { attachment }]).attachments).toEqual([])
  })

  it('given metadata, each change is a merge patch, and its inverse takes it back', () => {
    const one = ['entity.updated', { patch: '{"a":1,"b":{"c":2}}', inverse: '{"a":null,"b":null}' }] as const
    const two = [
      'entity.updated',
      { patch: '{"a":null,"b":{"d":3}}', inverse: '{"a":1,"b":{"d":null}}' },
    ] as const
    const back = ['entity.updated', { patch: two[1].inverse, inverse: two[1].patch }] as const
    expect(after(created(), one, two).metadata).toEqual({ b: { c: 2, d: 3 } })
    expect(after(created(), one, two, back).metadata).toEqual({ a: 1, b: { c: 2 } })
  })

  it('given a deletion and a restoration, it is back as it was', () => {
    const deleted = [created('idea', 'Tea'), ['entity.deleted', {}]] as const
    expect(after(...deleted).deleted).toBe(true)
    expect(after(...deleted, ['entity.restored', {}])).toMatchObject({
      deleted: false,
      title: 'Tea',
      type: 'idea',
    })
  })

  it('given an enrichment, exactly the fields it names are set, each with model and confidence', () => {
    const state = after(
      created(),
      enriched({
        title: { value: 'Buy milk', old: null, confidence: 0.9 },
        type: { value: 'task', old: 'note', confidence: 0.8 },
        due: { value: '2026-11-22', old: null, confidence: 0.7 },
        priority: { value: 2, old: 0, confidence: 0.6 },
        tagsAdded: [{ tagId, name: 'errand', confidence: 0.5 }],
      }),
    )
    const ai = (confidence: number) => ({
      by: 'ai',
      eventId: eventId(2),
      model: 'm',
      promptVersion: '7',
      offline: false,
      confidence,
    })
    expect(state).toMatchObject({
      title: 'Buy milk',
      type: 'task',
      particulars: { task: { status: 'todo', due: '2026-11-22', priority: 2 } },
      summary: null,
      language: null,
      tags: [{ id: tagId, name: 'errand', provenance: ai(0.5) }],
    })
    expect(state.provenance).toEqual({ title: ai(0.9), type: ai(0.8), due: ai(0.7), priority: ai(0.6) })
  })

  it('given an enrichment that finds a task done, it is completed by that event', () => {
    const state = after(
      created('task'),
      enriched({ status: { value: 'done', old: 'todo', confidence: 0.9 } }),
    )
    expect(state.particulars.task).toMatchObject({
      status: 'done',
      completedBy: eventId(2),
      completedAt: 1_001,
    })
  })

  it('given a suggestion, it is open until it is rejected or the field is set, and a rejection is remembered', () => {
    const suggested = [
      created(),
      enriched({
        suggestions: [
          { field: 'title', value: 'Milk', confidence: 0.3 },
          { field: 'tag', value: 'Dairy', confidence: 0.3 },
        ],
      }),
    ] as const
    expect(after(...suggested).suggestions).toHaveLength(2)
    const rejected = after(...suggested, [
      'entity.suggestion_rejected',
      { field: 'tag', value: ' dairy ', analysisId: null },
    ])
    expect(rejected.suggestions.map(({ field }) => field)).toEqual(['title'])
    expect(rejected.rejected).toEqual([{ field: 'tag', value: 'dairy' }])
    const set = after(...suggested, ['entity.title_changed', { title: 'Mine', oldTitle: null }])
    expect(set.suggestions.map(({ field }) => field)).toEqual(['tag'])
  })

  it('given a tag that is added again, by a person or by AI, it is there once', () => {
    const tag = { tagId, name: 'Home' }
    const twice = [
      created(),
      ['entity.tag_added', tag],
      ['entity.tag_added', { ...tag, name: 'home' }],
    ] as const
    expect(after(...twice).tags).toEqual([{ id: tagId, name: 'home', provenance: by(3) }])
    const byAi = enriched({ tagsAdded: [{ ...tag, confidence: 0.9 }] })
    expect(after(...twice, byAi).tags).toEqual(after(...twice).tags)
  })

  it('given a tag that a person takes off, it counts as rejected until a person puts it on again', () => {
    const off = [
      created(),
      ['entity.tag_added', { tagId, name: 'Home' }],
      ['entity.tag_removed', { tagId, name: 'Home' }],
    ] as const
    expect(after(...off)).toMatchObject({ tags: [], rejected: [{ field: 'tag', value: 'home' }] })
    expect(after(...off, ['entity.tag_added', { tagId, name: 'Home' }]).rejected).toEqual([])
  })
})
