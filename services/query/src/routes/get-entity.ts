import { entityParams, entityQuery, entitySchema } from '@synap/contracts'
import { type App, etagOf, notModified, problem, requires } from '@synap/http'
import { answerReadAhead } from '../answer-read.ts'
import { toEntityView } from '../entity-view.ts'
import { answerPast, findPast } from '../past.ts'
import type { ReadModel } from '../read-model.ts'
import { findEntity } from '../sql/find-entities.ts'

/** `GET /v1/entities/{id}` */
export function registerGetEntity(
  app: App,
  { readModel, eventLog }: { readModel: ReadModel; eventLog: ReadModel },
): void {
  const schema = {
    summary: 'One entity, as it is or as it was',
    params: entityParams,
    querystring: entityQuery,
    response: { 200: entitySchema },
  }
  app.get('/v1/entities/:id', { schema, config: requires('read') }, async (request, reply) => {
    const { id } = request.params
    const { as_of: asOf } = request.query
    if (asOf !== undefined) {
      const found = await answerPast(eventLog, request, reply, asOf, (snapshot, moment) =>
        findPast(snapshot, request, id, moment),
      )
      if (found === undefined) throw problem('notFound')
      if (notModified(request, reply, etagOf(found.view.version))) return reply.send(undefined as never)
      return found.view
    }
    const row = await answerReadAhead(
      readModel,
      request,
      reply,
      ({ client, schema }) => findEntity(client, schema, id),
      { aggregateId: id, asksAtOnce: true },
    )
    if (row === undefined) throw problem('notFound')
    if (notModified(request, reply, etagOf(row.version))) return reply.send(undefined as never)
    return toEntityView(row)
  })
}
