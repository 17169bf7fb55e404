import { z } from 'zod'
import { cleanText } from '../text.ts'

/** An Avro schema as JSON; named types stand in full wherever they are used, `avsc.ts` writes them once. */
export type AvroSchema =
  | string
  | readonly AvroSchema[]
  | { readonly type: string; readonly [attribute: string]: unknown }

/** One field of an event: its validation (hence its TypeScript type), its Avro type and its meaning. */
export interface Field<Value> {
  readonly zod: z.ZodType<Value>
  readonly avro: AvroSchema
  readonly doc: string
  /** Avro's default. Required for a field added to a type that has been published. */
  readonly fallback?: { readonly value: unknown }
}

export type Fields = Readonly<Record<string, Field<unknown>>>
export type ValueOf<F> = F extends Field<infer Value> ? Value : never
export type ValuesOf<F extends Fields> = { readonly [Name in keyof F]: ValueOf<F[Name]> }

const uuidAvro = { type: 'fixed', name: 'Uuid', size: 16, doc: 'A UUID, big endian.' } as const
const traceAvro = { type: 'fixed', name: 'TraceId', size: 16, doc: 'A W3C trace id.' } as const
const sha256Avro = { type: 'fixed', name: 'Sha256', size: 32, doc: 'A SHA-256 hash.' } as const

const uuidText = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'must be a lower-case UUID')

/** Validation of a branded id. The brand is a promise of the type system; at run time it is a canonical UUID. */
export function idSchema<Id extends string>(): z.ZodType<Id> {
  return uuidText as unknown as z.ZodType<Id>
}

/** Sixteen bytes on the wire, canonical text in TypeScript. */
export function uuid<Id extends string>(doc: string): Field<Id> {
  return { zod: idSchema<Id>(), avro: uuidAvro, doc }
}

/** Sixteen bytes on the wire, 32 hexadecimal characters in TypeScript. */
export function traceId(doc: string): Field<string> {
  return {
    zod: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal characters'),
    avro: traceAvro,
    doc,
  }
}

/** Thirty-two bytes on the wire, 64 hexadecimal characters in TypeScript. */
export function sha256(doc: string): Field<string> {
  return {
    zod: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal characters'),
    avro: sha256Avro,
    doc,
  }
}

export function text(doc: string, bounds: { max: number; min?: number }): Field<string> {
  return { zod: cleanText(bounds.max, bounds.min ?? 0), avro: 'string', doc }
}

/** A string whose shape another schema knows (a due date, a colour). */
export function textAs(doc: string, schema: z.ZodType<string>): Field<string> {
  return { zod: schema, avro: 'string', doc }
}

/** A string in Avro, a closed union in TypeScript. */
export function vocabulary<const Word extends string>(doc: string, words: readonly Word[]): Field<Word> {
  return { zod: z.enum(words), avro: 'string', doc }
}

export function int(doc: string, bounds: { min: number; max: number }): Field<number> {
  return { zod: z.int().min(bounds.min).max(bounds.max), avro: 'int', doc }
}

/** One of a few small numbers, an int in Avro. */
export function intOf<const N extends number>(doc: string, values: readonly N[]): Field<N> {
  return { zod: z.literal(values as N[]), avro: 'int', doc }
}

/** At most 2^53 − 2, the largest long that avsc reads without loss. */
export function long(doc: string, bounds: { min: number }): Field<number> {
  return { zod: z.int().min(bounds.min).max(9_007_199_254_740_990), avro: 'long', doc }
}

/** Milliseconds since 1970, as far as a `Date` reaches. */
export function timestamp(doc: string): Field<number> {
  return {
    zod: z.int().min(0).max(8_640_000_000_000_000),
    avro: { type: 'long', logicalType: 'timestamp-millis' },
    doc,
  }
}

/** 0 to 1. A double, so that 0.9 is 0.9 everywhere. */
export function ratio(doc: string): Field<number> {
  return { zod: z.number().min(0).max(1), avro: 'double', doc }
}

export function flag(doc: string): Field<boolean> {
  return { zod: z.boolean(), avro: 'boolean', doc }
}

/** Null first, and the default: a reader may drop the field one day. */
export function nullable<Value>(field: Field<Value>): Field<Value | null> {
  return {
    zod: field.zod.nullable(),
    avro: ['null', field.avro],
    doc: field.doc,
    fallback: { value: null },
  }
}

export function list<Value>(doc: string, item: Field<Value>, max: number): Field<readonly Value[]> {
  return {
    zod: z.array(item.zod).max(max),
    avro: { type: 'array', items: item.avro },
    doc,
    fallback: { value: [] },
  }
}

/** A nested record, named `synap.events.<name>` in the schemas that use it. */
export function record<F extends Fields>(name: string, doc: string, fields: F): Field<ValuesOf<F>> {
  return { zod: strictObject(fields), avro: { type: 'record', name, doc, fields: avroFields(fields) }, doc }
}

/** The same field with another meaning: one nested record in two places. */
export function meaning<Value>(doc: string, field: Field<Value>): Field<Value> {
  return { ...field, doc }
}

/** A field added after its type was published: readers of older events see `value`. */
export function addedLater<Value>(field: Field<Value>, value: Value): Field<Value> {
  return { ...field, fallback: { value } }
}

export function strictObject<F extends Fields>(fields: F): z.ZodType<ValuesOf<F>> {
  const shape = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.zod]))
  return z.strictObject(shape) as unknown as z.ZodType<ValuesOf<F>>
}

export function avroFields(
  fields: Fields,
): { name: string; type: AvroSchema; doc: string; default?: unknown }[] {
  return Object.entries(fields).map(([name, { avro, doc, fallback }]) => ({
    name,
    type: avro,
    doc,
    ...(fallback === undefined ? {} : { default: fallback.value }),
  }))
}
