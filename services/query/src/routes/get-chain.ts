import { eventChain, eventParams, readQuery } from '@synap/contracts'
import { findCauses, findEffects, findEvent } from '@synap/event-log'
import { type App, problem, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import { toEventView } from '../event-view.ts'
import type { ReadModel } from '../read-model.ts'

const mostEffects = 500

/** `GET /v1/events/{id}/chain`: what caused an event, and what it caused. */
export function registerGetChain(app: App, { eventLog }: { eventLog: ReadModel }): void {
  const schema = {
    summary: 'What caused an event, and what it caused',
    params: eventParams,
    querystring: readQuery,
    response: { 200: eventChain },
  }
  app.get('/v1/events/:id/chain', { schema, config: requires('read') }, async (request, reply) => {
    const { id } = request.params
    const found = await answerRead(eventLog, request, reply, async ({ client }) => {
      const event = await findEvent(client, id)
      if (event === undefined) return undefined
      const causes = await findCauses(client, id)
      return { event, causes, effects: await findEffects(client, id, mostEffects + 1) }
    })
    if (found === undefined) throw problem('notFound')
    const { event, causes, effects } = found
    return {
      event: toEventView(event),
      causes: causes.map(toEventView),
      effects: effects.slice(0, mostEffects).map(toEventView),
      complete: effects.length <= mostEffects,
    }
  })
}
