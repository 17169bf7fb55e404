import { describeError, SynapError } from '@synap/core'
import type { JsonObject } from '../json.ts'
import { compiled } from './compiled.ts'
import { createDecoder } from './decode.ts'
import { encodeWith } from './encode.ts'

/**
 * The delta part of a payload as JSON; the same object as `createDecoder(schemaText)(payload).event.delta`.
 * Throws SynapError `event.undecodable` (data).
 */
export function deltaToJson(schemaText: string, payload: Buffer): JsonObject {
  const decoded = createDecoder(schemaText)(payload)
  if (decoded.ok) return decoded.event.delta
  throw new SynapError('an event cannot be decoded', {
    code: 'event.undecodable',
    class: 'data',
    fields: { reason: decoded.reason, detail: decoded.detail },
  })
}

/**
 * The bytes of a delta from its JSON, under the schema it was written with: for any event that one of our writers made,
 * the very bytes it was decoded from. Throws SynapError `event.delta_invalid` (data) when the JSON does not fit.
 */
export function deltaFromJson(schemaText: string, delta: JsonObject): Buffer {
  const { delta: type, eventType } = compiled(schemaText)
  try {
    return encodeWith(type, delta)
  } catch (cause) {
    throw new SynapError('a stored delta does not fit its schema', {
      code: 'event.delta_invalid',
      class: 'data',
      cause,
      fields: { type: eventType, detail: describeError(cause).slice(0, 200) },
    })
  }
}
