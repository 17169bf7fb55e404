import { entityList, type ListQuery, listQuery } from '@synap/contracts'
import { type App, principalOf, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import type { CursorCodec } from '../cursor.ts'
import { toEntityView } from '../entity-view.ts'
import { pageOf, positionOf } from '../page.ts'
import type { ReadModel } from '../read-model.ts'
import { type EntityFilter, listEntities } from '../sql/find-entities.ts'

const defaultLimit = 50

/** `GET /v1/entities` */
export function registerListEntities(
  app: App,
  { readModel, cursors }: { readModel: ReadModel; cursors: CursorCodec },
): void {
  const schema = {
    summary: 'Entities, newest first',
    querystring: listQuery,
    response: { 200: entityList },
  }
  app.get('/v1/entities', { schema, config: requires('read') }, async (request, reply) => {
    const { cursor, limit = defaultLimit } = request.query
    const filter = filterOf(request.query)
    const list = { codec: cursors, userId: principalOf(request).userId, filter: JSON.stringify(filter) }
    const after = positionOf(list, cursor)
    // One more than asked tells whether there is a next page.
    const rows = await answerRead(readModel, request, reply, ({ client, schema }) =>
      listEntities(client, schema, filter, { after, limit: limit + 1 }),
    )
    const { items, next } = pageOf(
      list,
      rows,
      limit,
      (last) => ({ createdAt: last.created_at, id: last.entity_id }),
      { reply, path: '/v1/entities', query: request.query },
    )
    return { items: items.map(toEntityView), next }
  })
}

function filterOf(query: ListQuery): EntityFilter {
  const instant = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text))
  return {
    type: query.type,
    tag: query.tag,
    status: query.status,
    dueBefore: query.due_before,
    dueAfter: query.due_after,
    createdBefore: instant(query.created_before),
    createdAfter: instant(query.created_after),
    updatedBefore: instant(query.updated_before),
    updatedAfter: instant(query.updated_after),
  }
}
