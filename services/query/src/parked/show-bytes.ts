import {
  avscOf,
  createDecoder,
  type DecodedEvent,
  eventTypes,
  fingerprintOf,
  messageHeaders,
  type ParkedEvent,
  parseDerivedKey,
  parseFrame,
} from '@synap/contracts'
import { isUuid } from '@synap/core'
import type { ParkedRow } from '../sql/parked.ts'

/**
 * What an operator sees of somebody's event: where it belongs, and its shape. Never its content: a title, a preview and
 * the words of a tag are not needed to repair anything, and operators are not the users.
 */
export function showBytes(row: ParkedRow): Pick<ParkedEvent, 'key' | 'headers' | 'bytes' | 'decoded'> {
  return {
    key: showKey(row.key),
    headers: showHeaders(row.headers ?? {}),
    bytes: row.bytes === null || row.sha256 === null ? null : { length: row.bytes, sha256: row.sha256 },
    decoded: decode(row),
  }
}

function showKey(key: string | null): string | null {
  return key !== null && (isUuid(key) || parseDerivedKey(key) !== undefined) ? key : null
}

const known = new Set<string>(Object.values(messageHeaders))
const longest = 200
/** Ids, numbers, times, names of types: none has a blank, or a letter beyond ASCII. */
const plainValue = /^[\x21-\x7e]{1,200}$/
const plainName = /^[\w-]{1,60}$/

/** At most this many: a record can bring thousands. */
const mostHeaders = 40

function showHeaders(headers: Record<string, string>): Record<string, string> {
  const shown = Object.entries(headers)
    .slice(0, mostHeaders)
    .map(([name, value]): [string, string] => [
      plainName.test(name) ? name : `(a name of ${name.length} characters)`,
      known.has(name) && plainValue.test(value) && value.length <= longest ? value : lengthOf(value),
    ])
  return Object.fromEntries(shown)
}

const lengthOf = (text: string) => `(${text.length} characters)`

type Shown = ParkedEvent['decoded']

const not = (note: string): Shown => ({ outcome: 'not', note, envelope: null, fields: null })

function decode({ bytes, value, slot, topic, headers }: ParkedRow): Shown {
  if (bytes === null) return not('there are no bytes')
  if (value === null) return not('kept undecoded: too long, or deadly for who decodes it')
  if (!slot && topic?.includes('derived') === true) return not('a derived record: its key says what it is of')
  const framed = parseFrame(value)
  if (framed.refused !== undefined) return not(`frame: ${framed.refused}`)
  const decoder = decoderOf(headers?.[messageHeaders.schema] ?? '')
  if (decoder === undefined) return not(`schema ${framed.schemaId} is not one of this version`)
  const decoded = decoder(framed.payload)
  return decoded.ok ? show(decoded.event) : not(`${decoded.reason}: ${decoded.detail}`)
}

const decoders = new Map<string, ReturnType<typeof createDecoder>>()

/** By the fingerprint of the writer's schema; only those of this version are at hand. */
function decoderOf(fingerprint: string): ReturnType<typeof createDecoder> | undefined {
  if (decoders.size === 0) {
    for (const type of eventTypes) {
      const text = avscOf(type)
      decoders.set(fingerprintOf(text).toString('hex'), createDecoder(text))
    }
  }
  return decoders.get(fingerprint)
}

function show(event: DecodedEvent): Shown {
  const { type, id, userId, aggregateId, version, sequence, occurredAt, causationId, correlationId } = event
  const envelope = { type, id, userId, aggregateId, version, sequence, causationId, correlationId }
  return {
    outcome: 'decoded',
    note: null,
    envelope: { ...envelope, occurredAt: new Date(occurredAt).toISOString() },
    fields: Object.fromEntries(Object.entries(event.delta).map(([name, value]) => [name, shapeOf(value)])),
  }
}

function shapeOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return `text ${lengthOf(value)}`
  if (Array.isArray(value)) return `list of ${value.length}`
  return typeof value
}
