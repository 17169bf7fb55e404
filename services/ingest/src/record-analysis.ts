import type { AnalysisRequest } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { type Accepted, decide, type EntityState, idsOf, type RecordAnalysis, statesFor } from '@synap/domain'
import { type Caller, decisionContextOf, type RequestKey } from './caller.ts'
import { decideAndAppend, resultFor, type WriteDependencies, type WriteOutcome } from './decide-and-append.ts'
import { readAggregates } from './read-aggregates.ts'
import { type KnownTags, readTags } from './read-tags.ts'

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
  return decideAndAppend<NothingRecorded>(dependencies, {
    caller,
    idempotency: request === null ? null : { ...request, attempt: null },
    objects: [],
    decide: async () => {
      const names = body.outcome === 'completed' ? body.result.tags.map(({ name }) => name) : []
      const tags = await readTags(dependencies.pool, caller.userId, { names })
      const command = commandOf(entityId, body, tags)
      const withUser = names.length === 0 ? command : { ...command, userId: caller.userId }
      const ids = idsOf(withUser)
      const states = statesFor(
        ids,
        await readAggregates(dependencies.pool, caller.userId, Object.values(ids)),
      )
      entity = states.entity
      const decision = decide(withUser, states, decisionContextOf(caller))
      if (decision.outcome === 'refused' || decision.outcome === 'accepted') return decision
      return { ...decision, version: entity?.version ?? 0, sequence: entity?.sequence ?? 0 }
    },
    resultOf: (accepted) => ({ ...resultFor(accepted, entityId, caller), applied: appliedIn(accepted) }),
  })
}

function commandOf(entityId: EntityId, body: AnalysisRequest, tags: KnownTags): RecordAnalysis {
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
    causedBy: body.causedBy,
    usage: body.usage ?? null,
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
    timeZone: body.timeZone,
  }
}

const fields = ['title', 'type', 'summary', 'language', 'people', 'status', 'priority', 'due'] as const

/** Names of the fields that were set, `tags` for any tag. */
function appliedIn({ events }: Accepted): string[] {
  const event = events.find(({ type }) => type === 'ai.enrichment_applied')
  if (event?.type !== 'ai.enrichment_applied') return []
  const { delta } = event
  return [...fields.filter((field) => delta[field] !== null), ...(delta.tagsAdded.length > 0 ? ['tags'] : [])]
}
