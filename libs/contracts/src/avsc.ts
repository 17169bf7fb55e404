import { createHash } from 'node:crypto'
import { catalogue, type EventType, eventTypes } from './catalogue.ts'
import { type DerivedType, derivedRecords, derivedTypes } from './derived/records.ts'
import { envelopeFields } from './event/envelope.ts'
import { type AvroSchema, avroFields } from './event/field.ts'
import { type TopicName, topics } from './topics.ts'

/** One schema of ours: what is generated into `avsc/`, registered under `subject`, and pinned by `fingerprint`. */
export interface SchemaFile {
  /** `EntityCreated.avsc` */
  readonly fileName: string
  /** `synap.events.EntityCreated` */
  readonly recordName: string
  readonly topic: TopicName
  /** Subject by TopicRecordName. With a topic prefix it starts with the prefix: `subjectOf(topic, recordName)`. */
  readonly subject: string
  /** The exact text of the file. */
  readonly text: string
  /** SHA-256 of that text's UTF-8 bytes. */
  readonly fingerprint: Buffer
}

/** TopicRecordName: `synap.events.v1-synap.events.EntityCreated`. `topic` is the name in use, prefix included. */
export function subjectOf(topic: string, recordName: string): string {
  return `${topic}-${recordName}`
}

/** `entity.created` → `synap.events.EntityCreated`. */
export function recordNameOf(type: EventType): string {
  const words = type.split(/[._]/)
  return `synap.events.${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}`
}

/** SHA-256 of the bytes of a generated `.avsc`: the pinned identity of a schema. */
export function fingerprintOf(avscText: string): Buffer {
  return createHash('sha256').update(avscText, 'utf8').digest()
}

/** The generated schema of an event type, byte for byte the file in `avsc/`. */
export function avscOf(type: EventType): string {
  return schemaFileOf(type).text
}

export function schemaFileOf(type: EventType | DerivedType): SchemaFile {
  const file = files.get(type)
  if (file === undefined) throw new TypeError(`no schema for ${type}`)
  return file
}

/** Every schema of every topic, in a stable order: what the register command registers. */
export function schemaFiles(): readonly SchemaFile[] {
  return [...files.values()]
}

const files = new Map<string, SchemaFile>([
  ...eventTypes.map((type) => [type, eventFile(type)] as const),
  ...derivedTypes.map((type) => [type, derivedFile(type)] as const),
])

function eventFile(type: EventType): SchemaFile {
  const definition = catalogue[type]
  const recordName = recordNameOf(type)
  const schema = {
    type: 'record',
    name: recordName.slice('synap.events.'.length),
    namespace: 'synap.events',
    doc: definition.doc,
    // Read by our decoder, ignored by Avro: a consumer can name and place an event of a type it does not know.
    eventType: type,
    aggregate: definition.aggregate,
    envelopeFields: Object.keys(envelopeFields).length,
    fields: [...avroFields(envelopeFields), ...avroFields(definition.fields)],
  }
  return schemaFile(schema, recordName, topics.events.name)
}

function derivedFile(type: DerivedType): SchemaFile {
  const { doc, fields } = derivedRecords[type]
  const name = type.slice('synap.derived.'.length)
  return schemaFile(
    { type: 'record', name, namespace: 'synap.derived', doc, fields: avroFields(fields) },
    type,
    topics.derived.name,
  )
}

function schemaFile(schema: AvroSchema, recordName: string, topic: TopicName): SchemaFile {
  const text = `${JSON.stringify(nameOnce(schema, new Set()), null, 2)}\n`
  return {
    fileName: `${recordName.slice(recordName.lastIndexOf('.') + 1)}.avsc`,
    recordName,
    topic,
    subject: subjectOf(topic, recordName),
    text,
    fingerprint: fingerprintOf(text),
  }
}

/** Avro defines a named type where it first stands and refers to it by name after that. */
function nameOnce(schema: unknown, defined: Set<string>): unknown {
  if (Array.isArray(schema)) return schema.map((branch) => nameOnce(branch, defined))
  if (typeof schema !== 'object' || schema === null) return schema
  const { name, type } = schema as { name?: string; type?: unknown }
  if (name !== undefined && (type === 'fixed' || type === 'record')) {
    if (defined.has(name)) return name
    defined.add(name)
  }
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, key === 'default' ? value : nameOnce(value, defined)]),
  )
}
