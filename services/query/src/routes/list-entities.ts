import { entityList, httpHeaders, type ListQuery, listQuery } from '@synap/contracts'
import { type App, principalOf, problem, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import type { CursorCodec } from '../cursor.ts'
import { toEntityView } from '../entity-view.ts'
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
    const { userId } = principalOf(request)
    const filter = filterOf(request.query)
    const filterKey = JSON.stringify(filter)
    const after = cursor === undefined ? undefined : cursors.parse(userId, filterKey, cursor)
    if (cursor !== undefined && after === undefined) {
      const message = 'is not a cursor of this list'
      throw problem('validation', { errors: [{ path: 'query.cursor', message }] })
    }
    // One more than asked tells whether there is a next page.
    const rows = await answerRead(readModel, request, reply, ({ client, schema }) =>
      listEntities(client, schema, filter, { after, limit: limit + 1 }),
    )
    const shown = rows.slice(0, limit)
    const last = shown.at(-1)
    const more = rows.length > limit && last !== undefined
    const next = more
      ? cursors.sign(userId, filterKey, { createdAt: last.created_at, id: last.entity_id })
      : null
    if (next !== null) reply.header(httpHeaders.link, `<${nextPath(request.query, next)}>; rel="next"`)
    return { items: shown.map(toEntityView), next }
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

/** The same list from `next` on. What a reader waits for is reached by then, and is left out. */
function nextPath(query: ListQuery, next: string): string {
  const { min_sequence: _min, wait: _wait, stale: _stale, cursor: _cursor, ...filter } = query
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(filter))
    if (value !== undefined) parameters.set(name, String(value))
  parameters.set('cursor', next)
  return `/v1/entities?${parameters.toString()}`
}
