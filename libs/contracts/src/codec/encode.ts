import { SynapError } from '@synap/core'
import type { Type } from 'avsc'
import { avscOf } from '../avsc.ts'
import { type DeltaOf, deltaSchemaOf, type EventType } from '../catalogue.ts'
import type { Envelope } from '../event/envelope.ts'
import type { JsonObject } from '../json.ts'
import { compiled } from './compiled.ts'

let scratch = Buffer.allocUnsafe(65_536)

/** avsc answers a negative position when the buffer is too small: the missing bytes. */
export function encodeWith(type: Type, value: unknown): Buffer {
  const end = type.encode(value, scratch, 0)
  if (end >= 0) {
    const bytes = Buffer.allocUnsafe(end)
    scratch.copy(bytes, 0, 0, end)
    return bytes
  }
  scratch = Buffer.allocUnsafe(scratch.length - end + 1_024)
  return encodeWith(type, value)
}

/**
 * The bytes of a delta under today's schema of its type. Throws SynapError `event.delta_invalid` (bug): the domain
 * makes valid deltas only, and an accepted event must be publishable.
 */
export function encodeDelta<T extends EventType>(type: T, delta: DeltaOf<T>): Buffer {
  const checked = deltaSchemaOf(type).safeParse(delta)
  if (!checked.success) {
    const [issue] = checked.error.issues
    throw new SynapError('a delta is not what its event type says', {
      code: 'event.delta_invalid',
      class: 'bug',
      fields: { type, field: issue?.path.join('.') ?? '', problem: issue?.code ?? '' },
    })
  }
  return encodeWith(compiled(avscOf(type)).delta, checked.data)
}

/**
 * The bytes of the envelope fields that `schemaText` declares, in its order; followed by the delta's bytes they are the
 * whole record. `extra` holds envelope fields of tomorrow (see `DecodedEvent.extra`); a declared field that neither
 * knows takes its default. Throws SynapError `event.envelope_invalid` (bug) when a value does not fit.
 */
export function encodeEnvelope(schemaText: string, envelope: Envelope, extra?: JsonObject): Buffer {
  const { envelope: type, envelopeNodes, eventType } = compiled(schemaText)
  const given: Readonly<Record<string, unknown>> = { ...extra, ...envelope }
  const value: Record<string, unknown> = {}
  for (const { name, hasDefault, fallback } of envelopeNodes) {
    value[name] = given[name] === undefined && hasDefault ? fallback : given[name]
  }
  try {
    return encodeWith(type, value)
  } catch (cause) {
    throw new SynapError('an envelope does not fit its schema', {
      code: 'event.envelope_invalid',
      class: 'bug',
      cause,
      fields: { type: eventType },
    })
  }
}
