import { type Client, query } from '@synap/postgres'

/** How far a user's events have come: `write.user_status`. Times in milliseconds since 1970, here and below. */
export interface WriteStats {
  sequence: number
  unrelayed: number
  unrelayed_since: number | null
  /** For each number asked about, since when the first event behind it waits. */
  waiting_since: (number | null)[]
}

export async function findWriteStats(client: Client, seen: readonly number[]): Promise<WriteStats> {
  const [row] = await query<WriteStats>(client, {
    name: 'write.find_user_status',
    text: `
      select sequence, unrelayed, unrelayed_since,
        (select jsonb_agg(floor(extract(epoch from w.at) * 1000)::bigint order by w.n)
         from unnest(waiting_since) with ordinality as w (at, n)) as waiting_since
      from write.user_status($1::bigint[])`,
    values: [seen],
  })
  const none = { sequence: 0, unrelayed: 0, unrelayed_since: null }
  return { ...(row ?? none), waiting_since: row?.waiting_since ?? [] }
}

export interface ReadStats {
  items: number
  /** Not found by meaning, though they may be. */
  unsearchable: number
  oldest_id: string | null
  oldest_at: number | null
}

/** Counts from indexes alone: some milliseconds for 100,000 items, and what is left to do. */
export async function findReadStats(client: Client, schema: string): Promise<ReadStats> {
  const [row] = await query<ReadStats>(client, {
    name: `${schema}.find_stats`,
    text: `
      select (select count(*) from ${schema}.entities where deleted_at is null) as items,
        (select count(*) from ${schema}.unsearchable) as unsearchable,
        oldest.entity_id as oldest_id, oldest.projected_at as oldest_at
      from (select 1) as one
      left join lateral (
        select entity_id, projected_at from ${schema}.unsearchable order by user_id, projected_at, entity_id limit 1
      ) as oldest on true`,
    values: [],
  })
  return row ?? { items: 0, unsearchable: 0, oldest_id: null, oldest_at: null }
}

/** Work of the enricher that is left, by stage, state and reason. */
export interface EnrichStats {
  stage: 'extracted' | 'enriched' | 'searchable'
  state: 'pending' | 'retrying' | 'deferred' | 'failed'
  error: string | null
  items: number
  example: string
  since: number
  next_retry_at: number | null
}

export function findEnrichStats(client: Client): Promise<EnrichStats[]> {
  return query<EnrichStats>(client, {
    name: 'enrich.find_user_status',
    text: `select stage, state, error, items, example, since, next_retry_at from enrich.user_status()`,
    values: [],
  })
}
