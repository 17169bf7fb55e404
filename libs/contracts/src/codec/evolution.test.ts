import { describe, expect, it } from 'vitest'
import { avscOf } from '../avsc.ts'
import type { Envelope } from '../event/envelope.ts'
import { compiled } from './compiled.ts'
import { createDecoder, readKnownEvent } from './decode.ts'
import { deltaFromJson } from './delta-json.ts'
import { encodeDelta, encodeEnvelope, encodeWith } from './encode.ts'

const head = {
  id: '01890000-0000-7000-8000-000000000001',
  userId: '01890000-0000-7000-8000-000000000002',
  aggregateId: '01890000-0000-7000-8000-000000000003',
  version: 3,
  sequence: 9,
  occurredAt: 1_800_000_000_000,
  source: 'api',
  correlationId: '0af7651916cd43dd8448eb211c80319c',
  causationId: null,
  actor: { kind: 'user', id: null },
} as unknown as Envelope

type Schema = { name: string; eventType: string; envelopeFields: number; fields: { name: string }[] }
const today = avscOf('entity.created')
const edited = (edit: (schema: Schema) => void): string => {
  const schema = JSON.parse(today) as Schema
  edit(schema)
  return JSON.stringify(schema)
}
const record = (schema: string, fields: object) => encodeWith(compiled(schema).whole, { ...head, ...fields })

/** Tomorrow's schema of the same type: one field more, with a default as FULL_TRANSITIVE demands. */
const tomorrow = edited(({ fields }) =>
  fields.push({ name: 'mood', type: 'string', default: 'calm' } as never),
)
const readByTomorrow = (payload: Buffer): unknown => {
  const reader = compiled(tomorrow).whole
  return reader.decode(payload, 0, reader.createResolver(compiled(today).whole)).value
}

describe('evolution of schemas', () => {
  it('given an event with a field of tomorrow, the reader of today sees today', () => {
    const payload = record(tomorrow, { type: 'note', title: 'Tea', timeZone: null, mood: 'wild' })
    expect(readKnownEvent(tomorrow, payload)).toEqual({
      ok: true,
      event: {
        ...head,
        type: 'entity.created',
        aggregateType: 'entity',
        delta: { type: 'note', title: 'Tea', timeZone: null },
      },
    })
  })

  it('given the same event, the log of today keeps all of it, and can make the same bytes again', () => {
    const payload = record(tomorrow, { type: 'note', title: 'Tea', timeZone: null, mood: 'wild' })
    const decoded = createDecoder(tomorrow)(payload)
    expect(decoded).toMatchObject({
      ok: true,
      event: { delta: { type: 'note', title: 'Tea', timeZone: null, mood: 'wild' } },
    })
    if (!decoded.ok) return
    const again = [encodeEnvelope(tomorrow, head), deltaFromJson(tomorrow, decoded.event.delta)]
    expect(Buffer.concat(again).equals(payload)).toBe(true)
  })

  it('given an event of today, the reader of tomorrow fills in its default', () => {
    const payload = Buffer.concat([
      encodeEnvelope(today, head),
      encodeDelta('entity.created', { type: 'note', title: null, timeZone: null }),
    ])
    expect(readByTomorrow(payload)).toMatchObject({ type: 'note', title: null, timeZone: null, mood: 'calm' })
  })

  it('given an event whose nullable field is gone tomorrow, the reader of today takes its default', () => {
    const shorter = edited((schema) => {
      schema.fields = schema.fields.filter(({ name }) => name !== 'title')
    })
    expect(readKnownEvent(shorter, record(shorter, { type: 'note' }))).toMatchObject({
      ok: true,
      event: { delta: { type: 'note', title: null, timeZone: null } },
    })
  })

  it('given an event of a type of tomorrow, today keeps it, places it, and says that it does not know it', () => {
    const unknown = edited((schema) => {
      schema.name = 'EntityTranslated'
      schema.eventType = 'entity.translated'
      schema.fields = [...schema.fields.slice(0, 10), { name: 'to', type: 'string' } as never]
    })
    const payload = record(unknown, { to: 'fr' })
    expect(createDecoder(unknown)(payload)).toEqual({
      ok: true,
      event: {
        ...head,
        type: 'entity.translated',
        aggregateType: 'entity',
        delta: { to: 'fr' },
        known: false,
      },
    })
    expect(readKnownEvent(unknown, payload)).toEqual({
      ok: false,
      reason: 'unknown_type',
      detail: 'entity.translated',
    })
  })

  it('given a word of tomorrow in a vocabulary, today says so instead of passing it on', () => {
    const payload = record(today, { type: 'recipe', title: null })
    expect(createDecoder(today)(payload).ok).toBe(true)
    expect(readKnownEvent(today, payload)).toEqual({ ok: false, reason: 'unknown_value', detail: 'type' })
    const source = record(today, { source: 'telepathy', type: 'note', title: null })
    expect(readKnownEvent(today, source)).toEqual({ ok: false, reason: 'unknown_value', detail: 'source' })
  })

  it('given an envelope with a field more, the relay of today encodes its default and the log gives it back', () => {
    const wider = edited((schema) => {
      schema.fields.splice(10, 0, { name: 'device', type: ['null', 'string'], default: null } as never)
      schema.envelopeFields = 11
    })
    const delta = encodeDelta('entity.created', { type: 'note', title: 'Tea', timeZone: null })
    const byToday = Buffer.concat([encodeEnvelope(wider, head), delta])
    expect(readKnownEvent(wider, byToday)).toMatchObject({ ok: true, event: { delta: { title: 'Tea' } } })

    const byTomorrow = record(wider, { type: 'note', title: 'Tea', timeZone: null, device: 'phone' })
    const decoded = createDecoder(wider)(byTomorrow)
    expect(decoded).toMatchObject({ ok: true, event: { extra: { device: 'phone' } } })
    if (!decoded.ok) return
    const again = [
      encodeEnvelope(wider, head, decoded.event.extra),
      deltaFromJson(wider, decoded.event.delta),
    ]
    expect(Buffer.concat(again).equals(byTomorrow)).toBe(true)
  })

  it('given a schema that lost our attributes on its way through a registry, the event is read all the same', () => {
    const bare = edited((schema) => {
      for (const name of ['eventType', 'aggregate', 'envelopeFields'] as const) delete (schema as never)[name]
    })
    const payload = record(bare, { type: 'note', title: 'Tea', timeZone: null })
    expect(readKnownEvent(bare, payload)).toMatchObject({ ok: true, event: { type: 'entity.created' } })
    expect(createDecoder(bare)(payload)).toMatchObject({
      ok: true,
      event: { aggregateType: 'entity', delta: { title: 'Tea' } },
    })
  })
})
