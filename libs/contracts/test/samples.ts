import { type AggregateId, type EventId, isUuid, type UserId } from '@synap/core'
import fc from 'fast-check'
import { catalogue, type DeltaOf, type EventType } from '../src/catalogue.ts'
import type { Envelope } from '../src/event/envelope.ts'
import type { AvroSchema, Fields } from '../src/event/field.ts'
import { isCleanText } from '../src/text.ts'
import {
  actorKinds,
  entityTypes,
  eventSources,
  fileTypes,
  relationTypes,
  suggestionFields,
  taskStatuses,
} from '../src/vocabularies.ts'

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

/** Words for fields whose Avro type is a mere string; by name of the field, for that is all that tells them apart. */
const strings: Readonly<Record<string, (type: EventType) => fc.Arbitrary<string>>> = {
  type: (type) => fc.constantFrom(...(type.startsWith('relation.') ? relationTypes : entityTypes)),
  oldType: () => fc.constantFrom(...entityTypes),
  status: () => fc.constantFrom(...taskStatuses),
  oldStatus: () => fc.constantFrom(...taskStatuses),
  fileType: () => fc.constantFrom(...fileTypes),
  field: () => fc.constantFrom(...suggestionFields),
  due: () => day.map((date) => date.toISOString().slice(0, 10)),
  oldDue: () => day.map((date) => date.toISOString()),
  color: () => fc.constantFrom('#000000', '#a0b1c2'),
  oldColor: () => fc.constantFrom('#ffffff'),
  patch: () => fc.dictionary(cleanText(10), fc.boolean()).map((value) => JSON.stringify(value)),
  inverse: () => fc.dictionary(cleanText(10), fc.constant(null)).map((value) => JSON.stringify(value)),
}

const ints: Readonly<Record<string, fc.Arbitrary<number>>> = {
  priority: fc.integer({ min: 0, max: 3 }),
  oldPriority: fc.integer({ min: 0, max: 3 }),
  run: fc.integer({ min: 0, max: 1_000_000 }),
}

/** Any valid delta of a type, made from its definition. */
export function deltaOf<T extends EventType>(type: T): fc.Arbitrary<DeltaOf<T>> {
  const fields: Fields = catalogue[type].fields
  const shape = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, valueOf(type, name, field.avro)]),
  )
  return fc.record(shape) as unknown as fc.Arbitrary<DeltaOf<T>>
}

function valueOf(type: EventType, name: string, schema: AvroSchema): fc.Arbitrary<unknown> {
  if (Array.isArray(schema)) return fc.option(valueOf(type, name, schema[1] as AvroSchema))
  const node = (typeof schema === 'string' ? { type: schema } : schema) as {
    type: string
    [key: string]: unknown
  }
  switch (node.type) {
    case 'string':
      return strings[name]?.(type) ?? cleanText(30)
    case 'int':
      return ints[name] ?? changeInt(name)
    case 'long':
      return fc.integer({ min: 0, max: 9_007_199_254_740_990 })
    case 'double':
      return fc.integer({ min: 0, max: 1_000 }).map((thousandths) => thousandths / 1_000)
    case 'boolean':
      return fc.boolean()
    case 'fixed':
      return node['size'] === 32 ? hash : uuid
    case 'array':
      return fc.array(valueOf(type, name, node['items'] as AvroSchema), { maxLength: 3 })
    case 'record': {
      const fields = node['fields'] as { name: string; type: AvroSchema }[]
      return fc.record(
        Object.fromEntries(
          fields.map((field) => [field.name, nestedValue(type, node['name'] as string, field)]),
        ),
      )
    }
    default:
      throw new TypeError(`no sample for ${node.type}`)
  }
}

function nestedValue(type: EventType, record: string, field: { name: string; type: AvroSchema }) {
  return record === 'PriorityChange' && field.name !== 'confidence'
    ? fc.integer({ min: 0, max: 3 })
    : valueOf(type, field.name, field.type)
}

function changeInt(name: string) {
  return fc.integer({ min: name === 'basedOnVersion' ? 1 : 0, max: 2_147_483_647 })
}
