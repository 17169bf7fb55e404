import { entityParams, linkList, linksQuery } from '@synap/contracts'
import { type App, principalOf, problem, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import { keyOf, type LinkPages, readLinks, toLinkView } from '../link-pages.ts'
import { pageOf, positionOf } from '../page.ts'
import type { ReadModel } from '../read-model.ts'
import { findEntity } from '../sql/find-entities.ts'

const defaultLimit = 50

/** `GET /v1/entities/{id}/links`: found in texts, resolved by the names that items have now. */
export function registerListLinks(
  app: App,
  { readModel, linkPages }: { readModel: ReadModel; linkPages: LinkPages },
): void {
  const schema = {
    summary: 'What the text of an entity leads to, or whose text leads to it',
    params: entityParams,
    querystring: linksQuery,
    response: { 200: linkList },
  }
  app.get('/v1/entities/:id/links', { schema, config: requires('read') }, async (request, reply) => {
    const { id } = request.params
    const { direction = 'out', limit = defaultLimit, cursor } = request.query
    const list = linkPages.of(principalOf(request).userId, id, direction)
    const after = positionOf(list, cursor)
    const rows = await answerRead(
      readModel,
      request,
      reply,
      async ({ client, schema: of }) =>
        (await findEntity(client, of, id)) === undefined
          ? undefined
          : readLinks(client, of, id, { direction, after, limit }),
      { aggregateId: id },
    )
    if (rows === undefined) throw problem('notFound')
    const path = `/v1/entities/${id}/links`
    const { items, next } = pageOf(list, rows, limit, keyOf, { reply, path, query: request.query })
    return { items: items.map(toLinkView), next }
  })
}
