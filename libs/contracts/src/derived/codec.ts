import { describeError, SynapError } from '@synap/core'
import type { Type } from 'avsc'
import { schemaFileOf } from '../avsc.ts'
import { avroType } from '../codec/avro-types.ts'
import type { Refused } from '../codec/decode.ts'
import { encodeWith } from '../codec/encode.ts'
import { parseSchema, partOf } from '../codec/schema-model.ts'
import { compileWalk, type Walk } from '../codec/walk.ts'
import { strictObject } from '../event/field.ts'
import { type DerivedRecord, type DerivedType, derivedRecords, derivedTypes } from './records.ts'

/** The bytes of a record, without frame. Throws SynapError `derived.invalid` (bug). */
export function encodeDerived(record: DerivedRecord): Buffer {
  const { type, ...value } = record
  const checked = validators[type].safeParse(value)
  if (!checked.success) {
    const [issue] = checked.error.issues
    throw new SynapError('a derived record is not what its type says', {
      code: 'derived.invalid',
      class: 'bug',
      fields: { type, field: issue?.path.join('.') ?? '', problem: issue?.code ?? '' },
    })
  }
  return encodeWith(ours(type).type, value)
}

export type DecodedDerived =
  | { readonly ok: true; readonly record: DerivedRecord }
  | Refused
  | { readonly ok: false; readonly reason: 'unknown_type' | 'unknown_value'; readonly detail: string }

/**
 * Reads a record (without frame) that was written with `writerSchemaText`, as today's code sees it. Never throws for a
 * usable schema; throws SynapError `schema.unusable` (data) otherwise.
 */
export function decodeDerived(writerSchemaText: string, payload: Buffer): DecodedDerived {
  const writer = compiledDerived(writerSchemaText)
  const type = derivedTypes.find((known) => known === writer.name)
  if (type === undefined) return { ok: false, reason: 'unknown_type', detail: writer.name }
  const refused = writer.walk(payload)
  if (refused !== undefined) return { ok: false, reason: refused.reason, detail: `at byte ${refused.offset}` }
  try {
    const reader = ours(type)
    writer.resolver ??= reader.type.createResolver(writer.type)
    const { value } = reader.type.decode(payload, 0, writer.resolver as never)
    const checked = validators[type].safeParse(value)
    if (checked.success) return { ok: true, record: { type, ...(checked.data as object) } as DerivedRecord }
    return { ok: false, reason: 'unknown_value', detail: checked.error.issues[0]?.path.join('.') ?? '' }
  } catch (error) {
    return { ok: false, reason: 'undecodable', detail: describeError(error).slice(0, 200) }
  }
}

interface Compiled {
  readonly name: string
  readonly type: Type
  readonly walk: Walk
  resolver?: unknown
}

const validators = {
  'synap.derived.Extracted': strictObject(derivedRecords['synap.derived.Extracted'].fields),
  'synap.derived.Embedded': strictObject(derivedRecords['synap.derived.Embedded'].fields),
  'synap.derived.ModelChosen': strictObject(derivedRecords['synap.derived.ModelChosen'].fields),
} as const

const cache = new Map<string, Compiled>()

function ours(type: DerivedType): Compiled {
  return compiledDerived(schemaFileOf(type).text)
}

function compiledDerived(text: string): Compiled {
  const existing = cache.get(text)
  if (existing !== undefined) return existing
  const model = parseSchema(text)
  const made: Compiled = {
    name: model.name,
    type: avroType(partOf(model, model.name, model.fields), 'buffer'),
    walk: compileWalk(model),
  }
  if (cache.size >= 100) cache.clear()
  cache.set(text, made)
  return made
}
