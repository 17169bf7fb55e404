import {
  deltaFromJson,
  type Envelope,
  encodeEnvelope,
  readKnownEvent,
  type SynapEvent,
} from '@synap/contracts'
import type { UserId } from '@synap/core'
import type { ExportEvent } from './format.ts'

/** An exported event as today's code knows it; undefined when only newer code can read it. */
export function toKnownEvent(event: ExportEvent, userId: UserId, schema: string): SynapEvent | undefined {
  const { id, aggregateId, version, sequence, occurredAt, source, correlationId, causationId, actor } = event
  const envelope = {
    id,
    userId,
    aggregateId,
    version,
    sequence,
    occurredAt,
    source,
    correlationId,
    causationId,
    actor,
  } as Envelope
  const payload = Buffer.concat([
    encodeEnvelope(schema, envelope, event.extra ?? undefined),
    deltaFromJson(schema, event.delta),
  ])
  const read = readKnownEvent(schema, payload)
  return read.ok ? read.event : undefined
}
