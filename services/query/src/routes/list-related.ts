import { entityParams, type Related, relatedQuery, relatedResponse } from '@synap/contracts'
import { type App, problem, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import type { ReadModel } from '../read-model.ts'
import { findEntity } from '../sql/find-entities.ts'
import { findModelOf, findRelated, type RelatedRow } from '../sql/find-related.ts'

const defaultLimit = 10

/** `GET /v1/entities/{id}/related`: by the vectors that there are, so that no model is asked. */
export function registerListRelated(app: App, { readModel }: { readModel: ReadModel }): void {
  const schema = {
    summary: 'Items that say something like it',
    params: entityParams,
    querystring: relatedQuery,
    response: { 200: relatedResponse },
  }
  app.get('/v1/entities/:id/related', { schema, config: requires('read') }, async (request, reply) => {
    const { id } = request.params
    const { limit = defaultLimit } = request.query
    const found = await answerRead(
      readModel,
      request,
      reply,
      async ({ client, schema: of }) => {
        if ((await findEntity(client, of, id)) === undefined) return undefined
        const model = await findModelOf(client, of, id)
        if (model === undefined) return { model: null, rows: [] }
        return { model, rows: await findRelated(client, of, { entityId: id, model, limit }) }
      },
      { aggregateId: id },
    )
    if (found === undefined) throw problem('notFound')
    return { origin: 'ai' as const, model: found.model, items: found.rows.map(toItem) }
  })
}

function toItem({ distance, ...item }: RelatedRow): Related['items'][number] {
  const likeness = Math.round(Math.min(1, Math.max(0, 1 - distance)) * 1_000) / 1_000
  return { ...item, likeness } as Related['items'][number]
}
