import { entityParams, type Graph, graphQuery, graphResponse } from '@synap/contracts'
import { type App, principalOf, problem, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import { firstLinks, type LinkPages, readLinks } from '../link-pages.ts'
import type { ReadModel } from '../read-model.ts'
import { walkGraph } from '../walk-graph.ts'
import { toRelationView } from './relations.ts'

const defaultLimit = 100
/** Links shown beside the graph, in each direction. */
const mostLinks = 50

/** `GET /v1/entities/{id}/graph` */
export function registerGetGraph(
  app: App,
  { readModel, linkPages }: { readModel: ReadModel; linkPages: LinkPages },
): void {
  const schema = {
    summary: 'What is connected with an entity, in both directions',
    params: entityParams,
    querystring: graphQuery,
    response: { 200: graphResponse },
  }
  app.get('/v1/entities/:id/graph', { schema, config: requires('read') }, async (request, reply) => {
    const { id } = request.params
    const { depth = 1, type, limit = defaultLimit } = request.query
    const found = await answerRead(
      readModel,
      request,
      reply,
      async ({ client, schema: of }) => {
        const walked = await walkGraph(client, of, id, { depth, type, limit })
        if (walked === undefined) return undefined
        const out = await readLinks(client, of, id, { direction: 'out', limit: mostLinks })
        const back = await readLinks(client, of, id, { direction: 'in', limit: mostLinks })
        return { ...walked, out, back }
      },
      { aggregateId: id },
    )
    if (found === undefined) throw problem('notFound')
    const { nodes, edges, truncated, out, back } = found
    const { userId } = principalOf(request)
    return {
      nodes: nodes.map(({ row, distance }) => {
        const { entity_id, type: kind, title, preview } = row
        return { id: entity_id, type: kind, title, preview, distance }
      }) as Graph['nodes'],
      edges: edges.map(toRelationView),
      truncated,
      links: firstLinks(linkPages.of(userId, id, 'out'), out, mostLinks),
      backlinks: firstLinks(linkPages.of(userId, id, 'in'), back, mostLinks),
    }
  })
}
