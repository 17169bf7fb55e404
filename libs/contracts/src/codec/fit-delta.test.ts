import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { avscOf } from '../avsc.ts'
import { type EventType, eventTypes } from '../catalogue.ts'
import type { Envelope } from '../event/envelope.ts'
import { sampleDeltas } from '../generate/sample-deltas.ts'
import type { JsonObject } from '../json.ts'
import { compiled } from './compiled.ts'
import { createDecoder, readKnownEvent } from './decode.ts'
import { encodeWith } from './encode.ts'
import { fitDeltaOf } from './fit-delta.ts'

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

type Field = { name: string; type: unknown; default?: unknown }
type Edit = (fields: Field[], envelopeFields: number) => void
const edited = (type: EventType, edit: Edit): string => {
  const schema = JSON.parse(avscOf(type)) as { fields: Field[]; envelopeFields: number }
  edit(schema.fields, schema.envelopeFields)
  return JSON.stringify(schema)
}
/** Schemas that other builds could write with: a field more, or without the fields that have a default. */
const edits: Readonly<Record<string, Edit>> = {
  today: () => undefined,
  more: (fields) => fields.push({ name: 'mood', type: 'string', default: 'calm' }),
  less: (fields, from) => {
    const kept = fields.filter((field, index) => index < from || field.default === undefined)
    fields.splice(0, fields.length, ...kept)
  },
}

/** What the log keeps of an event that was written with this schema, and what its bytes are read as. */
const logged = (schema: string, delta: object) => {
  const payload = encodeWith(compiled(schema).whole, { ...head, mood: 'wild', ...delta })
  const decoded = createDecoder(schema)(payload)
  if (!decoded.ok) throw new Error(decoded.detail)
  return { kept: decoded.event.delta, read: readKnownEvent(schema, payload) }
}

/** As the log keeps it: without -0, and without what is no number. */
const asJson = (value: unknown) => JSON.parse(JSON.stringify(value)) as JsonObject[string]

describe.each(eventTypes)('a delta of %s from its JSON', (type) => {
  it.each(Object.keys(edits))('given a schema with %s, it is what its bytes are read as', (name) => {
    const schema = edited(type, edits[name] ?? (() => undefined))
    const { kept, read } = logged(schema, sampleDeltas[type])
    if (!read.ok) throw new Error(read.detail)
    const { delta, aggregateType } = read.event
    expect(fitDeltaOf(schema)(kept)).toEqual({ type, aggregateType, delta })
  })

  it('given any value in the place of one, what it accepts is what its bytes are read as', () => {
    const names = Object.keys(sampleDeltas[type])
    if (names.length === 0) return
    const schema = avscOf(type)
    const anything = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.double(),
      fc.constant(null),
      fc.constant([]),
      fc.boolean(),
    )
    fc.assert(
      fc.property(fc.constantFrom(...names), anything, (name, value) => {
        const delta: JsonObject = { ...(sampleDeltas[type] as unknown as JsonObject), [name]: asJson(value) }
        const fitted = fitDeltaOf(schema)(delta)
        if (fitted === undefined) return
        const { read } = logged(schema, delta)
        expect(read).toMatchObject({ ok: true, event: { delta: fitted.delta } })
      }),
    )
  })
})

describe('a delta from its JSON', () => {
  it('given a word, a type or a kind of field that this build does not know, only the bytes can tell', () => {
    expect(
      fitDeltaOf(avscOf('entity.created'))({ type: 'recipe', title: null, timeZone: null }),
    ).toBeUndefined()
    const unknown = JSON.stringify({ ...JSON.parse(avscOf('entity.created')), eventType: 'entity.sung' })
    expect(fitDeltaOf(unknown)({ type: 'note', title: null, timeZone: null })).toBeUndefined()
    const other = edited('entity.created', (fields) => {
      for (const field of fields)
        if (field.name === 'title') Object.assign(field, { type: 'string', default: '' })
    })
    expect(fitDeltaOf(other)({ type: 'note', title: 'Tea', timeZone: null })).toBeUndefined()
    expect(logged(other, { type: 'note', title: 'Tea', timeZone: null }).read).toMatchObject({
      event: { delta: { title: 'Tea' } },
    })
  })
})
