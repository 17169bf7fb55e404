import { readQuery, settingsResponse } from '@synap/contracts'
import { type App, principalOf, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import type { ReadModel } from '../read-model.ts'
import { findSettings } from '../sql/find-settings.ts'

/** `GET /v1/me` */
export function registerGetMe(app: App, { readModel }: { readModel: ReadModel }): void {
  const schema = {
    summary: 'The user of the request: id, time zone, language',
    querystring: readQuery,
    response: { 200: settingsResponse },
  }
  app.get('/v1/me', { schema, config: requires('read') }, async (request, reply) => {
    const { userId: id } = principalOf(request)
    const row = await answerRead(
      readModel,
      request,
      reply,
      ({ client, schema }) => findSettings(client, schema, id),
      { aggregateId: id },
    )
    return { id, timeZone: row?.time_zone ?? null, language: row?.language ?? null }
  })
}
