import { entityParams, type Graph, graphQuery, graphResponse } from '@synap/contracts'
import { type App, problem, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import type { ReadModel } from '../read-model.ts'
import { walkGraph } from '../walk-graph.ts'
import { toRelationView } from './relations.ts'

const defaultLimit = 100

/** `GET /v1/entities/{id}/graph` */
export function registerGetGraph(app: App, { readModel }: { readModel: ReadModel }): void {
  const schema = {
    summary: 'What is connected with an entity, in both directions',
    params: entityParams,
    querystring: graphQuery,
    response: { 200: graphResponse },
  }
  app.get('/v1/entities/:id/graph', { schema, config: requires('read') }, async (request, reply) => {
    const { id } = request.params
    const { depth = 1, type, limit = defaultLimit } = request.query
    const walked = await answerRead(
      readModel,
      request,
      reply,
      ({ client, schema }) => walkGraph(client, schema, id, { depth, type, limit }),
      { aggregateId: id },
    )
    if (walked === undefined) throw problem('notFound')
    const { nodes, edges, truncated } = walked
    return {
      nodes: nodes.map(({ row, distance }) => {
        const { entity_id, type: kind, title, preview } = row
        return { id: entity_id, type: kind, title, preview, distance }
      }) as Graph['nodes'],
      edges: edges.map(toRelationView),
      truncated,
    }
  })
}
