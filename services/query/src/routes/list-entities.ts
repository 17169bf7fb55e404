import {
  type AsOf,
  type EntityList,
  type EntityView,
  entityList,
  type ListQuery,
  listQuery,
} from '@synap/contracts'
import { type App, principalOf, problem, requires } from '@synap/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerRead } from '../answer-read.ts'
import { commonFilterOf } from '../common-filter.ts'
import { type CursorCodec, createKeyCursorCodec } from '../cursor.ts'
import { toEntityView } from '../entity-view.ts'
import { pageOf, positionOf } from '../page.ts'
import { answerPast, listPast } from '../past.ts'
import { fits } from '../past-filter.ts'
import type { ReadModel } from '../read-model.ts'
import { type EntityFilter, type ListKey, listEntities } from '../sql/list-entities.ts'

const defaultLimit = 50
const path = '/v1/entities'

interface ListDependencies {
  readModel: ReadModel
  eventLog: ReadModel
  cursorSecret: string
  /** Cursors of lists of the past: they go on behind a sequence. */
  sequences: CursorCodec<number>
}

/** `GET /v1/entities` */
export function registerListEntities(app: App, dependencies: ListDependencies): void {
  const { readModel, cursorSecret } = dependencies
  const codec = createKeyCursorCodec<ListKey>(cursorSecret, 'entities')
  const schema = {
    summary: 'Entities, newest first unless another order is asked for; as they are, or as they were',
    querystring: listQuery,
    response: { 200: entityList },
  }
  app.get(path, { schema, config: requires('read') }, async (request, reply) => {
    const { query } = request
    if (query.as_of !== undefined) {
      return answerPastList(dependencies, request, reply, { ...query, as_of: query.as_of })
    }
    const { cursor, limit = defaultLimit, sort: order = '-created' } = query
    const filter = filterOf(query)
    const { userId } = principalOf(request)
    const list = { codec, userId, filter: JSON.stringify({ order, ...filter }) }
    const after = positionOf(list, cursor)
    // One more than asked tells whether there is a next page.
    const rows = await answerRead(readModel, request, reply, ({ client, schema }) =>
      listEntities(client, schema, filter, { order, after, limit: limit + 1 }),
    )
    const place = (last: (typeof rows)[number]): ListKey => [last.sort_value, last.entity_id]
    const { items, next } = pageOf(list, rows, limit, place, { reply, path, query })
    return { items: items.map(toEntityView), next }
  })
}

/** What only the read model knows cannot be asked of the past. */
const ofToday = ['q', 'related_to', 'relation'] as const

async function answerPastList(
  { eventLog, sequences }: ListDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
  query: ListQuery & { as_of: AsOf },
): Promise<EntityList> {
  refuseOfToday(query)
  const { cursor, limit = defaultLimit } = query
  const filter = filterOf(query)
  const { userId } = principalOf(request)
  return answerPast(eventLog, request, reply, query.as_of, async (snapshot, moment) => {
    const list = { codec: sequences, userId, filter: `past ${moment} ${JSON.stringify(filter)}` }
    const below = positionOf(list, cursor)
    const isWanted = (view: EntityView) => fits(view, filter)
    const found = await listPast(snapshot, request, { moment, below, limit: limit + 1, isWanted })
    // The next page is about the same moment, however the first one named it.
    const link = { reply, path, query: { ...query, as_of: moment } }
    const { items, next } = pageOf(list, found, limit, (last) => last.createdSequence, link)
    return { items: items.map(({ view }) => view), next }
  })
}

function refuseOfToday(query: ListQuery): void {
  const refused: string[] = ofToday.filter((name) => query[name] !== undefined)
  if (query.sort !== undefined && query.sort !== '-created') refused.push('sort')
  if (refused.length === 0) return
  const message = 'cannot be asked of the past: leave it out, or as_of'
  throw problem('validation', { errors: refused.map((name) => ({ path: `query.${name}`, message })) })
}

function filterOf(query: ListQuery): EntityFilter {
  return {
    ...commonFilterOf(query),
    text: query.q,
    relatedTo: query.related_to,
    relation: query.relation,
  }
}
