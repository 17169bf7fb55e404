import {
  chosenModelPlace,
  type DerivedRecord,
  decodeDerived,
  derivedKey,
  messageHeaders,
  parseDerivedKey,
  parseFrame,
} from '@synap/contracts'
import { describeError, errorClass, SynapError, sha256Hex } from '@synap/core'
import type { InboundMessage } from '@synap/messaging'
import type { ReadDerived } from './project-derived.ts'

/** The dimensions of the column that holds vectors. */
const dimensions = 1536
/** Of a longer text, the beginning is found by words; all of it by meaning. */
export const lexedBytes = 1_048_576

export interface ReadDerivedOptions {
  /** The schema registered under an id; undefined when the registry does not know it. */
  schemaById: (id: number, signal: AbortSignal | undefined) => Promise<string | undefined>
  /** The first `maxBytes` of a text object; undefined when there is no such object. */
  readText: (key: string, maxBytes: number, signal: AbortSignal | undefined) => Promise<string | undefined>
}

type Message = Pick<InboundMessage, 'key' | 'value' | 'headers'>
type Result = { ok: true; record: ReadDerived } | { ok: false; detail: string }

/** Reads records of the derived topic, with the text object that an extraction points to. */
export function createDerivedReader(options: ReadDerivedOptions) {
  const schemas = new Map<number, { text: string; fingerprint: string }>()

  const findSchema = async (id: number, headers: Message['headers'], signal: AbortSignal | undefined) => {
    const known = schemas.get(id)
    const text = known?.text ?? (await options.schemaById(id, signal))
    if (text === undefined)
      throw halt('schema.unknown_id', 'the registry does not know the schema of a record', id)
    const schema = known ?? { text, fingerprint: sha256Hex(text) }
    schemas.set(id, schema)
    if (schema.fingerprint === headers[messageHeaders.schema]) return schema.text
    throw halt('schema.fingerprint_mismatch', 'the registry holds another schema than the record names', id)
  }

  return async (message: Message, signal: AbortSignal | undefined): Promise<Result> => {
    const place = parseDerivedKey(message.key ?? '')
    if (place === undefined) return refused('key: not one of this topic')
    if (message.value === null) {
      return { ok: true, record: { change: { kind: 'tombstone', place }, body: null } }
    }
    const framed = parseFrame(message.value)
    if (framed.refused !== undefined) return refused(`frame: ${framed.refused}`)
    const schema = await findSchema(framed.schemaId, message.headers, signal)
    const decoded = decodeDerived(schema, framed.payload)
    if (!decoded.ok) return refused(`${decoded.reason}: ${decoded.detail}`)
    const { record } = decoded
    const problem = findProblem(record, place)
    if (problem !== undefined) return refused(problem)
    try {
      const body = await readBody(options, record, signal)
      return { ok: true, record: { change: { kind: 'record', record }, body } }
    } catch (error) {
      if (errorClass(error) !== 'data') throw error
      return refused(`text: ${describeError(error)}`)
    }
  }
}

/** What makes a well-formed record unusable here; undefined when nothing does. */
function findProblem(
  record: DerivedRecord,
  place: NonNullable<ReturnType<typeof parseDerivedKey>>,
): string | undefined {
  const names = ['userId', 'entityId', 'contentHash', 'producer', 'block'] as const
  const other = names.find((name) => record[name] !== place[name])
  if (other !== undefined) return `key and record disagree on ${other}`
  if (record.block >= record.blockCount) return 'block: not below the count of blocks'
  if (record.type === 'synap.derived.Extracted') {
    // The key decides whose text gets into whose index.
    const own = record.textKey === null || record.textKey.startsWith(`users/${record.userId}/`)
    return own ? undefined : 'textKey: not one of the user'
  }
  if (record.type === 'synap.derived.ModelChosen') {
    return derivedKey(place) === derivedKey(chosenModelPlace(record.userId))
      ? undefined
      : 'key: not its place'
  }
  if (record.dimensions !== dimensions) return `dimensions: ${record.dimensions} in place of ${dimensions}`
  const wrong = record.vectors.some(({ values }) => values.length !== dimensions * 2 || !isFinite16(values))
  if (wrong) return 'values: not as many finite numbers as dimensions'
  const chunks = new Set(record.vectors.map(({ chunk }) => chunk))
  return chunks.size === record.vectors.length ? undefined : 'vectors: a chunk comes twice'
}

/** True when no half precision number is infinite or NaN: their exponent (bits 10–14) has all bits set. */
function isFinite16(bytes: Uint8Array): boolean {
  for (let index = 1; index < bytes.length; index += 2)
    if (((bytes[index] ?? 0) & 0x7c) === 0x7c) return false
  return true
}

async function readBody(
  { readText }: ReadDerivedOptions,
  record: DerivedRecord,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  if (record.type !== 'synap.derived.Extracted' || record.block !== 0 || record.textKey === null) return null
  const text = await readText(record.textKey, lexedBytes, signal)
  // Postgres text refuses NUL; it is no part of a word.
  return text === undefined ? null : text.replaceAll('\0', ' ')
}

function refused(detail: string): Result {
  return { ok: false, detail }
}

function halt(code: string, why: string, schemaId: number): SynapError {
  return new SynapError(why, { code, class: 'configuration', fields: { schemaId } })
}
