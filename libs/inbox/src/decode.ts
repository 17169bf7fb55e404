import {
  createDecoder,
  type DecodedEvent,
  messageHeaders,
  parseFrame,
  readKnownEvent,
  type SynapEvent,
} from '@synap/contracts'
import { describeError, errorClass, SynapError, sha256Hex } from '@synap/core'
import type { Decode, Decoded, Envelope, WriterSchema } from './types.ts'

/**
 * The schema registered under an id, undefined when the registry does not know it. Rejects with class `dependency` when
 * the registry cannot be reached.
 */
export type SchemaById = (id: number, signal: AbortSignal | undefined) => Promise<string | undefined>

interface Registered extends WriterSchema {
  decode: ReturnType<typeof createDecoder>
}

/** Decodes with the schema each event was written with: nothing is lost, also of types this build does not know. */
export function createWriterDecoder(schemaById: SchemaById): Decode<DecodedEvent> {
  return createDecode(schemaById, (event) => ({ known: event.known, event }))
}

/** Decodes as today's catalogue sees events; what needs newer code is not known and has no event. */
export function createReaderDecoder(schemaById: SchemaById): Decode<SynapEvent> {
  return createDecode(schemaById, (_, schema, payload) => {
    const read = readKnownEvent(schema.text, payload)
    if (read.ok) return { known: true, event: read.event }
    if (read.reason === 'unknown_type' || read.reason === 'unknown_value')
      return { known: false, event: null }
    return { refused: `${read.reason}: ${read.detail}` }
  })
}

type Reading<E> = { known: boolean; event: E | null } | { refused: string }

function createDecode<E>(
  schemaById: SchemaById,
  read: (event: DecodedEvent, schema: WriterSchema, payload: Buffer) => Reading<E>,
): Decode<E> {
  const find = createSchemaCache(schemaById)
  return async (value, headers, signal) => {
    const framed = parseFrame(value)
    if (framed.refused !== undefined) return undecodable(`frame: ${framed.refused}`)
    const schema = await find(framed.schemaId, headers[messageHeaders.schema] ?? '', signal)
    if (typeof schema === 'string') return undecodable(schema)
    const decoded = schema.decode(framed.payload)
    if (!decoded.ok) return undecodable(`${decoded.reason}: ${decoded.detail}`)
    const reading = read(decoded.event, schema, framed.payload)
    if ('refused' in reading) return undecodable(reading.refused)
    const { id, type, userId, aggregateId, version, sequence } = decoded.event
    const envelope: Envelope = { id, type, userId, aggregateId, version, sequence }
    const { id: schemaId, fingerprint, text } = schema
    return {
      ok: true,
      ...reading,
      schema: { id: schemaId, fingerprint, text },
      envelope,
    } as Decoded<E>
  }
}

function undecodable(detail: string): { ok: false; reason: 'undecodable'; detail: string } {
  return { ok: false, reason: 'undecodable', detail }
}

/**
 * Schemas by id, held for ever: an id never changes its schema. The fingerprint in the headers is compared each time;
 * another schema under the id means a registry that lost or swapped its ids, and then every message would be read
 * wrongly: that halts. A text that is no usable schema is answered as words.
 */
function createSchemaCache(schemaById: SchemaById) {
  const schemas = new Map<number, Registered | string>()
  return async (
    id: number,
    fingerprint: string,
    signal: AbortSignal | undefined,
  ): Promise<Registered | string> => {
    const schema = schemas.get(id) ?? (await load(schemaById, id, signal))
    schemas.set(id, schema)
    if (typeof schema === 'string' || schema.fingerprint === fingerprint) return schema
    throw new SynapError('the registry holds another schema under this id than the event was written with', {
      code: 'schema.fingerprint_mismatch',
      class: 'configuration',
      fields: { schemaId: id, expected: fingerprint, found: schema.fingerprint },
    })
  }
}

async function load(
  schemaById: SchemaById,
  id: number,
  signal: AbortSignal | undefined,
): Promise<Registered | string> {
  const text = await schemaById(id, signal)
  if (text === undefined) {
    throw new SynapError('the registry does not know the schema of a message whose headers are valid', {
      code: 'schema.unknown_id',
      class: 'configuration',
      fields: { schemaId: id },
    })
  }
  try {
    return { id, text, fingerprint: sha256Hex(text), decode: createDecoder(text) }
  } catch (error) {
    if (errorClass(error) !== 'data') throw error
    return `schema: ${describeError(error)}`
  }
}
