import { encodeDelta, maxEventBytes, type SynapEvent } from '@synap/contracts'
import { SynapError } from '@synap/core'
import { currentFingerprint } from './schema-book.ts'
import type { AppendEvent } from './sql/append.ts'

/** An upper bound of frame and envelope: 5 bytes of frame, 16-byte ids and hashes, varints and two short words. */
const envelopeBytes = 200

/**
 * An event as the append takes it, encoded before the commit so that whatever is accepted can be published. Throws
 * `event.too_large` (data).
 */
export function encodeEvent(
  event: Pick<SynapEvent, 'type' | 'id' | 'aggregateId' | 'causationId' | 'delta'>,
): AppendEvent {
  const delta = encodeDelta(event.type, event.delta as never)
  if (delta.length + envelopeBytes > maxEventBytes) {
    throw new SynapError('an event is larger than a record may be', {
      code: 'event.too_large',
      class: 'data',
      fields: { type: event.type, bytes: delta.length, limit: maxEventBytes - envelopeBytes },
    })
  }
  return {
    id: event.id,
    type: event.type,
    aggregateId: event.aggregateId,
    causationId: event.causationId,
    delta,
    fingerprint: currentFingerprint(event.type),
  }
}
