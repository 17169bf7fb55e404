import { type EventType, eventTypes } from '@synap/contracts'
import { bytesToUuid, uuidToBytes } from '@synap/core'
import { inner, type Named, readAvsc, type Schema } from './avsc-schema.ts'
import type { FlatEvent } from './codec.ts'

type Convert = (value: unknown) => unknown

interface Conversions {
  /** Ids and hashes from text to bytes. */
  pack: (event: FlatEvent) => Record<string, unknown>
  /** And back. */
  unpack: (event: FlatEvent) => Record<string, unknown>
}

type OfFixed = (fixed: { name: string }) => Convert

const isUuid = (name: string) => name === 'Uuid'
const packOf: OfFixed = ({ name }) =>
  isUuid(name) ? (text) => uuidToBytes(text as string) : (text) => Buffer.from(text as string, 'hex')
const unpackOf: OfFixed = ({ name }) => {
  const buffer = (bytes: unknown) =>
    Buffer.from((bytes as Uint8Array).buffer, (bytes as Uint8Array).byteOffset, (bytes as Uint8Array).length)
  return isUuid(name) ? (bytes) => bytesToUuid(buffer(bytes)) : (bytes) => buffer(bytes).toString('hex')
}

/** For codecs that know bytes but not our ids: made once per type, so that only what holds an id is touched. */
export const conversions = new Map<EventType, Conversions>(
  eventTypes.map((type) => {
    const { record, named } = readAvsc(type)
    return [
      type,
      {
        pack: recordConverter(record.fields, named, packOf) as Conversions['pack'],
        unpack: recordConverter(record.fields, named, unpackOf) as Conversions['unpack'],
      },
    ]
  }),
)

function recordConverter(
  fields: readonly { name: string; type: Schema }[],
  named: ReadonlyMap<string, Named>,
  ofFixed: OfFixed,
): Convert {
  const converters = fields.flatMap(({ name, type }) => {
    const convert = converterOf(type, named, ofFixed)
    return convert === undefined ? [] : [[name, convert] as const]
  })
  return (value) => {
    const converted = { ...(value as Record<string, unknown>) }
    for (const [name, convert] of converters) {
      const one = converted[name]
      if (one !== null && one !== undefined) converted[name] = convert(one)
    }
    return converted
  }
}

/** Undefined when nothing in it has to be converted. */
function converterOf(
  schema: Schema,
  named: ReadonlyMap<string, Named>,
  ofFixed: OfFixed,
): Convert | undefined {
  const one = inner(schema, named)
  if (typeof one === 'string') return undefined
  if (one.type === 'fixed') return ofFixed(one)
  if (one.type === 'array') {
    const convert = converterOf(one.items, named, ofFixed)
    return convert === undefined ? undefined : (list) => (list as unknown[]).map(convert)
  }
  if (one.type !== 'record') return undefined
  const needed = one.fields.some(({ type }) => converterOf(type, named, ofFixed) !== undefined)
  return needed ? recordConverter(one.fields, named, ofFixed) : undefined
}
