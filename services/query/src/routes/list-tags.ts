import { type TagView, tagList, tagsQuery } from '@synap/contracts'
import { type App, principalOf, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import { createKeyCursorCodec } from '../cursor.ts'
import { pageOf, positionOf } from '../page.ts'
import type { ReadModel } from '../read-model.ts'
import { comparableTag } from '../sql/find-entities.ts'
import { listTags } from '../sql/find-tags.ts'

const defaultLimit = 200

type TagKey = readonly [name: string, id: string]

/** `GET /v1/tags` */
export function registerListTags(
  app: App,
  { readModel, cursorSecret }: { readModel: ReadModel; cursorSecret: string },
): void {
  const codec = createKeyCursorCodec<TagKey>(cursorSecret, 'tags')
  const schema = {
    summary: 'Tags by name, with colours and counts',
    querystring: tagsQuery,
    response: { 200: tagList },
  }
  app.get('/v1/tags', { schema, config: requires('read') }, async (request, reply) => {
    const { cursor, limit = defaultLimit } = request.query
    const prefix = request.query.prefix === undefined ? undefined : comparableTag(request.query.prefix)
    const list = { codec, userId: principalOf(request).userId, filter: JSON.stringify({ prefix }) }
    const after = positionOf(list, cursor)
    const rows = await answerRead(readModel, request, reply, ({ client, schema }) =>
      listTags(client, schema, { prefix }, { after, limit: limit + 1 }),
    )
    const { items, next } = pageOf(list, rows, limit, (last): TagKey => [last.sort_name, last.tag_id], {
      reply,
      path: '/v1/tags',
      query: request.query,
    })
    return {
      items: items.map(({ tag_id: id, name, color, count }) => ({ id, name, color, count }) as TagView),
      next,
    }
  })
}
