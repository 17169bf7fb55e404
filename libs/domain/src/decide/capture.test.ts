import { deltaSchemaOf } from '@synap/contracts'
import type { TagId } from '@synap/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { capture, captures, committed, contextFor, entityIn, file, timeless } from '../../test/streams.ts'
import { decide } from '../decide.ts'
import { fold } from '../evolve.ts'
import { normaliseTagName } from '../tag-name.ts'

const nothing = { entity: undefined }
const tagId = (n: number) => `01890000-0000-7000-8000-00000000007${n}` as TagId

function facts(over: Parameters<typeof capture>[0]) {
  const decision = decide(capture(over), nothing, contextFor())
  return decision.outcome === 'accepted'
    ? decision.events.map(({ type, delta }) => [type, delta])
    : decision.outcome
}

describe('capturing', () => {
  it('given a note with content, tags and metadata, there is one event for each', () => {
    const tags = [
      { id: tagId(1), name: ' Home  sweet ' },
      { id: tagId(2), name: 'errand' },
    ]
    expect(facts({ tags, metadata: { source: 'mail' } })).toEqual([
      ['entity.created', { type: 'note', title: null, timeZone: null }],
      [
        'entity.file_uploaded',
        { file, oldFile: null, preview: 'Buy milk tomorrow', oldPreview: null, timeZone: null },
      ],
      ['entity.tag_added', { tagId: tagId(1), name: 'Home sweet' }],
      ['entity.tag_added', { tagId: tagId(2), name: 'errand' }],
      ['entity.updated', { patch: '{"source":"mail"}', inverse: '{"source":null}' }],
    ])
  })

  it('given a time zone, what is captured and its content say it', () => {
    const zoned = facts({ timeZone: 'Europe/Berlin' }) as [string, { timeZone?: string | null }][]
    expect(zoned.map(([type, { timeZone }]) => [type, timeZone])).toEqual([
      ['entity.created', 'Europe/Berlin'],
      ['entity.file_uploaded', 'Europe/Berlin'],
    ])
  })

  it('given a task, only what differs from a new task is said', () => {
    const task = { type: 'task', title: 'Tea', content: null, preview: null } as const
    expect(facts({ ...task, task: { status: 'todo', priority: 0 } })).toHaveLength(1)
    expect(facts({ ...task, task: { status: 'done', priority: 3, due: '2026-11-22' } })).toEqual([
      ['entity.created', { type: 'task', title: 'Tea', timeZone: null }],
      ['task.due_date_set', { due: '2026-11-22', oldDue: null }],
      ['task.priority_set', { priority: 3, oldPriority: 0 }],
      ['task.completed', { oldStatus: 'todo' }],
    ])
    expect(facts({ ...task, task: { status: 'cancelled' } })).toContainEqual([
      'task.status_changed',
      { status: 'cancelled', oldStatus: 'todo' },
    ])
  })

  it('given nothing to keep, task fields of a note, or an id that is taken, it is refused', () => {
    expect(decide(capture({ content: null }), nothing, contextFor())).toMatchObject({
      outcome: 'refused',
      code: 'entity.empty',
    })
    expect(decide(capture({ task: {} }), nothing, contextFor())).toMatchObject({ code: 'entity.not_of_type' })
    const entity = entityIn(decide(capture(), nothing, contextFor()))
    expect(decide(capture(), { entity }, contextFor())).toMatchObject({ code: 'entity.exists' })
  })

  it('given any capture, versions are 1..n, every delta is valid, and the log folds to the state that is stored', () => {
    fc.assert(
      fc.property(captures, (command) => {
        const decision = decide(command, nothing, contextFor())
        expect(decision.outcome).toBe('accepted')
        if (decision.outcome !== 'accepted') return
        const { events, aggregates } = decision
        expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
        for (const { type, delta } of events)
          expect(deltaSchemaOf(type).safeParse(delta).error).toBeUndefined()
        expect(aggregates).toHaveLength(1)
        const refolded = fold(committed(events))
        expect(refolded === undefined ? undefined : timeless(refolded)).toEqual(aggregates[0]?.state)
      }),
    )
  })

  it('given any capture, the state says what the command said, and each tag is added once', () => {
    fc.assert(
      fc.property(captures, (command) => {
        const decision = decide(command, nothing, contextFor())
        if (decision.outcome !== 'accepted') return
        const state = entityIn(decision)
        const { type, title, content, preview, task } = command
        expect(state).toMatchObject({ type, title, content, preview })
        if (task !== undefined) expect(state.particulars.task).toMatchObject(task)
        const wanted = new Set(command.tags.map(({ name }) => normaliseTagName(name)))
        const added = decision.events.filter((event) => event.type === 'entity.tag_added')
        expect(new Set(added.map(({ delta }) => delta.tagId)).size).toBe(added.length)
        expect(new Set(added.map(({ delta }) => normaliseTagName(delta.name))).size).toBe(added.length)
        for (const { name } of state.tags) expect(wanted).toContain(normaliseTagName(name))
      }),
    )
  })
})

describe('deleting', () => {
  const entity = entityIn(decide(capture(), nothing, contextFor()))
  const command = { kind: 'delete', entityId: entity.id } as const

  it('given an entity, it is deleted, once', () => {
    const decision = decide(command, { entity }, contextFor())
    expect(decision).toMatchObject({
      outcome: 'accepted',
      events: [{ type: 'entity.deleted', version: entity.version + 1, delta: {} }],
      aggregates: [{ expected: entity.version }],
    })
    const deleted = entityIn(decision)
    expect(deleted.deleted).toBe(true)
    expect(decide(command, { entity: deleted }, contextFor())).toMatchObject({ code: 'entity.not_found' })
    expect(decide(command, nothing, contextFor())).toMatchObject({ code: 'entity.not_found' })
  })

  it('given the same input twice, the decision is the same: nothing is random or remembered', () => {
    fc.assert(
      fc.property(captures, (one) => {
        expect(decide(one, nothing, contextFor())).toEqual(decide(one, nothing, contextFor()))
      }),
      { numRuns: 20 },
    )
  })
})
