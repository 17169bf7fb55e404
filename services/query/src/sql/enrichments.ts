import type { EnrichmentView } from '@synap/contracts'
import { type Client, query } from '@synap/postgres'

/** What vectors of the configured model would take; see `enrich.weigh_embedding`. */
export interface EmbeddingWeight {
  model: string
  offline: boolean
  own_model: string | null
  items: number
  present: number
  unreadable: number
  paid: number
  to_embed: number
  calls: number
  bytes: number
  /** US dollars for a million tokens; null = unknown. */
  input_price: number | null
}

/** Undefined: no enricher has started yet. */
export async function weighEmbedding(client: Client): Promise<EmbeddingWeight | undefined> {
  const [row] = await query<EmbeddingWeight>(client, {
    name: 'enrich.weigh_embedding',
    text: `select model, offline, own_model, items, present, unreadable, paid, to_embed, calls, bytes, input_price
      from enrich.weigh_embedding()`,
    values: [],
  })
  return row
}

/** Begins a switch, or answers the one under way. */
export async function beginEmbedding(
  client: Client,
  { id, items, byKey }: { id: string; items: number; byKey: string | null },
): Promise<string | null> {
  const [row] = await query<{ id: string | null }>(client, {
    name: 'enrich.begin_embedding',
    text: 'select enrich.begin_embedding($1::uuid, $2::int, $3::uuid) as id',
    values: [id, items, byKey],
  })
  return row?.id ?? null
}

/** Times in milliseconds since 1970. */
export interface EnrichmentRow {
  id: string
  kind: EnrichmentView['kind']
  model: string
  state: EnrichmentView['state']
  reason: string | null
  items: number
  open: number
  done: number
  failed: number
  requested_at: number
  started_at: number | null
  switched_at: number | null
  finished_at: number | null
}

export function findEnrichments(client: Client, id: string | null, most: number): Promise<EnrichmentRow[]> {
  return query<EnrichmentRow>(client, {
    name: 'enrich.enrichments_of_user',
    text: `select id, kind, model, state, reason, items, open, done, failed, requested_at, started_at, switched_at,
        finished_at
      from enrich.enrichments_of_user($1::uuid, $2::int)`,
    values: [id, most],
  })
}

/** Its state afterwards; null = there is none of this user. */
export async function cancelEnrichment(client: Client, id: string): Promise<EnrichmentRow['state'] | null> {
  const [row] = await query<{ state: EnrichmentRow['state'] | null }>(client, {
    name: 'enrich.cancel_enrichment',
    text: 'select enrich.cancel_enrichment($1::uuid) as state',
    values: [id],
  })
  return row?.state ?? null
}

export interface EmbeddingModels {
  configured: string | null
  searched_by: string | null
}

export async function findEmbeddingModels(client: Client): Promise<EmbeddingModels> {
  const [row] = await query<EmbeddingModels>(client, {
    name: 'enrich.embedding_models',
    text: 'select configured, searched_by from enrich.embedding_models()',
    values: [],
  })
  return row ?? { configured: null, searched_by: null }
}
