import { type AnalysisId, type EntityId, type EventId, sha256Hex, type UserId } from '@synap/core'
import type { AnalysisState, EntityState, UserState } from '../state.ts'
import { type Accepted, accept, type DecisionContext, reading, record, type Target } from './decision.ts'
import { type Refused, refuse } from './refusal.ts'
import { type Proposals, type Weighed, weighProposals } from './weigh-proposals.ts'

interface AnalysisJob {
  readonly kind: 'recordAnalysis'
  readonly analysisId: AnalysisId
  readonly entityId: EntityId
  /** Given where there are tags: the user, read with it, says what has become of them by merging and renaming. */
  readonly userId?: UserId | undefined
  /** SHA-256 of the content that was analysed; of the title (UTF-8) when there is no content. */
  readonly contentHash: string
  readonly enricherVersion: string
  readonly run: number
  /** Version of the entity that the analysis read. */
  readonly basedOnVersion: number
  readonly model: string
  readonly promptVersion: string
  readonly offline: boolean
  /** Of all tries together; absent or null where nobody counted. */
  readonly usage?:
    | {
        readonly inputTokens: number
        readonly outputTokens: number
        readonly costMicros?: number | undefined
      }
    | null
    | undefined
  /** The event that asked for it: the cause of what is recorded. */
  readonly causedBy?: EventId | undefined
}

export interface CompletedAnalysis extends AnalysisJob {
  readonly outcome: 'completed'
  readonly result: Proposals
  /** IANA name: where dates were taken to be meant. */
  readonly timeZone?: string | undefined
}

export interface FailedAnalysis extends AnalysisJob {
  readonly outcome: 'failed'
  readonly error: { readonly code: string; readonly detail: string | null }
}

export type RecordAnalysis = CompletedAnalysis | FailedAnalysis

/** `superseded`: the content is another one by now. `duplicate`: recorded already for that version. Both change nothing. */
export type RecordAnalysisDecision =
  | Accepted
  | Refused
  | { readonly outcome: 'superseded' }
  | { readonly outcome: 'duplicate' }

export interface RecordAnalysisStates {
  readonly entity: EntityState | undefined
  readonly analysis: AnalysisState | undefined
  readonly user?: UserState | undefined
}

/**
 * Records an analysis and sets what of it may be set. The analysis is an aggregate of its own, so that an analysis
 * without effect does not move the entity's version.
 */
export function decideRecordAnalysis(
  command: RecordAnalysis,
  { entity, analysis, user }: RecordAnalysisStates,
  context: DecisionContext,
): RecordAnalysisDecision {
  if (entity === undefined || entity.deleted) return refuse('entity.not_found', 'There is no such entity.')
  if (analysis !== undefined && !isSameJob(analysis, command)) {
    return refuse('analysis.mismatch', 'This analysis is about another entity, content or enricher version.')
  }
  if (command.basedOnVersion > entity.version) {
    return refuse('analysis.mismatch', 'The entity never had that version.')
  }
  if (isRecorded(analysis, command)) return { outcome: 'duplicate' }
  if (subjectHash(entity) !== command.contentHash) return { outcome: 'superseded' }

  const target = { id: command.analysisId, aggregateType: 'analysis', state: analysis } as const
  const entityTarget = { id: entity.id, aggregateType: 'entity', state: entity } as const
  if (command.outcome === 'failed') {
    const delta = { ...jobOf(command), ...command.error, ...usedBy(command) }
    const failed = record(target, [{ type: 'ai.analysis_failed', delta }], context, command.causedBy)
    return reading(accept(failed), entityTarget)
  }
  const recorded = record(
    target,
    [{ type: 'ai.analysis_completed', delta: { ...jobOf(command), ...usedBy(command), ...readIn(command) } }],
    context,
    command.causedBy,
  )
  const weighed = weighProposals(entity, command.result, user)
  const { userId } = command
  const read: Target[] = userId === undefined ? [] : [{ id: userId, aggregateType: 'user', state: user }]
  if (isNothing(weighed, entity)) return reading(accept(recorded), entityTarget, ...read)
  const { analysisId, contentHash, model, promptVersion, offline } = command
  const delta = { analysisId, contentHash, model, promptVersion, offline, ...weighed }
  const cause = recorded.events[0]?.id ?? null
  const applied = record(entityTarget, [{ type: 'ai.enrichment_applied', delta }], context, cause)
  return reading(accept(recorded, applied), ...read)
}

/** What an analysis reads: the content, or the title of an entity without content. Enrichers hash the same. */
export function subjectHash({ content, title }: Pick<EntityState, 'content' | 'title'>): string | undefined {
  return content?.sha256 ?? (title === null ? undefined : sha256Hex(title))
}

function isSameJob(analysis: AnalysisState, command: RecordAnalysis): boolean {
  return (
    analysis.entityId === command.entityId &&
    analysis.contentHash === command.contentHash &&
    analysis.enricherVersion === command.enricherVersion
  )
}

/** A failure may be followed by a success on the same version, never the other way round. */
function isRecorded(analysis: AnalysisState | undefined, command: RecordAnalysis): boolean {
  return (analysis?.recorded ?? []).some(
    ({ basedOnVersion, outcome }) =>
      basedOnVersion === command.basedOnVersion && (outcome === 'completed' || command.outcome === 'failed'),
  )
}

function jobOf(command: RecordAnalysis) {
  const { entityId, contentHash, enricherVersion, run, basedOnVersion, model, promptVersion, offline } =
    command
  return { entityId, contentHash, enricherVersion, run, basedOnVersion, model, promptVersion, offline }
}

function usedBy({ usage }: RecordAnalysis) {
  return {
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    costMicros: usage?.costMicros ?? null,
  }
}

/** How the text was read: where its dates were taken to be meant, and which of its words said what. */
function readIn({ timeZone, result }: CompletedAnalysis) {
  const { intent, due } = result
  return {
    timeZone: timeZone ?? null,
    intent:
      intent === undefined
        ? null
        : { kind: intent.kind, confidence: intent.confidence, span: spanOf(intent.span) },
    dueSpan: spanOf(due?.span),
  }
}

const spanOf = (span: readonly [number, number] | undefined) =>
  span === undefined ? null : { start: span[0], end: span[1] }

/** Nothing to set and nothing (more, or less) to suggest. */
function isNothing({ tagsAdded, suggestions, ...fields }: Weighed, entity: EntityState): boolean {
  return (
    Object.values(fields).every((change) => change === null) &&
    tagsAdded.length === 0 &&
    suggestions.length === 0 &&
    entity.suggestions.length === 0
  )
}
