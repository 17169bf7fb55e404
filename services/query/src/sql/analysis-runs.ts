import type { EnrichmentFilter } from '@synap/contracts'
import { type Client, query } from '@synap/postgres'
import { conditionsOf } from './list-entities.ts'

/** Ids of the user's items that a filter keeps, behind `after`, in their order. */
export async function findFilteredIds(
  client: Client,
  schema: string,
  { type, tag, createdAfter, createdBefore }: EnrichmentFilter,
  page: { after: string | null; limit: number },
): Promise<string[]> {
  const values: unknown[] = []
  const parameter = (value: unknown, of: string) => `$${values.push(value)}::${of}`
  const instant = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text))
  const filter = {
    types: type,
    tags: tag,
    createdAfter: instant(createdAfter),
    createdBefore: instant(createdBefore),
  }
  const conditions = ['e.deleted_at is null', ...conditionsOf(schema, filter, parameter)]
  if (page.after !== null) conditions.push(`e.entity_id > ${parameter(page.after, 'uuid')}`)
  const rows = await query<{ entity_id: string }>(client, {
    text: `select e.entity_id from ${schema}.entities as e left join ${schema}.task_details as t using (entity_id)
      where ${conditions.join(' and ')} order by e.entity_id limit ${parameter(page.limit, 'int')}`,
    values,
  })
  return rows.map(({ entity_id: id }) => id)
}

/** What analyses of some items would take; see `enrich.weigh_analysis`. */
export interface AnalysisWeight {
  items: number
  /** Of them, those whose tokens are known from the last time. */
  measured: number
  input_tokens: number
  output_tokens: number
  /** Of the others, up to what is sent of one. */
  bytes: number
  to_embed: number
  embed_calls: number
  embed_bytes: number
}

export async function weighAnalysis(
  client: Client,
  ids: readonly string[],
  filter: EnrichmentFilter,
  mostBytes: number,
): Promise<AnalysisWeight | undefined> {
  const [row] = await query<AnalysisWeight>(client, {
    name: 'enrich.weigh_analysis',
    text: `select items, measured, input_tokens, output_tokens, bytes, to_embed, embed_calls, embed_bytes
      from enrich.weigh_analysis($1::uuid[], $2::text, $3::text, $4::text, $5::int)`,
    values: [ids, ...wishOf(filter), mostBytes],
  })
  return row
}

/** Prices in US dollars for a million tokens; null = unknown. */
export interface ModelsAtWork {
  model: string
  offline: boolean
  input_price: number | null
  output_price: number | null
  embedding_model: string
  embedding_price: number | null
  embeds_offline: boolean
}

/** Undefined: no enricher has started yet. */
export async function findModelsAtWork(client: Client): Promise<ModelsAtWork | undefined> {
  const [row] = await query<ModelsAtWork>(client, {
    name: 'enrich.models_at_work',
    text: `select model, offline, input_price, output_price, embedding_model, embedding_price, embeds_offline
      from enrich.models_at_work()`,
    values: [],
  })
  return row
}

/** Begins a run without items, or answers the one under way. */
export async function beginAnalysis(
  client: Client,
  { id, filter, byKey }: { id: string; filter: EnrichmentFilter; byKey: string | null },
): Promise<string | null> {
  const [row] = await query<{ id: string | null }>(client, {
    name: 'enrich.begin_analysis',
    text: 'select enrich.begin_analysis($1::uuid, $2::jsonb, $3::uuid) as id',
    values: [id, JSON.stringify(filter), byKey],
  })
  return row?.id ?? null
}

export async function addItems(
  client: Client,
  id: string,
  ids: readonly string[],
  filter: EnrichmentFilter,
): Promise<void> {
  await query(client, {
    name: 'enrich.add_enrichment_items',
    text: 'select enrich.add_enrichment_items($1::uuid, $2::uuid[], $3::text, $4::text, $5::text)',
    values: [id, ids, ...wishOf(filter)],
  })
}

const wishOf = ({ status, model, promptVersion }: EnrichmentFilter) => [
  status ?? null,
  model ?? null,
  promptVersion ?? null,
]
