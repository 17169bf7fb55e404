import type { AggregateId, EntityId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

/** The analyses of an item of the asking user, of whatever content it had; told by the enricher. */
export async function findAnalyses(client: Client, id: EntityId): Promise<AggregateId[]> {
  const rows = await query<{ analysis_id: AggregateId }>(client, {
    name: 'enrich.analyses_of',
    text: 'select analysis_id from enrich.analyses_of($1::uuid)',
    values: [id],
  })
  return rows.map(({ analysis_id: analysisId }) => analysisId)
}
