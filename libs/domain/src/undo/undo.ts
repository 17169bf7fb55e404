import type { EventType } from '@synap/contracts'
import { assertNever, type UserId } from '@synap/core'
import type { RegisteredTag } from '../decide/change-tag.ts'
import {
  type ChangeDecision,
  change,
  type DecisionContext,
  reading,
  type Target,
} from '../decide/decision.ts'
import { type Refused, refuse } from '../decide/refusal.ts'
import { entityRefusal, userRefusal } from '../decide/writable.ts'
import type { CommandStates } from '../decide.ts'
import type { Fact, FoldEvent } from '../event.ts'
import type { AggregateState } from '../state.ts'
import { type CausedEvent, inForce } from './in-force.ts'
import { lastTouching, touchedBy } from './touched.ts'
import { undoEntity } from './undo-entity.ts'
import { undoAnalysis, undoRelation, undoUser } from './undo-others.ts'

export interface Undo {
  readonly kind: 'undo'
  readonly userId: UserId
  /** The event to undo, of an aggregate of this user. */
  readonly event: FoldEvent
  /** Every later event of the same aggregate, in the order of their versions. */
  readonly later: readonly CausedEvent[]
  /** For `tag.renamed`: the tag that has the old name (normalised) by now; undefined: none. */
  readonly holder?: RegisteredTag | undefined
}

const table: { readonly [T in EventType]: unknown } = {
  ...undoEntity,
  ...undoRelation,
  ...undoUser,
  ...undoAnalysis,
}

/** Why an event of this type can never be undone; undefined when it can, unless something later stands on it. */
export function whyNotUndoable(type: EventType): string | undefined {
  const entry = table[type]
  return typeof entry === 'string' ? entry : undefined
}

/**
 * The events that take one back, caused by it. Refused when a later event that was not undone changed the same thing: what
 * came last is undone first. What an undo wrote can be undone like anything else.
 */
export function decideUndo(command: Undo, states: CommandStates, context: DecisionContext): ChangeDecision {
  const { event, userId } = command
  const why = whyNotUndoable(event.type)
  if (why !== undefined) return refuse('undo.not_undoable', why)
  const state = stateOf(event, states)
  if (state === undefined || state.version < event.version) {
    return refuse('undo.event_not_found', 'There is no such event.')
  }
  const refusal = conflict(command, state, states) ?? stateRefusal(event, states)
  if (refusal !== undefined) return refusal
  const facts = inverseOf(command, states)
  if ('outcome' in facts) return facts
  const target: Target = { id: event.aggregateId, aggregateType: event.aggregateType, state }
  const decision = change(target, facts, context, event.id)
  return decision.outcome === 'accepted' ? reading(decision, ...readFor(event, userId, states)) : decision
}

function stateOf(event: FoldEvent, states: CommandStates): AggregateState | undefined {
  const state = states[event.aggregateType]
  return state?.id === event.aggregateId ? state : undefined
}

/** The log is behind the write side by moments: what it does not show yet may stand on the event. */
function conflict(
  { event, later }: Undo,
  { version }: AggregateState,
  { user }: CommandStates,
): Refused | undefined {
  const since = later.filter((candidate) => candidate.version <= version)
  if (since.some((candidate, index) => candidate.version !== event.version + index + 1)) {
    throw new TypeError('the later events of an undo are not in the order of their versions')
  }
  if (event.version + since.length < version) {
    return refuse(
      'undo.conflict',
      'It was changed a moment ago, and the history is not complete yet: try again.',
    )
  }
  const last = lastTouching(touchedBy(event, user), inForce(since, user), user)
  return last === undefined ? undefined : standsOn(last)
}

function standsOn({ event, path }: NonNullable<ReturnType<typeof lastTouching>>): Refused {
  return refuse(
    'undo.conflict',
    `The ${path.join(' ')} was changed later, by ${event.type} (event ${event.id}, version ${event.version}): ` +
      'undo that event first.',
  )
}

/** Only a deletion can be undone on something deleted. */
function stateRefusal(event: FoldEvent, { entity, user }: CommandStates): Refused | undefined {
  const erased = userRefusal(user)
  if (erased !== undefined || event.aggregateType !== 'entity') return erased
  return event.type === 'entity.deleted' && entity?.purged === false ? undefined : entityRefusal(entity)
}

function inverseOf({ event, holder }: Undo, states: CommandStates): readonly Fact[] | Refused {
  const { entity, user, source, target } = states
  const inverse = table[event.type] as (
    delta: unknown,
    state: unknown,
    more?: unknown,
  ) => readonly Fact[] | Refused
  switch (event.aggregateType) {
    case 'entity':
      return inverse(event.delta, entity, user)
    case 'relation':
      return inverse(event.delta, { source, target })
    case 'user':
      return inverse(event.delta, user, holder)
    case 'analysis':
      return refuse('undo.not_undoable', 'This is book-keeping of AI and changes nothing.')
    default:
      return assertNever(event)
  }
}

/** What the decision stands on besides what it writes. */
function readFor(event: FoldEvent, userId: UserId, states: CommandStates): Target[] {
  const { user, source, target } = states
  if (event.type === 'relation.deleted') {
    const { sourceId, targetId } = event.delta
    return [
      { id: sourceId, aggregateType: 'entity', state: source },
      { id: targetId, aggregateType: 'entity', state: target },
    ]
  }
  const isAboutTags =
    event.type === 'entity.tag_added' ||
    event.type === 'entity.tag_removed' ||
    (event.type === 'ai.enrichment_applied' && event.delta.tagsAdded.length > 0)
  return isAboutTags ? [{ id: userId, aggregateType: 'user', state: user }] : []
}
