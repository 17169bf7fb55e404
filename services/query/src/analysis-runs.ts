import type { EnrichmentEstimate, EnrichmentFilter } from '@synap/contracts'
import type { Client } from '@synap/postgres'
import { costOf, tokensOf, tokensToEmbed } from './enrichments-view.ts'
import {
  type AnalysisWeight,
  addItems,
  findFilteredIds,
  findModelsAtWork,
  type ModelsAtWork,
  weighAnalysis,
} from './sql/analysis-runs.ts'
import { findActiveSchema } from './sql/find-active-schema.ts'

/** Of one text more is not sent, whatever its length: 24,000 signs, mostly of one byte. */
const mostBytes = 24_000
/** Instructions, the schema of the answer, tags and dates, in tokens; and an answer of usual length. */
const askedAround = 1_500
const usualAnswer = 200
const idsAtOnce = 5_000

export interface WeighedAnalysis {
  models: ModelsAtWork
  estimate: EnrichmentEstimate
}

/** What a run over the items of a filter would take; undefined when no enricher has started yet. */
export async function weighAnalyses(
  client: Client,
  filter: EnrichmentFilter,
): Promise<WeighedAnalysis | undefined> {
  const models = await findModelsAtWork(client)
  if (models === undefined) return undefined
  const sum: AnalysisWeight = { ...nothing }
  for await (const ids of idsOf(client, filter)) {
    const page = await weighAnalysis(client, ids, filter, mostBytes)
    for (const key of keys) sum[key] += page?.[key] ?? 0
  }
  return { models, estimate: estimateOf(models, sum) }
}

/** Puts the items of a filter into a run. */
export async function addAllItems(client: Client, id: string, filter: EnrichmentFilter): Promise<void> {
  for await (const ids of idsOf(client, filter)) await addItems(client, id, ids, filter)
}

async function* idsOf(client: Client, filter: EnrichmentFilter): AsyncGenerator<string[]> {
  const schema = await findActiveSchema(client)
  for (let after: string | null = null; ; ) {
    const ids: string[] = await findFilteredIds(client, schema, filter, { after, limit: idsAtOnce })
    if (ids.length > 0) yield ids
    if (ids.length < idsAtOnce) return
    after = ids.at(-1) ?? null
  }
}

const nothing: AnalysisWeight = {
  items: 0,
  measured: 0,
  input_tokens: 0,
  output_tokens: 0,
  bytes: 0,
  to_embed: 0,
  embed_calls: 0,
  embed_bytes: 0,
}
const keys = Object.keys(nothing) as (keyof AnalysisWeight)[]

function estimateOf(models: ModelsAtWork, sum: AnalysisWeight): EnrichmentEstimate {
  const fresh = sum.items - sum.measured
  const inputTokens = sum.input_tokens + fresh * askedAround + tokensOf(sum.bytes)
  const outputTokens = sum.output_tokens + fresh * usualAnswer
  const input = costOf(models.offline, inputTokens, models.input_price)
  const output = costOf(models.offline, outputTokens, models.output_price)
  const analyse = input === null || output === null ? null : input + output
  const embedTokens = tokensToEmbed(sum.embed_bytes)
  const embed = costOf(models.embeds_offline, embedTokens, models.embedding_price)
  const steps: EnrichmentEstimate['steps'] = [
    {
      step: 'analyse',
      model: models.model,
      items: sum.items,
      reused: 0,
      calls: sum.items,
      inputTokens,
      outputTokens,
      costUsd: analyse,
    },
    {
      step: 'embed',
      model: models.embedding_model,
      items: sum.to_embed,
      reused: sum.items - sum.to_embed,
      calls: sum.embed_calls,
      inputTokens: embedTokens,
      outputTokens: 0,
      costUsd: embed,
    },
  ]
  const costUsd = analyse === null || embed === null ? null : analyse + embed
  return { items: sum.items, present: 0, unreadable: 0, steps, costUsd }
}
