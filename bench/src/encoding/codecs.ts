import { Encoder as MessagePacker, decode as unpackMessage } from '@msgpack/msgpack'
import {
  avscOf,
  createDecoder,
  type EventType,
  encodeDelta,
  encodeEnvelope,
  eventTypes,
  frame,
  parseFrame,
} from '@synap/contracts'
import avro from 'avsc'
import protobuf from 'protobufjs'
import { schemaIdOf } from '../stream/events-topic.ts'
import { inner, isUnion, type Named, readAvsc, type Schema } from './avsc-schema.ts'
import { type Codec, flat } from './codec.ts'
import { conversions } from './ids.ts'

/** By type; a type of the catalogue is always there. */
function of<T>(map: ReadonlyMap<EventType, T>, type: EventType): T {
  const found = map.get(type)
  if (found === undefined) throw new TypeError(`nothing for ${type}`)
  return found
}

const byType = <T>(make: (type: EventType) => T) => new Map(eventTypes.map((type) => [type, make(type)]))

const json: Codec = {
  name: 'JSON',
  encode: ({ type, envelope, delta }) => Buffer.from(JSON.stringify({ type, ...envelope, delta })),
  decode: (bytes) => {
    const { type: _, delta, ...envelope } = JSON.parse(bytes.toString('utf8')) as Record<string, object>
    return { ...envelope, ...delta }
  },
}

/** The same records with text where Synap has fixed: what Avro is when ids are left as they are in memory. */
function withTextIds(schema: Schema, named: ReadonlyMap<string, Named>): unknown {
  if (typeof schema === 'string') return named.get(schema)?.type === 'fixed' ? 'string' : schema
  if (isUnion(schema)) return schema.map((branch) => withTextIds(branch, named))
  if (schema.type === 'fixed') return 'string'
  if (schema.type === 'long') return 'long'
  if (schema.type === 'array') return { ...schema, items: withTextIds(schema.items, named) }
  const fields = schema.fields.map((field) => ({ ...field, type: withTextIds(field.type, named) }))
  return { ...schema, fields }
}

const textTypes = byType((type) => {
  const { record, named } = readAvsc(type)
  return avro.Type.forSchema(withTextIds(record, named) as never, { omitRecordMethods: true })
})

const avroText: Codec = {
  name: 'Avro, ids as text',
  encode: (event) => frame(schemaIdOf(event.type), of(textTypes, event.type).toBuffer(flat(event))),
  decode: (bytes, type) => ({ ...(of(textTypes, type).fromBuffer(bytes.subarray(5)) as object) }),
}

const decoders = byType((type) => createDecoder(avscOf(type)))

/** As ingest, relay and consumers do it, with all their checks. */
const synap: Codec = {
  name: 'Synap: Avro, ids as fixed',
  encode: ({ type, envelope, delta }) =>
    frame(schemaIdOf(type), encodeEnvelope(avscOf(type), envelope), encodeDelta(type, delta as never)),
  decode: (bytes, type) => {
    const framed = parseFrame(bytes)
    const decoded = framed.refused === undefined ? of(decoders, type)(framed.payload) : undefined
    if (decoded?.ok !== true) throw new Error('not decoded')
    const { type: _, aggregateType: _aggregate, known: _known, delta, ...envelope } = decoded.event
    return { ...envelope, ...delta }
  },
}

const plainKinds: Readonly<Record<string, string>> = {
  string: 'string',
  int: 'int32',
  long: 'int64',
  double: 'double',
  boolean: 'bool',
}

/** A message with the fields in the order of the catalogue; what may be null is optional. */
function messageText(record: Extract<Schema, { type: 'record' }>, named: ReadonlyMap<string, Named>): string {
  const lines = record.fields.map(({ name, type }, index) => {
    const rule = isUnion(type) ? 'optional ' : ''
    return `  ${rule}${kindOf(type, named)} ${name} = ${index + 1};`
  })
  return `message ${record.name} {\n${lines.join('\n')}\n}`
}

function kindOf(schema: Schema, named: ReadonlyMap<string, Named>): string {
  const one = inner(schema, named)
  if (typeof one === 'string') return plainKinds[one] ?? one
  if (one.type === 'fixed') return 'bytes'
  if (one.type === 'long') return 'int64'
  return one.type === 'array' ? `repeated ${kindOf(one.items, named)}` : one.name
}

const messages = byType((type) => {
  const { record, named } = readAvsc(type)
  const texts = [...named.values()].flatMap((one) => (one.type === 'record' ? messageText(one, named) : []))
  const text = `syntax = "proto3";\n${texts.join('\n')}`
  return protobuf.parse(text, { keepCase: true }).root.lookupType(record.name)
})

/** Null where an optional field is not set, and numbers where protobufjs has a Long. */
const asObject = { longs: Number, defaults: true, arrays: true }
/** Message index 0: what Confluent's wire format adds for protobuf. */
const firstMessage = Buffer.from([0])

const proto: Codec = {
  name: 'protobuf',
  encode: (event) => {
    const message = of(conversions, event.type).pack(flat(event))
    return frame(schemaIdOf(event.type), firstMessage, of(messages, event.type).encode(message).finish())
  },
  decode: (bytes, type) => {
    const message = of(messages, type)
    return of(conversions, type).unpack(message.toObject(message.decode(bytes.subarray(6)), asObject))
  },
}

const packer = new MessagePacker()

const msgpack: Codec = {
  name: 'MessagePack',
  encode: (event) => Buffer.from(packer.encodeSharedRef(of(conversions, event.type).pack(flat(event)))),
  decode: (bytes, type) => of(conversions, type).unpack(unpackMessage(bytes) as Record<string, unknown>),
}

export const codecs: readonly Codec[] = [json, avroText, synap, proto, msgpack]
export const synapCodec = synap
/** Those that are no text. */
export const binaryPeers: readonly Codec[] = [avroText, proto, msgpack]
/** Of these, the ones that keep ids as bytes, as Synap does. */
export const compact: readonly Codec[] = [proto, msgpack]
