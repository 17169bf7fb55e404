import { deltaSchemaOf } from '@synap/contracts'
import { type AnalysisId, type EventId, sha256Hex, type TagId } from '@synap/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  analysis,
  capture,
  captures,
  committed,
  contentHash,
  contextFor,
  entityIn,
  results,
  stateIn,
  streamOf,
  timeless,
} from '../../test/streams.ts'
import { decide } from '../decide.ts'
import { isRejected } from '../entity/suggestions.ts'
import type { FoldEvent } from '../event.ts'
import { fold } from '../evolve.ts'
import type { AnalysisState, EntityState } from '../state.ts'
import type { RecordAnalysis } from './record-analysis.ts'
import type { Proposals } from './weigh-proposals.ts'

const note = (over: Parameters<typeof capture>[0] = {}) =>
  entityIn(decide(capture(over), { entity: undefined }, contextFor()))
const record = (entity: EntityState, command: RecordAnalysis, state?: AnalysisState) =>
  decide(command, { entity, analysis: state }, contextFor('ai'))
const sure = <T>(value: T) => ({ value, confidence: 0.9 })
const milkTag = { id: '01890000-0000-7000-8000-000000000071' as TagId, name: 'errand', confidence: 0.8 }
const milk: Proposals = {
  title: sure('Buy milk'),
  type: sure('task' as const),
  due: sure('2026-11-22'),
  tags: [milkTag],
}

function applied(entity: EntityState, result: Proposals) {
  const decision = record(entity, analysis({ result, basedOnVersion: entity.version }))
  if (decision.outcome !== 'accepted') throw new Error(decision.outcome)
  return decision.events.find((event) => event.type === 'ai.enrichment_applied')?.delta
}

/** The entity after a person did something more. */
function then(entity: EntityState, ...said: readonly (readonly [string, object])[]): EntityState {
  const events = said.map(([type, delta], index) => ({
    type,
    delta,
    id: `01890000-0000-7000-a000-00000000000${index}`,
    aggregateId: entity.id,
    aggregateType: 'entity',
    version: entity.version + index + 1,
    sequence: null,
    occurredAt: null,
    actor: { kind: 'user', id: null },
  }))
  return fold(events as unknown as FoldEvent[], entity) as EntityState
}

