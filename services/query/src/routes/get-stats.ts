import { statsQuery, statsResponse } from '@synap/contracts'
import { type App, principalOf, requires } from '@synap/http'
import type { Pool } from '@synap/postgres'
import { answerRead } from '../answer-read.ts'
import { ask, orUnknown } from '../ask-owners.ts'
import { findEmbeddingView } from '../embedding-view.ts'
import type { ReadModel } from '../read-model.ts'
import { findOwnSpending } from '../sql/enrichment.ts'
import { findPosition } from '../sql/find-position.ts'
import { findEnrichStats, findReadStats, findWriteStats } from '../sql/find-stats.ts'
import type { Told } from '../stages.ts'
import { statsOf } from '../stats.ts'

/** `GET /v1/stats`: of the user's items, from what each owner publishes; what cannot be asked now is `unknown`. */
export function registerGetStats(app: App, { readModel, pool }: { readModel: ReadModel; pool: Pool }): void {
  const schema = {
    summary: 'How many items are searchable, what waits and for how long, and what failed and why',
    querystring: statsQuery,
    response: { 200: statsResponse },
  }
  app.get('/v1/stats', { schema, config: requires('read') }, async (request, reply) => {
    const { userId } = principalOf(request)
    const read = await orUnknown(request, () =>
      answerRead(readModel, request, reply, async ({ client, schema: of, position }) => ({
        position,
        stats: await findReadStats(client, of),
      })),
    )
    const log = await orUnknown(request, () =>
      ask(pool, request, (client) => findPosition(client, 'log', userId)),
    )
    const enrich = await orUnknown(request, () =>
      ask(pool, request, async (client) => ({
        position: await findPosition(client, 'enrich', userId),
        stats: await findEnrichStats(client),
        spending: await findOwnSpending(client),
        embedding: await findEmbeddingView(client),
      })),
    )
    const seen = [log, positionOf(read), positionOf(enrich)].map((told) =>
      told === 'unknown' ? Number.MAX_SAFE_INTEGER : told.seen,
    )
    const write = await ask(pool, request, (client) => findWriteStats(client, seen))
    return statsOf({ write, log, read, enrich, now: Date.now() })
  })
}

const positionOf = <P>(told: Told<{ position: P }>): Told<P> => (told === 'unknown' ? told : told.position)
