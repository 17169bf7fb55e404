import { entityParams, entitySchema, readQuery } from '@synap/contracts'
import { type App, etagOf, notModified, problem, requires } from '@synap/http'
import { answerRead, refuseParked } from '../answer-read.ts'
import { toEntityView } from '../entity-view.ts'
import type { ReadModel } from '../read-model.ts'
import { findEntity } from '../sql/find-entities.ts'

/** `GET /v1/entities/{id}` */
export function registerGetEntity(app: App, { readModel }: { readModel: ReadModel }): void {
  const schema = {
    summary: 'One entity',
    params: entityParams,
    querystring: readQuery,
    response: { 200: entitySchema },
  }
  app.get('/v1/entities/:id', { schema, config: requires('read') }, async (request, reply) => {
    const { id } = request.params
    const row = await answerRead(readModel, request, reply, async (snapshot) => {
      refuseParked(snapshot, id, request)
      return findEntity(snapshot.client, snapshot.schema, id)
    })
    if (row === undefined) throw problem('notFound')
    if (notModified(request, reply, etagOf(row.version))) return reply.send(undefined as never)
    return toEntityView(row)
  })
}
