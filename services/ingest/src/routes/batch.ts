import { batchLimits, batchRequest, batchResponse } from '@synap/contracts'
import { type App, mayTake, requires, takesTimeZone } from '@synap/http'
import { batchEffectOrThrow } from '../answer-write.ts'
import { batchMs, captureBatch } from '../capture-batch.ts'
import type { CaptureDependencies } from '../capture-entity.ts'
import { callerOf, inTimeZone, requestKeyOf, timeZoneOf } from '../request-facts.ts'
import { explained } from './answer-change.ts'

const { items, body, tags } = batchLimits

/** `POST /v1/entities:batch`: many captures, all or none. */
export function registerBatchRoute(app: App, dependencies: CaptureDependencies): void {
  const schema = {
    summary: 'Capture many things at once, all of them or none',
    description:
      `1 to ${items.toLocaleString('en')} items as for \`POST /v1/entities\`, ${body / 2 ** 20} MiB in all, with at ` +
      `most ${tags.toLocaleString('en')} tags together. What is wrong with an item is named by its place, such as ` +
      '`body.items.3.title`.',
    body: batchRequest,
    response: { 201: batchResponse },
  }
  const config = { ...requires('write'), ...takesTimeZone(), ...mayTake(batchMs) }
  app.post('/v1/entities::batch', { schema, config, bodyLimit: body }, async (request, reply) => {
    const timeZone = timeZoneOf(request)
    const items = request.body.items.map((item) => inTimeZone(item, timeZone))
    const outcome = await captureBatch(dependencies, {
      caller: callerOf(request),
      items,
      request: requestKeyOf(request, { ...request.body, items }),
      signal: request.signal,
    }).catch(explained)
    const { items: made = [], sequence, correlationId } = batchEffectOrThrow(reply, outcome)
    reply.code(201)
    return batchResponse.parse({
      items: made.map(({ id, version, after }) => ({
        id,
        version,
        sequence: sequence - after,
        status: `/v1/entities/${id}/status`,
      })),
      sequence,
      correlationId,
    })
  })
}
