import { type AnalysisId, assertNever, type RelationId, type UserId } from '@synap/core'
import type { AnalysisEventType, FoldEventOf, RelationEventType, UserEventType } from './event.ts'
import type { AnalysisState, RelationState, UserState } from './state.ts'

export type RelationEvent = { [T in RelationEventType]: FoldEventOf<T> }[RelationEventType]
export type UserEvent = { [T in UserEventType]: FoldEventOf<T> }[UserEventType]
export type AnalysisEvent = { [T in AnalysisEventType]: FoldEventOf<T> }[AnalysisEventType]

type Later<State> = Omit<State, 'version' | 'sequence' | 'createdAt' | 'updatedAt'>

/** A relation says both ends in each of its events, so any of them can be the first that is seen. */
export function changeOfRelation(event: RelationEvent): Later<RelationState> {
  const { type, sourceId, targetId } = event.delta
  return {
    aggregate: 'relation',
    id: event.aggregateId as RelationId,
    type,
    source: sourceId,
    target: targetId,
    deleted: event.type === 'relation.deleted',
  }
}

export function changeOfUser(state: UserState | undefined, event: UserEvent): Later<UserState> {
  const before = state ?? {
    aggregate: 'user',
    id: event.aggregateId as UserId,
    timeZone: null,
    language: null,
    tags: {},
    erased: false,
  }
  switch (event.type) {
    case 'tag.renamed':
      return { ...before, tags: withTag(before, event.delta.tagId, { name: event.delta.name }) }
    case 'tag.recolored':
      return { ...before, tags: withTag(before, event.delta.tagId, { color: event.delta.color }) }
    case 'tag.merged': {
      const { tagId, intoId, intoName } = event.delta
      const named = { ...before, tags: withTag(before, intoId, { name: intoName }) }
      return { ...before, tags: withTag(named, tagId, { mergedInto: intoId }) }
    }
    case 'user.settings_changed':
      return { ...before, timeZone: event.delta.timeZone, language: event.delta.language }
    case 'user.erased':
      return { ...before, timeZone: null, language: null, tags: {}, erased: true }
    default:
      return assertNever(event)
  }
}

type TagEntry = UserState['tags'][string]

function withTag({ tags }: Later<UserState>, tagId: string, change: Partial<TagEntry>): UserState['tags'] {
  const before: TagEntry = tags[tagId] ?? { name: null, color: null, mergedInto: null }
  return { ...tags, [tagId]: { ...before, ...change } }
}

export function changeOfAnalysis(
  state: AnalysisState | undefined,
  event: AnalysisEvent,
): Later<AnalysisState> {
  const { entityId, contentHash, enricherVersion, run } = event.delta
  const recorded = state?.recorded ?? []
  return {
    aggregate: 'analysis',
    id: event.aggregateId as AnalysisId,
    entityId,
    contentHash,
    enricherVersion,
    run: Math.max(run, state?.run ?? 0),
    recorded:
      event.type === 'ai.analysis_requested'
        ? recorded
        : [
            ...recorded,
            {
              basedOnVersion: event.delta.basedOnVersion,
              outcome: event.type === 'ai.analysis_completed' ? 'completed' : 'failed',
            },
          ],
  }
}
