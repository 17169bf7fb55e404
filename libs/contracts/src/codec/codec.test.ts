import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deltaOf, envelope } from '../../test/samples.ts'
import { avscOf } from '../avsc.ts'
import { deltaSchemaOf, type EventType, eventTypes } from '../catalogue.ts'
import { compiled } from './compiled.ts'
import { createDecoder, readKnownEvent } from './decode.ts'
import { deltaFromJson, deltaToJson } from './delta-json.ts'
import { encodeDelta, encodeEnvelope, encodeWith } from './encode.ts'

const payloadOf = (type: EventType, delta: never, envelopeOf: Parameters<typeof encodeEnvelope>[1]) =>
  Buffer.concat([encodeEnvelope(avscOf(type), envelopeOf), encodeDelta(type, delta)])

describe.each(eventTypes)('%s', (type) => {
  const schema = avscOf(type)
  const event = fc.tuple(envelope, deltaOf(type))

  it('given any event, encoding and decoding gives it back, by the writer and by the reader', () => {
    fc.assert(
      fc.property(event, ([head, delta]) => {
        const payload = payloadOf(type, delta as never, head)
        const decoded = createDecoder(schema)(payload)
        expect(decoded).toEqual({
          ok: true,
          event: { ...head, type, aggregateType: expect.any(String), delta, known: true },
        })
        const { known: _, ...rest } = decoded.ok ? decoded.event : { known: false }
        expect(readKnownEvent(schema, payload)).toEqual({ ok: true, event: rest })
      }),
      { numRuns: 40 },
    )
  })

  it('given the envelope bytes and the delta bytes, one after the other they are the whole record', () => {
    fc.assert(
      fc.property(event, ([head, delta]) => {
        const whole = encodeWith(compiled(schema).whole, { ...head, ...delta })
        expect(payloadOf(type, delta as never, head).equals(whole)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  it('given a delta that went through JSON, it becomes the same bytes again', () => {
    fc.assert(
      fc.property(event, ([head, delta]) => {
        const bytes = encodeDelta(type, delta)
        const json: unknown = JSON.parse(
          JSON.stringify(deltaToJson(schema, payloadOf(type, delta as never, head))),
        )
        expect(deltaFromJson(schema, json as never).equals(bytes)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  it('given a valid event with any one byte changed or cut off, decoding answers and never throws', () => {
    fc.assert(
      fc.property(event, fc.nat(), fc.integer({ min: 0, max: 255 }), ([head, delta], at, byte) => {
        const payload = payloadOf(type, delta as never, head)
        const changed = Buffer.from(payload)
        changed[at % changed.length] = byte
        for (const bytes of [changed, payload.subarray(0, at % payload.length)]) {
          expect(typeof createDecoder(schema)(bytes).ok).toBe('boolean')
          expect(typeof readKnownEvent(schema, bytes).ok).toBe('boolean')
        }
        expect(createDecoder(schema)(payload.subarray(0, at % payload.length)).ok).toBe(false)
      }),
      { numRuns: 40 },
    )
  })

  it('given random bytes, decoding refuses or answers, and what it answers is encoded to the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (random) => {
        const payload = Buffer.from(random)
        const decoded = createDecoder(schema)(payload)
        if (!decoded.ok) return
        const again = Buffer.concat([
          encodeEnvelope(schema, decoded.event as never),
          deltaFromJson(schema, decoded.event.delta),
        ])
        expect(again.equals(payload)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  it('given a delta with an unknown field, without a field, or with unclean text, it is refused before it is encoded', () => {
    fc.assert(
      fc.property(deltaOf(type), (delta) => {
        const schemaOfDelta = deltaSchemaOf(type)
        expect(schemaOfDelta.safeParse({ ...delta, more: 1 }).success).toBe(false)
        for (const name of Object.keys(delta)) {
          const { [name as never]: _, ...less } = delta
          expect(schemaOfDelta.safeParse(less).success).toBe(false)
          if (typeof delta[name as never] !== 'string') continue
          for (const text of ['a\0b', '\ud800']) {
            expect(() => encodeDelta(type, { ...delta, [name]: text })).toThrow(
              'a delta is not what its event type says',
            )
          }
        }
      }),
      { numRuns: 5 },
    )
  })
})
