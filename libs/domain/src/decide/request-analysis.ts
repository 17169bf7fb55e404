import { type AnalysisId, type EntityId, uuidv5 } from '@synap/core'
import type { AnalysisState, EntityState } from '../state.ts'
import { accept, type Decision, type DecisionContext, reading, record } from './decision.ts'
import { subjectHash } from './record-analysis.ts'
import { type Refused, refuse } from './refusal.ts'
import { entityRefusal, isWritable } from './writable.ts'

export interface RequestAnalysis {
  readonly kind: 'requestAnalysis'
  readonly entityId: EntityId
  /** From `analysisIdOf`, of the content that is there. */
  readonly analysisId: AnalysisId
  readonly enricherVersion: string
}

/** One analysis per entity, content and version of the enricher: every party gives it the same id. */
export function analysisIdOf(entityId: EntityId, contentHash: string, enricherVersion: string): AnalysisId {
  return uuidv5(entityId, `${contentHash}/${enricherVersion}`) as AnalysisId
}

/** Asks for one more run of the analysis of what is there now. */
export function decideRequestAnalysis(
  { entityId, analysisId, enricherVersion }: RequestAnalysis,
  {
    entity,
    analysis,
  }: { readonly entity: EntityState | undefined; readonly analysis: AnalysisState | undefined },
  context: DecisionContext,
): Decision {
  if (!isWritable(entity)) return entityRefusal(entity) as Refused
  const contentHash = subjectHash(entity)
  if (contentHash === undefined) {
    return refuse('analysis.nothing_to_read', 'There is neither content nor a title to analyse: add one.')
  }
  if (analysisId !== analysisIdOf(entityId, contentHash, enricherVersion)) {
    return refuse('analysis.mismatch', 'The content has changed since: read the entity and ask again.')
  }
  const delta = { entityId, contentHash, enricherVersion, run: (analysis?.run ?? 0) + 1 }
  const target = { id: analysisId, aggregateType: 'analysis', state: analysis } as const
  return reading(accept(record(target, [{ type: 'ai.analysis_requested', delta }], context)), {
    id: entityId,
    aggregateType: 'entity',
    state: entity,
  })
}
