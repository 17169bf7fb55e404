import { catalogue, type EventType, entityTypes, eventTypes, type FileReference } from '@synap/contracts'
import { cleanText, deltaOf, uuid } from '@synap/contracts/samples'
import type { AnalysisId, EntityId, EventId, TagId } from '@synap/core'
import fc from 'fast-check'
import {
  type Accepted,
  type AggregateState,
  type Capture,
  type CompletedAnalysis,
  type DecisionContext,
  type EntityState,
  evolve,
  type FoldEvent,
  type NewEvent,
} from '../src/index.ts'

export const entityId = '01890000-0000-7000-8000-0000000000e1' as EntityId
export const contentHash = 'ab'.repeat(32)
export const file: FileReference = {
  key: 'users/u/notes/e.abababababababab.md',
  sha256: contentHash,
  size: 17,
  contentType: 'text/markdown',
  fileType: 'markdown',
  uploadedAt: 1_800_000_000_000,
}

/** Event ids 1, 2, 3 … and a person, unless another actor is named. */
export function contextFor(kind: 'user' | 'ai' | 'service' = 'user'): DecisionContext {
  let made = 0
  const newEventId = () => `01890000-0000-7000-9000-${String((made += 1)).padStart(12, '0')}` as EventId
  return { actor: { kind, id: null }, newEventId }
}

/** What the log holds of decided events: with sequence and time, as the commit gave them. */
export function committed(events: readonly NewEvent[], firstSequence = 1, kind = 'user'): FoldEvent[] {
  return events.map((event, index) => ({
    ...event,
    actor: { kind, id: null },
    sequence: firstSequence + index,
    occurredAt: 1_800_000_000_000 + index,
  })) as FoldEvent[]
}

/** The state without what only the commit knows: what ingest keeps. */
export function timeless<State extends AggregateState>(state: State): State {
  const nothing = { sequence: null, createdAt: null, updatedAt: null }
  if (state.aggregate !== 'entity') return { ...state, ...nothing }
  const { task } = state.particulars
  const timeless = task === undefined ? {} : { task: { ...task, completedAt: null } }
  return { ...state, ...nothing, particulars: { ...state.particulars, ...timeless } }
}

export function stateIn(
  decision: { outcome: string },
  aggregate: AggregateState['aggregate'],
): AggregateState | undefined {
  return decision.outcome === 'accepted'
    ? (decision as Accepted).aggregates.find(({ type }) => type === aggregate)?.state
    : undefined
}

export function entityIn(decision: { outcome: string }): EntityState {
  const state = stateIn(decision, 'entity')
  if (state?.aggregate !== 'entity') throw new Error(`no entity: ${decision.outcome}`)
  return state
}

export const capture = (over: Partial<Capture> = {}): Capture => ({
  kind: 'capture',
  entityId,
  type: 'note',
  title: null,
  content: file,
  preview: 'Buy milk tomorrow',
  tags: [],
  metadata: null,
  ...over,
})

export const analysis = (over: Partial<CompletedAnalysis> = {}): CompletedAnalysis => ({
  kind: 'recordAnalysis',
  outcome: 'completed',
  analysisId: '01890000-0000-7000-8000-0000000000a1' as AnalysisId,
  entityId,
  contentHash,
  enricherVersion: '1',
  run: 0,
  basedOnVersion: 1,
  model: 'synap-offline',
  promptVersion: '1',
  offline: true,
  usage: null,
  result: { tags: [] },
  ...over,
})

const tagIds = Array.from({ length: 4 }, (_, n) => `01890000-0000-7000-8000-00000000007${n}` as TagId)
const tag = fc.record({
  id: fc.constantFrom(...tagIds),
  name: fc.constantFrom('Home', ' home ', 'Café', 'errand'),
})

/** Any capture that the HTTP schema lets through. */
export const captures: fc.Arbitrary<Capture> = fc
  .record({
    type: fc.constantFrom(...entityTypes),
    title: fc.option(cleanText(30)),
    hasContent: fc.boolean(),
    tags: fc.array(tag, { maxLength: 6 }),
    task: fc.record(
      {
        status: fc.constantFrom('todo', 'in_progress', 'done', 'cancelled'),
        priority: fc.constantFrom(0, 1, 2, 3),
        due: fc.constantFrom('2026-11-22', '2026-11-22T17:00:00Z'),
      },
      { requiredKeys: [] },
    ),
    metadata: fc.option(fc.dictionary(cleanText(5), fc.oneof(cleanText(5), fc.integer(), fc.constant(null)))),
  })
  .map(({ hasContent, task, title, ...rest }) =>
    capture({
      ...rest,
      title: title === null && !hasContent ? 'Untitled' : title,
      content: hasContent ? file : null,
      preview: hasContent ? 'x' : null,
      ...(rest.type === 'task' ? { task } : {}),
    }),
  )

/** The result of any analysis; few values, so that they meet what is there. */
export const results: fc.Arbitrary<CompletedAnalysis['result']> = fc.record(
  {
    title: found(fc.constantFrom('Buy milk', 'Milk', 'BUY MILK')),
    type: found(fc.constantFrom(...entityTypes)),
    summary: found(cleanText(20)),
    language: found(fc.constantFrom('en', 'de')),
    people: found(fc.array(fc.constantFrom('Ana', 'ANA', 'Dr. Novak', 'Ben'), { maxLength: 4 })),
    status: found(fc.constantFrom('todo', 'in_progress', 'done', 'cancelled')),
    priority: found(fc.constantFrom(0, 1, 2, 3)),
    due: found(fc.constantFrom('2026-11-22', '2026-11-23')),
    tags: fc.array(
      fc.record({
        id: fc.constantFrom(...tagIds),
        name: fc.constantFrom('Home', 'HOME', 'café', 'errand'),
        confidence: confidences(),
      }),
      { maxLength: 5 },
    ),
  },
  { requiredKeys: ['tags'] },
)

function confidences() {
  return fc.constantFrom(0.1, 0.3, 0.6, 0.95)
}

function found<T>(value: fc.Arbitrary<T>) {
  return fc.record({ value, confidence: confidences() })
}

type Kind = (typeof catalogue)[EventType]['aggregate']

/** Any events of one aggregate, in version order; an entity begins with `entity.created`. */
export function streamOf(aggregate: Kind): fc.Arbitrary<FoldEvent[]> {
  const types = eventTypes.filter(
    (type) => catalogue[type].aggregate === aggregate && type !== 'entity.created',
  )
  const event = fc.constantFrom(...types).chain((type) => unplaced(type))
  const rest = fc.array(event, { minLength: 1, maxLength: 25 })
  const all =
    aggregate === 'entity'
      ? fc.tuple(unplaced('entity.created'), rest).map(([first, more]) => [first, ...more])
      : rest
  return fc.tuple(uuid, all).map(([aggregateId, events]) =>
    events.map((one, index) => ({
      ...one,
      aggregateId,
      aggregateType: aggregate,
      version: index + 1,
      sequence: 10 * (index + 1),
      occurredAt: 1_800_000_000_000 + index,
    })),
  ) as unknown as fc.Arbitrary<FoldEvent[]>
}

function unplaced(type: EventType) {
  return fc.record({
    type: fc.constant(type),
    id: uuid,
    actor: fc.record({ kind: fc.constantFrom('user', 'ai', 'service', 'system'), id: fc.constant(null) }),
    delta: deltaOf(type),
  })
}

/** Folds one event after the other and keeps every state on the way. */
export function statesOf(events: readonly FoldEvent[]): AggregateState[] {
  const states: AggregateState[] = []
  for (const event of events) states.push(evolve(states.at(-1), event))
  return states
}
