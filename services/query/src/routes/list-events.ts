import { type EventsQuery, eventList, eventsQuery } from '@synap/contracts'
import { type EventFilter, type EventPage, findEvents, findLogPositions } from '@synap/event-log'
import { type App, principalOf, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import type { CursorCodec } from '../cursor.ts'
import { toEventView } from '../event-view.ts'
import { pageOf, positionOf } from '../page.ts'
import type { ReadModel } from '../read-model.ts'

const defaultLimit = 50

/** `GET /v1/events`: the user's log, newest first unless asked otherwise. */
export function registerListEvents(
  app: App,
  { eventLog, sequences }: { eventLog: ReadModel; sequences: CursorCodec<number> },
): void {
  const schema = {
    summary: 'Events of the user',
    querystring: eventsQuery,
    response: { 200: eventList },
  }
  app.get('/v1/events', { schema, config: requires('read') }, async (request, reply) => {
    const { cursor, since, limit = defaultLimit } = request.query
    const { userId } = principalOf(request)
    const order = request.query.order ?? (since === undefined ? 'newest' : 'oldest')
    const filter = filterOf(request.query)
    const list = { codec: sequences, userId, filter: JSON.stringify({ ...filter, since, order }) }
    const after = positionOf(list, cursor)
    const events = await answerRead(eventLog, request, reply, async ({ client }) => {
      // Who reads on from a sequence would never look back at an event that turned up behind it.
      const settled =
        since === undefined
          ? undefined
          : ((await findLogPositions(client, [userId])).get(userId)?.settled ?? 0)
      return findEvents(client, filter, pageAsked({ order, since, settled, after, limit: limit + 1 }))
    })
    const { items, next } = pageOf(list, events, limit, (last) => last.sequence, {
      reply,
      path: '/v1/events',
      query: request.query,
    })
    return { items: items.map(toEventView), next }
  })
}

function filterOf({ type, aggregate, correlation, from, to }: EventsQuery): EventFilter {
  return {
    types: type,
    aggregateId: aggregate,
    correlationId: correlation,
    from: from === undefined ? undefined : Date.parse(from),
    to: to === undefined ? undefined : Date.parse(to),
  }
}

interface Asked {
  order: 'oldest' | 'newest'
  since: number | undefined
  settled: number | undefined
  /** Where the page before ended. */
  after: number | undefined
  limit: number
}

function pageAsked({ order, since, settled, after, limit }: Asked): EventPage {
  const end = settled === undefined ? undefined : settled + 1
  return order === 'oldest'
    ? { order, above: after ?? since, below: end, limit }
    : { order, above: since, below: after ?? end, limit }
}