describe('recording an analysis', () => {
  it('given how the text was read, the analysis says its time zone and which words said what; given nothing, nothing', () => {
    const delta = (command: RecordAnalysis) => {
      const decision = record(note(), command)
      return decision.outcome === 'accepted' ? decision.events[0]?.delta : decision.outcome
    }
    const result: Proposals = {
      ...milk,
      intent: { kind: 'task', confidence: 0.97, span: [0, 3] },
      due: { ...sure('2026-11-22'), text: 'tomorrow', span: [9, 17] },
    }
    const read = { ...analysis({ result, basedOnVersion: 2 }), timeZone: 'Europe/Berlin' } as RecordAnalysis
    expect(delta(read)).toMatchObject({
      timeZone: 'Europe/Berlin',
      intent: { kind: 'task', confidence: 0.97, span: { start: 0, end: 3 } },
      dueSpan: { start: 9, end: 17 },
    })
    expect(delta(analysis({ result: { tags: [] }, basedOnVersion: 2 }))).toMatchObject({
      timeZone: null,
      intent: null,
      dueSpan: null,
    })
  })

  it('given "Buy milk tomorrow" as a plain note, it becomes a task with a due date, undoable and attributed', () => {
    const entity = note()
    const decision = record(entity, analysis({ result: milk, basedOnVersion: 2 }))
    expect(decision).toMatchObject({
      outcome: 'accepted',
      events: [
        { type: 'ai.analysis_completed', aggregateType: 'analysis', version: 1 },
        {
          type: 'ai.enrichment_applied',
          version: 3,
          delta: {
            title: { value: 'Buy milk', old: null },
            type: { value: 'task', old: 'note' },
            due: { value: '2026-11-22', old: null },
            tagsAdded: [{ name: 'errand' }],
            summary: null,
            suggestions: [],
          },
        },
      ],
    })
    if (decision.outcome !== 'accepted') return
    expect(decision.events[1]?.causationId).toBe(decision.events[0]?.id)
    expect(entityIn(decision)).toMatchObject({
      type: 'task',
      title: 'Buy milk',
      particulars: { task: { status: 'todo', due: '2026-11-22' } },
      provenance: { title: { by: 'ai', model: 'synap-offline', confidence: 0.9 }, content: { by: 'user' } },
    })
  })

  it('given the event that asked for it, it is the cause of what is recorded, and that of what is set', () => {
    const causedBy = '01890000-0000-7000-8000-0000000000ee' as EventId
    const completed = record(note(), { ...analysis({ result: milk, basedOnVersion: 2 }), causedBy })
    const { result: _, usage: __, ...job } = analysis({ basedOnVersion: 2 })
    const failed = record(note(), { ...job, outcome: 'failed', error: { code: 'x', detail: null }, causedBy })
    for (const decision of [completed, failed]) {
      expect(decision.outcome === 'accepted' && decision.events[0]?.causationId).toBe(causedBy)
    }
    const events = completed.outcome === 'accepted' ? completed.events : []
    expect(events[1]?.causationId).toBe(events[0]?.id)
  })

  it('given two aggregates, they come in the order of their ids, which is the order of locking', () => {
    for (const last of ['a1', 'f1']) {
      const analysisId = `01890000-0000-7000-8000-0000000000${last}` as AnalysisId
      const decision = record(note(), analysis({ result: milk, basedOnVersion: 2, analysisId }))
      const ids = decision.outcome === 'accepted' ? decision.aggregates.map(({ id }) => id) : []
      expect(ids).toHaveLength(2)
      expect(ids).toEqual([...ids].sort())
    }
  })

  it('given an item without content, it is analysed by its title, which a person gave and AI keeps', () => {
    const task = note({ content: null, preview: null, title: 'Buy milk tomorrow' })
    const command = analysis({ result: milk, contentHash: sha256Hex('Buy milk tomorrow') })
    expect(entityIn(record(task, command))).toMatchObject({
      type: 'task',
      title: 'Buy milk tomorrow',
      particulars: { task: { due: '2026-11-22' } },
    })
  })

  it('given an intent without a proposed type, the intent is the type', () => {
    const intent = { kind: 'task', confidence: 0.9 } as const
    expect(applied(note(), { tags: [], intent })).toMatchObject({ type: { value: 'task', old: 'note' } })
  })

  it('given people, they are set from a confidence of 0.5 on, suggested from 0.2 on, each once; the same again is no change', () => {
    const value = ['Ana', 'ANA', 'Dr. Novak', 'Ana']
    const found = (confidence: number) => ({ tags: [], people: { value, confidence } })
    const people = { value: ['Ana', 'Dr. Novak'], old: [], confidence: 0.5 }
    const entity = note()
    expect(applied(entity, found(0.5))).toMatchObject({ people, suggestions: [] })
    expect(applied(entity, found(0.4))).toMatchObject({
      people: null,
      suggestions: [{ field: 'people', value: 'Ana, Dr. Novak', confidence: 0.4 }],
    })
    expect(applied(entity, found(0.1))).toBeUndefined()
    const set = entityIn(record(entity, analysis({ result: found(0.5), basedOnVersion: entity.version })))
    expect(set.provenance.people).toMatchObject({ by: 'ai', model: 'synap-offline', confidence: 0.5 })
    expect(applied(set, found(0.9))).toBeUndefined()
    const more = applied(set, { tags: [], people: sure(['Ben']) })
    expect(more?.people).toMatchObject({ value: ['Ben'], old: ['Ana', 'Dr. Novak'] })
  })

  it('given people who were refused together, none of them is named again, and others are', () => {
    const refused = then(note(), [
      'entity.suggestion_rejected',
      { field: 'people', value: 'Ana, Ben', analysisId: null },
    ])
    expect(applied(refused, { tags: [], people: sure(['ben', 'Ana']) })).toBeUndefined()
    expect(applied(refused, { tags: [], people: sure(['Cleo', 'BEN']) })?.people?.value).toEqual(['Cleo'])
  })

  it.each([
    ['a title that a person gave', note({ title: 'Mine' }), 'title'],
    [
      'a title that a person took away',
      then(note({ title: 'x' }), ['entity.title_changed', { title: null, oldTitle: 'x' }]),
      'title',
    ],
    ['a type that a person chose', note({ type: 'page' }), 'type'],
    [
      'a note that a person made a note again',
      then(note(), ['entity.type_changed', { type: 'note', oldType: 'task' }]),
      'type',
    ],
    ['a due date that a person set', note({ type: 'task', task: { due: '2027-01-01' } }), 'due'],
    [
      'a due date that a person cleared',
      then(note({ type: 'task' }), ['task.due_date_set', { due: null, oldDue: '2027-01-01' }]),
      'due',
    ],
  ] as const)('given %s, AI leaves it alone', (_, entity, field) => {
    expect(applied(entity, milk)?.[field]).toBeNull()
    expect(applied(entity, milk)?.suggestions.filter((open) => open.field === field)).toEqual([])
  })

  it('given a page, its due date is nothing AI can set: it is no task', () => {
    expect(applied(note({ type: 'page' }), milk)).toMatchObject({
      type: null,
      due: null,
      title: { value: 'Buy milk' },
    })
  })

  it('given a plain note, AI does not make a project or a page of it', () => {
    for (const type of ['project', 'page'] as const) {
      expect(applied(note(), { tags: [milkTag], type: sure(type) })?.type).toBeNull()
    }
  })

  it('given a task, AI does not decide that it is over, nor opens it again', () => {
    expect(applied(note({ type: 'task' }), { ...milk, status: sure('done' as const) })?.status).toBeNull()
    const done = note({ type: 'task', task: { status: 'done' } })
    expect(applied(done, { ...milk, status: sure('todo' as const) })?.status).toBeNull()
  })

  it('given little confidence, it is a suggestion; given hardly any, it is nothing', () => {
    const unsure = { title: { value: 'Milk', confidence: 0.3 }, tags: [{ ...milkTag, confidence: 0.3 }] }
    expect(applied(note(), unsure)).toMatchObject({
      title: null,
      tagsAdded: [],
      suggestions: [
        { field: 'title', value: 'Milk', confidence: 0.3 },
        { field: 'tag', value: 'errand', confidence: 0.3 },
      ],
    })
    expect(applied(note(), { title: { value: 'Milk', confidence: 0.1 }, tags: [] })).toBeUndefined()
  })

  it('given a value that was rejected, it is neither set nor suggested again, in no spelling', () => {
    const rejected = then(
      note(),
      ['entity.suggestion_rejected', { field: 'title', value: 'buy milk', analysisId: null }],
      ['entity.suggestion_rejected', { field: 'tag', value: 'Errand', analysisId: null }],
    )
    expect(applied(rejected, { title: sure('BUY MILK '), tags: [milkTag] })).toBeUndefined()
    expect(applied(rejected, { title: sure('Oat milk'), tags: [] })).toMatchObject({
      title: { value: 'Oat milk' },
    })
  })

  it('given a tag that is there already, also in another spelling, it is not added again', () => {
    const tagged = note({ tags: [{ id: milkTag.id, name: 'ERRAND' }] })
    expect(applied(tagged, { tags: [milkTag] })).toBeUndefined()
    const twice = [milkTag, { ...milkTag, name: 'Errand ' }]
    expect(applied(note(), { tags: twice })?.tagsAdded).toHaveLength(1)
  })

  it('given an analysis without effect, only the analysis is recorded and the entity keeps its version', () => {
    const decision = record(note(), analysis({ basedOnVersion: 2 }))
    expect(decision).toMatchObject({ outcome: 'accepted', events: [{ type: 'ai.analysis_completed' }] })
    expect(stateIn(decision, 'entity')).toBeUndefined()
  })

  it('given other content by now, or none, it is superseded and nothing happens', () => {
    expect(record(note(), analysis({ contentHash: 'cd'.repeat(32) }))).toEqual({ outcome: 'superseded' })
    const empty = note({ content: null, title: 'Tea' })
    expect(record(empty, analysis())).toEqual({ outcome: 'superseded' })
  })

  it('given the same analysis for the same version again, it is a duplicate, for ever, also when it is superseded by then', () => {
    const entity = note()
    const command = analysis({ result: milk, basedOnVersion: 2 })
    const first = record(entity, command)
    const state = stateIn(first, 'analysis') as AnalysisState
    expect(record(entityIn(first), command, state)).toEqual({ outcome: 'duplicate' })
    const moved = then(entityIn(first), [
      'entity.file_deleted',
      { oldFile: entity.content, oldPreview: null },
    ])
    expect(record(moved, command, state)).toEqual({ outcome: 'duplicate' })
    expect(record(entityIn(first), { ...command, basedOnVersion: 3 }, state)).toMatchObject({
      outcome: 'accepted',
    })
  })

  it('given what a failure used, it is in the event, and what nobody counted is null there', () => {
    const { result: _, usage: __, ...job } = analysis({ basedOnVersion: 2 })
    const failure = { ...job, outcome: 'failed', error: { code: 'model.refused', detail: null } } as const
    const delta = (command: RecordAnalysis) => {
      const decision = record(note(), command)
      return decision.outcome === 'accepted' ? decision.events[0]?.delta : undefined
    }
    const usage = { inputTokens: 300, outputTokens: 20, costMicros: 115 }
    expect(delta({ ...failure, usage })).toMatchObject(usage)
    expect(delta(failure)).toMatchObject({ inputTokens: null, outputTokens: null, costMicros: null })
  })

  it('given a failure, it is recorded once, and a success may follow on the same version', () => {
    const { result: _, usage: __, ...job } = analysis({ basedOnVersion: 2 })
    const failure: RecordAnalysis = {
      ...job,
      outcome: 'failed',
      error: { code: 'model.refused', detail: null },
    }
    const entity = note()
    const failed = record(entity, failure)
    expect(failed).toMatchObject({
      outcome: 'accepted',
      events: [{ type: 'ai.analysis_failed', delta: { code: 'model.refused' } }],
    })
    const state = stateIn(failed, 'analysis') as AnalysisState
    expect(record(entity, failure, state)).toEqual({ outcome: 'duplicate' })
    const recovered = record(entity, analysis({ result: milk, basedOnVersion: 2 }), state)
    expect(recovered).toMatchObject({ outcome: 'accepted', events: [{ version: 2 }, { version: 3 }] })
    expect(record(entity, failure, stateIn(recovered, 'analysis') as AnalysisState)).toEqual({
      outcome: 'duplicate',
    })
  })

  it('given an analysis id of another job, or a version that never was, it is refused', () => {
    const entity = note()
    const state = stateIn(record(entity, analysis()), 'analysis') as AnalysisState
    for (const other of [{ enricherVersion: '2' }, { contentHash: 'cd'.repeat(32) }]) {
      expect(record(entity, analysis(other), state)).toMatchObject({
        outcome: 'refused',
        code: 'analysis.mismatch',
      })
    }
    expect(record(entity, analysis({ basedOnVersion: 99 }))).toMatchObject({ code: 'analysis.mismatch' })
  })

  it('given an entity that is deleted or was never there, it is refused', () => {
    const command = analysis({ analysisId: '01890000-0000-7000-8000-0000000000a2' as AnalysisId })
    expect(record(then(note(), ['entity.deleted', {}]), command)).toMatchObject({ code: 'entity.not_found' })
    expect(decide(command, { entity: undefined }, contextFor())).toMatchObject({ code: 'entity.not_found' })
  })

  it('given any entity and any result, a person is never overruled and a rejection never forgotten', () => {
    fc.assert(
      fc.property(streamOf('entity'), results, (stream, result) => {
        const folded = fold(stream) as EntityState
        fc.pre(!folded.deleted && !folded.purged && folded.content !== null)
        const hash = folded.content?.sha256 ?? contentHash
        const command = analysis({
          result,
          contentHash: hash,
          entityId: folded.id,
          basedOnVersion: folded.version,
        })
        const decision = record(folded, command)
        if (decision.outcome !== 'accepted') throw new Error(decision.outcome)
        for (const { type, delta } of decision.events)
          expect(deltaSchemaOf(type).safeParse(delta).error).toBeUndefined()
        const enrichment = decision.events.find((event) => event.type === 'ai.enrichment_applied')
        if (enrichment === undefined) return
        const after = entityIn(decision)
        for (const [field, provenance] of Object.entries(folded.provenance)) {
          if (provenance.by === 'user') expect(after.provenance[field as 'title']).toEqual(provenance)
        }
        for (const { field, value } of enrichment.delta.suggestions)
          expect(isRejected(folded, field, value)).toBe(false)
        for (const { name } of enrichment.delta.tagsAdded) expect(isRejected(folded, 'tag', name)).toBe(false)
        expect(after.tags.slice(0, folded.tags.length)).toEqual(folded.tags)
      }),
      { numRuns: 300 },
    )
  })

  it('given any capture and any result, recording it twice changes nothing the second time, and the log folds to the state', () => {
    fc.assert(
      fc.property(captures, results, (command, result) => {
        fc.pre(command.content !== null)
        const captured = decide(command, { entity: undefined }, contextFor())
        if (captured.outcome !== 'accepted') throw new Error(captured.outcome)
        const entity = entityIn(captured)
        const first = analysis({ result, basedOnVersion: entity.version })
        const decision = record(entity, first)
        if (decision.outcome !== 'accepted') throw new Error(decision.outcome)
        const after = (stateIn(decision, 'entity') ?? entity) as EntityState
        expect(record(after, first, stateIn(decision, 'analysis') as AnalysisState)).toEqual({
          outcome: 'duplicate',
        })

        // Another job with the same result: everything sure is there already.
        const again = record(after, {
          ...first,
          analysisId: '01890000-0000-7000-8000-0000000000a3' as AnalysisId,
          basedOnVersion: after.version,
        })
        if (again.outcome !== 'accepted') throw new Error(again.outcome)
        const enrichment = again.events.find((event) => event.type === 'ai.enrichment_applied')
        expect([enrichment?.delta.title ?? null, enrichment?.delta.due ?? null]).toEqual([null, null])
        expect(enrichment?.delta.tagsAdded ?? []).toEqual([])

        const own = decision.events.filter(({ aggregateType }) => aggregateType === 'entity')
        const log = [...committed(captured.events), ...committed(own, 100, 'ai')]
        const refolded = fold(log)
        expect(refolded === undefined ? undefined : timeless(refolded)).toEqual(after)
      }),
      { numRuns: 200 },
    )
  })
})
