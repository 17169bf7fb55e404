import { describeError } from '@synap/core'
import { avscOf } from '../avsc.ts'
import { deltaSchemaOf, envelopeSchema, isEventType, type SynapEvent } from '../catalogue.ts'
import { type Envelope, envelopeFieldNames } from '../event/envelope.ts'
import type { JsonObject } from '../json.ts'
import { type CompiledSchema, compiled } from './compiled.ts'
import type { WalkReason } from './walk.ts'

/** `undecodable`: avsc refused what the walk let pass. `envelope`: a field of the envelope is out of its bounds. */
export type DecodeReason = WalkReason | 'undecodable' | 'envelope'

export interface Refused {
  readonly ok: false
  readonly reason: DecodeReason
  /** Where or which, for an operator; never content. */
  readonly detail: string
}

/** An event as its writer meant it: also of a type, or with fields, that this code does not know. */
export interface DecodedEvent extends Omit<Envelope, 'source' | 'actor'> {
  readonly source: string
  readonly actor: { readonly kind: string; readonly id: string | null }
  readonly type: string
  readonly aggregateType: string
  /** Plain JSON: UUIDs as text, other fixed as hexadecimal, bytes as base64. */
  readonly delta: JsonObject
  /** Envelope fields of tomorrow; give them back to `encodeEnvelope`. */
  readonly extra?: JsonObject
  /** Whether the type is in today's catalogue. */
  readonly known: boolean
}

export type Decoded = { readonly ok: true; readonly event: DecodedEvent } | Refused

/**
 * A decoder for the events written with one schema. Making it throws SynapError `schema.unusable` (data); using it never
 * throws, whatever the bytes.
 */
export function createDecoder(schemaText: string): (payload: Buffer) => Decoded {
  const schema = compiled(schemaText)
  return (payload) => {
    const raw = readRaw(schema, payload)
    return raw.ok ? split(schema, raw.value) : raw
  }
}

export type KnownRead =
  | { readonly ok: true; readonly event: SynapEvent }
  | {
      readonly ok: false
      readonly reason: DecodeReason | 'unknown_type' | 'unknown_value'
      readonly detail: string
    }

/**
 * Reads an event as today's catalogue sees it: fields of tomorrow are dropped, fields its writer did not know take their
 * defaults (Avro's schema resolution). `unknown_type` and `unknown_value` (a word or bound of tomorrow) mean that newer
 * code is needed; every other reason means bad bytes. Never throws for a usable schema.
 */
export function readKnownEvent(writerSchemaText: string, payload: Buffer): KnownRead {
  const writer = compiled(writerSchemaText)
  const type = writer.eventType
  if (!isEventType(type)) return { ok: false, reason: 'unknown_type', detail: type }
  const reader = compiled(avscOf(type))
  const raw = readRaw(writer, payload, reader)
  if (!raw.ok) return raw
  const decoded = split(reader, raw.value)
  if (!decoded.ok) return decoded
  const { event } = decoded
  const envelope = envelopeSchema.safeParse(pick(raw.value, envelopeFieldNames))
  if (!envelope.success) return unknownValue(envelope.error.issues[0]?.path)
  const delta = deltaSchemaOf(type).safeParse(event.delta)
  if (!delta.success) return unknownValue(delta.error.issues[0]?.path)
  return {
    ok: true,
    event: { ...envelope.data, type, aggregateType: event.aggregateType, delta: delta.data } as SynapEvent,
  }
}

type Raw = { readonly ok: true; readonly value: Readonly<Record<string, unknown>> } | Refused

const resolvers = new WeakMap<CompiledSchema, Map<CompiledSchema, unknown>>()

function readRaw(writer: CompiledSchema, payload: Buffer, reader: CompiledSchema = writer): Raw {
  const refused = writer.walk(payload)
  if (refused !== undefined) return { ok: false, reason: refused.reason, detail: `at byte ${refused.offset}` }
  try {
    const resolver = reader === writer ? undefined : resolverOf(writer, reader)
    const { value } = reader.whole.decode(payload, 0, resolver as never)
    return { ok: true, value: value as Readonly<Record<string, unknown>> }
  } catch (error) {
    return { ok: false, reason: 'undecodable', detail: describeError(error).slice(0, 200) }
  }
}

/** Resolving costs 100 µs, reading 1 µs: one resolver for each pair of schemas. */
function resolverOf(writer: CompiledSchema, reader: CompiledSchema): unknown {
  const ofReader = resolvers.get(reader) ?? new Map<CompiledSchema, unknown>()
  resolvers.set(reader, ofReader)
  const existing = ofReader.get(writer)
  if (existing !== undefined) return existing
  const made = reader.whole.createResolver(writer.whole)
  if (ofReader.size >= 100) ofReader.clear()
  ofReader.set(writer, made)
  return made
}

function split(schema: CompiledSchema, value: Readonly<Record<string, unknown>>): Decoded {
  const problem = envelopeProblem(value)
  if (problem !== undefined) return { ok: false, reason: 'envelope', detail: problem }
  const { extraNames } = schema
  const event = {
    ...pick(value, envelopeFieldNames),
    type: schema.eventType,
    aggregateType: schema.aggregateType,
    delta: pick(value, schema.deltaNames),
    ...(extraNames.length === 0 ? {} : { extra: pick(value, extraNames) }),
    known: isEventType(schema.eventType),
  }
  return { ok: true, event: event as unknown as DecodedEvent }
}

/** What a consumer relies on to place an event, also one of tomorrow. */
function envelopeProblem(value: Readonly<Record<string, unknown>>): string | undefined {
  for (const name of envelopeFieldNames) if (value[name] === undefined) return `${name} is missing`
  for (const name of ['version', 'sequence', 'occurredAt'] as const) {
    const number = value[name]
    if (typeof number !== 'number') return `${name} is no number`
    if (number < (name === 'occurredAt' ? 0 : 1)) return `${name} is out of range`
  }
  return undefined
}

function pick(value: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {}
  for (const name of names) picked[name] = value[name]
  return picked
}

function unknownValue(path: readonly PropertyKey[] | undefined): KnownRead {
  return { ok: false, reason: 'unknown_value', detail: (path ?? []).map(String).join('.') }
}
