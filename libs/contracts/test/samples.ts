import { type AggregateId, type EventId, isUuid, type UserId } from '@synap/core'
import fc from 'fast-check'
import { z } from 'zod'
import { catalogue, type DeltaOf, type EventType } from '../src/catalogue.ts'
import type { Envelope } from '../src/event/envelope.ts'
import type { AvroSchema, Fields } from '../src/event/field.ts'
import { isCleanText } from '../src/text.ts'
import { actorKinds, eventSources } from '../src/vocabularies.ts'

export const uuid = fc.uuid({ version: 7 }).filter(isUuid)
export const hash = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'))
const traceId = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('hex'))
const day = fc.date({ min: new Date('1970-01-01'), max: new Date('2999-12-31'), noInvalidDate: true })

/** Clean text of every script, one to `max` UTF-16 code units. */
export const cleanText = (max: number) =>
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: max })
    .filter((text) => isCleanText(text) && text.length <= max)

export const envelope: fc.Arbitrary<Envelope> = fc.record({
  id: uuid as fc.Arbitrary<EventId>,
  userId: uuid as fc.Arbitrary<UserId>,
  aggregateId: uuid as fc.Arbitrary<AggregateId>,
  version: fc.integer({ min: 1, max: 2_147_483_647 }),
  sequence: fc.integer({ min: 1, max: 9_007_199_254_740_990 }),
  occurredAt: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
  source: fc.constantFrom(...eventSources),
  correlationId: traceId,
  causationId: fc.option(uuid as fc.Arbitrary<EventId>),
  actor: fc.record({ kind: fc.constantFrom(...actorKinds), id: fc.option(uuid) }),
})

/** Texts that have a shape of their own which validation does not give away; by name of the field. */
const shaped: Readonly<Record<string, fc.Arbitrary<string>>> = {
  due: day.map((date) => date.toISOString().slice(0, 10)),
  oldDue: day.map((date) => date.toISOString()),
  color: fc.constantFrom('#000000', '#a0b1c2'),
  oldColor: fc.constantFrom('#ffffff'),
  patch: fc.dictionary(cleanText(10), fc.boolean()).map((value) => JSON.stringify(value)),
  inverse: fc.dictionary(cleanText(10), fc.constant(null)).map((value) => JSON.stringify(value)),
}

/** Any valid delta of a type, made from its definition. */
export function deltaOf<T extends EventType>(type: T): fc.Arbitrary<DeltaOf<T>> {
  const fields: Fields = catalogue[type].fields
  const shape = Object.fromEntries(
    Object.entries(fields).map(([name, { avro, zod }]) => [
      name,
      valueOf(name, avro, zod as z.core.$ZodType),
    ]),
  )
  return fc.record(shape) as unknown as fc.Arbitrary<DeltaOf<T>>
}

/** The Avro type says how it is written, validation which values there are. */
function valueOf(name: string, schema: AvroSchema, zod: z.core.$ZodType): fc.Arbitrary<unknown> {
  if (zod instanceof z.ZodNullable) {
    return fc.option(valueOf(name, (schema as readonly AvroSchema[])[1] as AvroSchema, zod.unwrap()))
  }
  if (zod instanceof z.ZodEnum) return fc.constantFrom(...zod.options)
  if (zod instanceof z.ZodLiteral) return fc.constantFrom(...zod.values)
  if (zod instanceof z.ZodISODate) return day.map((date) => date.toISOString().slice(0, 10))
  const node = (typeof schema === 'string' ? { type: schema } : schema) as {
    type: string
    [key: string]: unknown
  }
  switch (node.type) {
    case 'string':
      return shaped[name] ?? cleanText(30)
    case 'int':
    case 'long':
      return zod instanceof z.ZodNumber
        ? fc.integer({ min: zod.minValue ?? 0, max: zod.maxValue ?? 2_147_483_647 })
        : fc.nat()
    case 'double':
      return fc.integer({ min: 0, max: 1_000 }).map((thousandths) => thousandths / 1_000)
    case 'boolean':
      return fc.boolean()
    case 'fixed':
      return node['size'] === 32 ? hash : uuid
    case 'array':
      return fc.array(valueOf(name, node['items'] as AvroSchema, (zod as z.ZodArray).element), {
        maxLength: 3,
      })
    case 'record': {
      const fields = node['fields'] as { name: string; type: AvroSchema }[]
      const { shape } = zod as z.ZodObject
      return fc.record(
        Object.fromEntries(
          fields.map((field) => [
            field.name,
            valueOf(field.name, field.type, shape[field.name] as z.core.$ZodType),
          ]),
        ),
      )
    }
    default:
      throw new TypeError(`no sample for ${node.type}`)
  }
}
