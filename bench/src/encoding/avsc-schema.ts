import { avscOf, type EventType } from '@synap/contracts'

/** A schema of the catalogue, as far as the other codecs are made from it. */
export type Schema =
  | string
  | readonly Schema[]
  | { type: 'record'; name: string; fields: readonly { name: string; type: Schema }[] }
  | { type: 'array'; items: Schema }
  | { type: 'fixed'; name: string; size: number }
  | { type: 'long'; logicalType: string }

export type Named = Extract<Schema, { name: string }>

/** The record of a type, and every named type in it by its name. */
export function readAvsc(type: EventType): {
  record: Extract<Schema, { type: 'record' }>
  named: Map<string, Named>
} {
  const record = JSON.parse(avscOf(type)) as Extract<Schema, { type: 'record' }>
  const named = new Map<string, Named>()
  collect(record, named)
  return { record, named }
}

function collect(schema: Schema, named: Map<string, Named>): void {
  if (typeof schema === 'string') return
  if (isUnion(schema)) return schema.forEach((branch) => collect(branch, named))
  if (schema.type === 'array') return collect(schema.items, named)
  if ('name' in schema) named.set(schema.name, schema)
  if (schema.type === 'record') for (const field of schema.fields) collect(field.type, named)
}

export const isUnion = (schema: Schema): schema is readonly Schema[] => Array.isArray(schema)

/** What a union with null holds besides null; anything else as it is, and a name as what it names. */
export function inner(schema: Schema, named: ReadonlyMap<string, Named>): Exclude<Schema, readonly Schema[]> {
  if (isUnion(schema)) return inner(schema.find((branch) => branch !== 'null') ?? 'null', named)
  return typeof schema === 'string' ? (named.get(schema) ?? schema) : schema
}
