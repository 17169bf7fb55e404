import type { EmbeddingView } from '@synap/contracts'
import type { Client } from '@synap/postgres'
import { toEnrichmentView } from './enrichments-view.ts'
import { findEmbeddingModels, findEnrichments } from './sql/enrichments.ts'

/** One is under way at most; after it only further analyses may have been asked for. */
const most = 100

/** By which model the user's search compares, and how far a change of it is. */
export async function findEmbeddingView(client: Client): Promise<EmbeddingView> {
  const { configured: model, searched_by: searchedBy } = await findEmbeddingModels(client)
  const change = (await findEnrichments(client, null, most)).find(
    ({ kind, finished_at: finishedAt }) => kind === 'embed' && finishedAt === null,
  )
  return { model, searchedBy, change: change === undefined ? null : toEnrichmentView(change, Date.now()) }
}
