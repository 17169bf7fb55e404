import type { AggregateId } from '@synap/core'
import type { Command, CommandStates } from './decide.ts'
import type { AggregateState } from './state.ts'
import type { Undo } from './undo/undo.ts'

/** Under which id each aggregate of `CommandStates` is read for a command. */
export type StateIds = { readonly [Role in keyof CommandStates]?: AggregateId }

/** The aggregates that a command is decided on. */
export function idsOf(command: Command): StateIds {
  if (command.kind === 'undo') return undoIdsOf(command)
  return {
    ...('entityId' in command ? { entity: command.entityId } : {}),
    ...('analysisId' in command ? { analysis: command.analysisId } : {}),
    ...('userId' in command && command.userId !== undefined ? { user: command.userId } : {}),
    ...('relationId' in command ? { relation: command.relationId } : {}),
    ...('source' in command ? { source: command.source, target: command.target } : {}),
  }
}

function undoIdsOf({ event, userId }: Undo): StateIds {
  if (event.aggregateType === 'relation') {
    const { sourceId: source, targetId: target } = event.delta
    return { relation: event.aggregateId, source, target, user: userId }
  }
  return { user: userId, [event.aggregateType]: event.aggregateId }
}

/** What `decide` wants, of the states that were read; one that is not among them does not exist. */
export function statesFor(ids: StateIds, states: ReadonlyMap<AggregateId, AggregateState>): CommandStates {
  return {
    entity: pick(states, ids.entity, 'entity'),
    analysis: pick(states, ids.analysis, 'analysis'),
    user: pick(states, ids.user, 'user'),
    relation: pick(states, ids.relation, 'relation'),
    source: pick(states, ids.source, 'entity'),
    target: pick(states, ids.target, 'entity'),
  }
}

/** An id of the wrong kind, such as a relation's where an entity's belongs, is an unknown one. */
function pick<Kind extends AggregateState['aggregate']>(
  states: ReadonlyMap<AggregateId, AggregateState>,
  id: AggregateId | undefined,
  kind: Kind,
): Extract<AggregateState, { aggregate: Kind }> | undefined {
  const state = id === undefined ? undefined : states.get(id)
  return state?.aggregate === kind ? (state as Extract<AggregateState, { aggregate: Kind }>) : undefined
}
