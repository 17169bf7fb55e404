import { type EventCountsQuery, eventCounts, eventCountsQuery } from '@synap/contracts'
import { countEvents, countEventsByHour } from '@synap/event-log'
import { type App, problem, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import type { ReadModel } from '../read-model.ts'

const dayMs = 86_400_000
const hourlyDays = 31

/** `GET /v1/events/counts`: how much happened, by type and day, or by the hour. */
export function registerCountEvents(app: App, { eventLog }: { eventLog: ReadModel }): void {
  const schema = {
    summary: 'How many events of which type, by day or hour (UTC)',
    querystring: eventCountsQuery,
    response: { 200: eventCounts },
  }
  app.get('/v1/events/counts', { schema, config: requires('read') }, async (request, reply) => {
    const { type: types, from, to, by } = request.query
    const hours = by === 'hour' ? hoursOf(request.query) : undefined
    const items = await answerRead(eventLog, request, reply, async ({ client }) => {
      if (hours === undefined) {
        const days = await countEvents(client, { from, to, types })
        return days.map(({ day, ...count }) => ({ at: day, ...count }))
      }
      const counts = await countEventsByHour(client, { ...hours, types })
      return counts.map(({ hour, ...count }) => ({ at: new Date(hour).toISOString(), ...count }))
    })
    return { items, total: items.reduce((sum, { events }) => sum + events, 0) }
  })
}

function hoursOf({ from, to }: EventCountsQuery): { from: number; to: number } {
  const start = Date.parse(from ?? '')
  const end = Date.parse(to ?? '') + dayMs
  if (end > start && end - start <= hourlyDays * dayMs) return { from: start, to: end }
  const message = `by the hour, from and to are needed, in this order and at most ${hourlyDays} days`
  throw problem('validation', { errors: [{ path: 'query.from', message }] })
}
