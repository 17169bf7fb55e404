import { entityParams, type HistoryEntry, historyList, historyQuery } from '@synap/contracts'
import type { AggregateId, EventId } from '@synap/core'
import { findAggregateHead, findEvent, findEventsOf, type LoggedEvent } from '@synap/event-log'
import { type App, principalOf, problem, requires } from '@synap/http'
import type { Client, Pool } from '@synap/postgres'
import { answerRead } from '../answer-read.ts'
import { ask, orUnknown } from '../ask-owners.ts'
import type { CursorCodec } from '../cursor.ts'
import { describeEvent } from '../describe-event.ts'
import { toEventView } from '../event-view.ts'
import { pageOf, positionOf } from '../page.ts'
import type { ReadModel, Snapshot } from '../read-model.ts'
import { findAnalyses } from '../sql/find-analyses.ts'

const defaultLimit = 50

/** `GET /v1/entities/{id}/history`: of a deleted entity too. */
export function registerGetHistory(
  app: App,
  { eventLog, sequences, pool }: { eventLog: ReadModel; sequences: CursorCodec<number>; pool: Pool },
): void {
  const schema = {
    summary: 'What happened to an entity, newest first, with who and why',
    params: entityParams,
    querystring: historyQuery,
    response: { 200: historyList },
  }
  app.get('/v1/entities/:id/history', { schema, config: requires('read') }, async (request, reply) => {
    const { analyses: wanted, cursor, limit = defaultLimit } = request.query
    const aggregateId: AggregateId = request.params.id
    const filter = `history ${aggregateId}${wanted === undefined ? '' : ' analyses'}`
    const list = { codec: sequences, userId: principalOf(request).userId, filter }
    const analyses =
      wanted === undefined
        ? []
        : await orUnknown(request, () =>
            ask(pool, request, (client) => findAnalyses(client, request.params.id)),
          )
    const aggregates = [aggregateId, ...(analyses === 'unknown' ? [] : analyses)]
    const below = positionOf(list, cursor)
    const find = async ({ client }: Snapshot) => {
      const head = await findAggregateHead(client, aggregateId)
      if (head?.aggregateType !== 'entity') return undefined
      const events = await findEventsOf(client, aggregates, { below, limit: limit + 1 })
      return { events, causes: await findCausesOf(client, events) }
    }
    const found = await answerRead(eventLog, request, reply, find, { aggregateId })
    if (found === undefined) throw problem('notFound')
    const path = `/v1/entities/${aggregateId}/history`
    const place = (last: LoggedEvent) => last.sequence
    const { items, next } = pageOf(list, found.events, limit, place, { reply, path, query: request.query })
    const history = { items: items.map((event) => toEntry(event, found.causes)), next }
    return analyses === 'unknown' ? { ...history, incomplete: true as const } : history
  })
}

/** The events that these name as their causes, by id; of several with the same cause it is read once. */
async function findCausesOf(
  client: Client,
  events: readonly LoggedEvent[],
): Promise<Map<EventId, LoggedEvent>> {
  const known = new Map(events.map((event) => [event.id, event]))
  for (const { causationId } of events) {
    if (causationId === null || known.has(causationId)) continue
    const cause = await findEvent(client, causationId)
    if (cause !== undefined) known.set(causationId, cause)
  }
  return known
}

function toEntry(event: LoggedEvent, known: ReadonlyMap<EventId, LoggedEvent>): HistoryEntry {
  const { summary, changes } = describeEvent(event)
  const cause = event.causationId === null ? undefined : known.get(event.causationId)
  const { model } = event.delta
  return {
    ...toEventView(event),
    summary,
    changes,
    who: { ...event.actor, model: typeof model === 'string' ? model : null },
    why: {
      source: event.source,
      cause:
        cause === undefined
          ? null
          : { id: cause.id, type: cause.type, summary: describeEvent(cause).summary },
    },
  }
}
