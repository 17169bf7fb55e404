import {
  type RelationView,
  readQuery,
  relationList,
  relationParams,
  relationSchema,
  relationsQuery,
} from '@synap/contracts'
import { type App, etagOf, notModified, principalOf, problem, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import type { CursorCodec } from '../cursor.ts'
import { pageOf, positionOf } from '../page.ts'
import type { ReadModel } from '../read-model.ts'
import { findRelation, listRelations, type RelationRow } from '../sql/find-relations.ts'

const defaultLimit = 50

/** `GET /v1/relations` and `/v1/relations/{id}`: between entities that are there and not deleted. */
export function registerRelations(
  app: App,
  { readModel, cursors }: { readModel: ReadModel; cursors: CursorCodec },
): void {
  const listed = {
    summary: 'Relations, newest first',
    querystring: relationsQuery,
    response: { 200: relationList },
  }
  app.get('/v1/relations', { schema: listed, config: requires('read') }, async (request, reply) => {
    const { cursor, limit = defaultLimit, entity, direction, type } = request.query
    const filter = { entity, direction, type }
    const list = {
      codec: cursors,
      userId: principalOf(request).userId,
      filter: `relations ${JSON.stringify(filter)}`,
    }
    const after = positionOf(list, cursor)
    const rows = await answerRead(readModel, request, reply, ({ client, schema }) =>
      listRelations(client, schema, filter, { after, limit: limit + 1 }),
    )
    const { items, next } = pageOf(
      list,
      rows,
      limit,
      (last) => ({ createdAt: last.created_at, id: last.relation_id }),
      { reply, path: '/v1/relations', query: request.query },
    )
    return { items: items.map(toRelationView), next }
  })

  const one = {
    summary: 'One relation',
    params: relationParams,
    querystring: readQuery,
    response: { 200: relationSchema },
  }
  app.get('/v1/relations/:id', { schema: one, config: requires('read') }, async (request, reply) => {
    const { id } = request.params
    const row = await answerRead(
      readModel,
      request,
      reply,
      ({ client, schema }) => findRelation(client, schema, id),
      { aggregateId: id },
    )
    if (row === undefined) throw problem('notFound')
    if (notModified(request, reply, etagOf(row.version))) return reply.send(undefined as never)
    return toRelationView(row)
  })
}

/** The words of the database are trusted here; the answer is checked against its schema when it is written. */
export function toRelationView(row: RelationRow): RelationView {
  return {
    id: row.relation_id,
    type: row.type,
    source: row.source_id,
    target: row.target_id,
    version: row.version,
    sequence: row.sequence,
    createdAt: new Date(row.created_at).toISOString(),
  } as RelationView
}
