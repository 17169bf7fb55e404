// Synap's decoder and store without its inbox: nobody asks what was delivered before, and nothing remembers it.
import { aggregateTypeOf, isEventType, messageHeaders, parseEventHeaders } from '@synap/contracts'
import { writeEvents } from '@synap/events-writer/write-events'
import { createWriterDecoder } from '@synap/inbox'
import type { InboundMessage } from '@synap/messaging'
import { createPool, transaction } from '@synap/postgres'
import { schemaById } from '../stream/events-topic.ts'
import { createDeduper } from './job.ts'

const decode = createWriterDecoder(schemaById)

async function place({ value, headers }: InboundMessage) {
  const parsed = parseEventHeaders(headers)
  const decoded = await decode(value, headers, undefined)
  if (!parsed.ok || !decoded.ok || decoded.event === null) throw new Error('no event')
  const { type, traceparent = null } = parsed
  if (!isEventType(type)) throw new Error(`no event: ${headers[messageHeaders.type] ?? ''}`)
  const { id, userId, aggregateId, version, sequence } = parsed
  return {
    id,
    type,
    userId,
    aggregateId,
    version,
    sequence,
    aggregateType: aggregateTypeOf(type),
    event: decoded.event,
    schema: decoded.schema,
    traceparent,
    tracestate: null,
    sender: { traceparent, tracestate: null },
    headers,
    record: null,
  }
}

export const createContender = createDeduper(async ({ databaseUrl }) => {
  const pool = createPool({ url: databaseUrl, applicationName: 'bench' })
  return {
    async take(batch) {
      const events = await Promise.all(batch.map(place))
      await transaction(pool, { role: 'synap_events_writer' }, (client) => writeEvents(client, events))
    },
    close: () => pool.end(),
  }
})
