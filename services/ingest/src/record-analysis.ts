import type { AnalysisRequest } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import {
  type Accepted,
  type AnalysisState,
  decide,
  type EntityState,
  type RecordAnalysis,
} from '@synap/domain'
import { type Caller, decisionContextOf, type RequestKey } from './caller.ts'
import { decideAndAppend, type WriteDependencies, type WriteOutcome } from './decide-and-append.ts'
import { readAggregates } from './read-aggregates.ts'
import type { TagIds } from './tag-ids.ts'

export interface RecordAnalysisRequest {
  caller: Caller
  entityId: EntityId
  body: AnalysisRequest
  request: RequestKey | null
}

/** Both change nothing; the numbers are the entity's current ones. */
export interface NothingRecorded {
  outcome: 'superseded' | 'duplicate'
  version: number
  sequence: number
}

/**
 * Records an analysis on its own aggregate, and on the entity what of it may be set. Where nothing is set the entity's
 * version is checked all the same: the decision was made on its content.
 */
export function recordAnalysis(
  dependencies: WriteDependencies,
  { caller, entityId, body, request }: RecordAnalysisRequest,
): Promise<WriteOutcome | NothingRecorded> {
  let entity: EntityState | undefined
  let writesEntity = false
  return decideAndAppend<NothingRecorded>(dependencies, {
    caller,
    idempotency: request === null ? null : { ...request, attempt: null },
    objects: [],
    decide: async (tags) => {
      const states = await readAggregates(dependencies.pool, caller.userId, [entityId, body.analysisId])
      entity = states.get(entityId) as EntityState | undefined
      const analysis = states.get(body.analysisId) as AnalysisState | undefined
      const decision = decide(
        commandOf(entityId, body, tags),
        { entity, analysis },
        decisionContextOf(caller),
      )
      if (decision.outcome === 'refused') return decision
      if (decision.outcome === 'accepted') {
        writesEntity = decision.aggregates.some(({ id }) => id === entityId)
        return decision
      }
      return { ...decision, version: entity?.version ?? 0, sequence: entity?.sequence ?? 0 }
    },
    reads: () =>
      entity === undefined || writesEntity
        ? []
        : [{ id: entityId, type: 'entity', expected: entity.version }],
    resultOf: (accepted) => ({
      id: entityId,
      version: accepted.aggregates.find(({ id }) => id === entityId)?.state.version ?? entity?.version ?? 0,
      correlationId: caller.correlationId,
      applied: appliedIn(accepted),
    }),
  })
}

function commandOf(entityId: EntityId, body: AnalysisRequest, tags: TagIds): RecordAnalysis {
  const { analysisId, contentHash, enricherVersion, run, basedOnVersion, model, promptVersion, offline } =
    body
  const job = {
    kind: 'recordAnalysis',
    entityId,
    analysisId,
    contentHash,
    enricherVersion,
    run,
    basedOnVersion,
    model,
    promptVersion,
    offline,
  } as const
  if (body.outcome === 'failed') {
    const { code, detail } = body.error
    return { ...job, outcome: 'failed', error: { code, detail: detail ?? null } }
  }
  const withIds = body.result.tags.map((tag) => ({ ...tag, id: tags.idOf(tag.name) }))
  return {
    ...job,
    outcome: 'completed',
    result: { ...body.result, tags: withIds },
    usage: body.usage ?? null,
  }
}

const fields = ['title', 'type', 'summary', 'language', 'status', 'priority', 'due'] as const

/** Names of the fields that were set, `tags` for any tag. */
function appliedIn({ events }: Accepted): string[] {
  const event = events.find(({ type }) => type === 'ai.enrichment_applied')
  if (event?.type !== 'ai.enrichment_applied') return []
  const { delta } = event
  return [...fields.filter((field) => delta[field] !== null), ...(delta.tagsAdded.length > 0 ? ['tags'] : [])]
}
