import type { UserId } from '@synap/core'
import { type Pool, transaction } from '@synap/postgres'
import { findRows } from '@synap/query/find-hits'
import type { SearchQuestion } from '@synap/query/search-question'
import { findTextConfigs } from '@synap/query/text-configs'
import type { VectorCache } from '@synap/query/vector-cache'
import { embedQuestion } from './store-notes.ts'

export const schema = 'read_v1'
/** Hits of an answer. */
export const limit = 10
/** As the route of the search asks. */
const leastLikeness = 0.1

/** Where questions are asked. */
export interface Search {
  pool: Pool
  cache: VectorCache
}

export interface Asker extends Search {
  userId: UserId
  /** How many the user has. */
  vectors: number
}

export type Mode = 'hybrid' | 'words' | 'meaning'

export interface Asked {
  q: string
  vector: { values: Float32Array; model: string }
}

export const questionOf = async (q: string): Promise<Asked> => ({ q, vector: await embedQuestion(q) })

/** The ids of the hits, as query finds them: in its transaction, under row security. */
export function ask(asker: Asker, mode: Mode, { q, vector }: Asked): Promise<string[]> {
  return transaction(
    asker.pool,
    { role: 'synap_query', userId: asker.userId },
    async (client) => {
      const question: SearchQuestion = {
        text: mode === 'meaning' ? null : q,
        configs: await findTextConfigs(client, schema),
        vector: mode === 'words' ? null : vector,
        filter: {},
        leastLikeness: mode === 'hybrid' ? leastLikeness : null,
        limit,
      }
      return (await findRows({ client, schema }, question, asker)).map((row) => row.entity_id)
    },
    { readOnly: true, isolation: 'repeatable read', genericPlans: true },
  )
}
