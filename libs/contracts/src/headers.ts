import { type AggregateId, type EventId, isUuid, type UserId } from '@synap/core'
import type { Envelope } from './event/envelope.ts'

/** Names of the headers of a message on the events topic (the derived topic has a part of them). */
export const messageHeaders = {
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  specVersion: 'ce_specversion',
  id: 'ce_id',
  source: 'ce_source',
  type: 'ce_type',
  subject: 'ce_subject',
  time: 'ce_time',
  contentType: 'content-type',
  user: 'synap-user',
  aggregate: 'synap-aggregate',
  version: 'synap-version',
  sequence: 'synap-sequence',
  schema: 'synap-schema',
} as const

/** The value is Avro in Confluent's wire format: 0x00, schema id, record. No registered media type says that. */
export const wireContentType = 'application/vnd.confluent.avro'
/** CloudEvents `source` of everything that ingest's relay publishes. */
export const eventSourceUri = '/synap/ingest'

export interface TraceContext {
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
}

/** What one needs to place and park an event without decoding it. `time` is milliseconds since 1970. */
export interface EventHeaders extends TraceContext {
  readonly id: EventId
  readonly type: string
  readonly userId: UserId
  readonly aggregateId: AggregateId
  readonly version: number
  readonly sequence: number
  readonly time: number
  /** SHA-256 of the writer's `.avsc`, 64 hexadecimal characters. */
  readonly fingerprint: string
}

type Placed = Pick<Envelope, 'id' | 'userId' | 'aggregateId' | 'version' | 'sequence' | 'occurredAt'>

/** Headers of an event message: W3C trace context, CloudEvents 1.0 in binary mode, and its place. */
export function eventHeaders(
  event: Placed & { readonly type: string },
  fingerprint: Buffer | string,
  trace: TraceContext = {},
): Record<string, string> {
  const names = messageHeaders
  return {
    ...traceHeaders(trace),
    [names.specVersion]: '1.0',
    [names.id]: event.id,
    [names.source]: eventSourceUri,
    [names.type]: event.type,
    [names.subject]: event.aggregateId,
    [names.time]: new Date(event.occurredAt).toISOString(),
    [names.contentType]: wireContentType,
    [names.user]: event.userId,
    [names.aggregate]: event.aggregateId,
    [names.version]: String(event.version),
    [names.sequence]: String(event.sequence),
    [names.schema]: typeof fingerprint === 'string' ? fingerprint : fingerprint.toString('hex'),
  }
}

/** Headers of a message on the derived topic; a tombstone has them too, without a schema. */
export function derivedHeaders(
  place: { readonly userId: UserId },
  fingerprint?: Buffer | string,
  trace: TraceContext = {},
): Record<string, string> {
  const hex = typeof fingerprint === 'string' ? fingerprint : fingerprint?.toString('hex')
  return {
    ...traceHeaders(trace),
    [messageHeaders.user]: place.userId,
    ...(hex === undefined
      ? {}
      : { [messageHeaders.contentType]: wireContentType, [messageHeaders.schema]: hex }),
  }
}

export type ParsedEventHeaders =
  | ({ readonly ok: true } & EventHeaders)
  | { readonly ok: false /** The header that is missing or not what it must be. */; readonly reason: string }

/** Reads the headers of an event message; never throws. A malformed trace context is left out, not refused. */
export function parseEventHeaders(headers: Readonly<Record<string, string | undefined>>): ParsedEventHeaders {
  const names = messageHeaders
  const uuids = [names.id, names.user, names.aggregate].find((name) => !isUuid(headers[name] ?? ''))
  if (uuids !== undefined) return { ok: false, reason: uuids }
  const type = headers[names.type] ?? ''
  if (!/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,2}$/.test(type) || type.length > 100) {
    return { ok: false, reason: names.type }
  }
  const version = positive(headers[names.version], 2_147_483_647)
  if (version === undefined) return { ok: false, reason: names.version }
  const sequence = positive(headers[names.sequence], 9_007_199_254_740_990)
  if (sequence === undefined) return { ok: false, reason: names.sequence }
  const time = timeOf(headers[names.time])
  if (time === undefined) return { ok: false, reason: names.time }
  const fingerprint = headers[names.schema] ?? ''
  if (!/^[0-9a-f]{64}$/.test(fingerprint)) return { ok: false, reason: names.schema }
  return {
    ok: true,
    id: headers[names.id] as EventId,
    userId: headers[names.user] as UserId,
    aggregateId: headers[names.aggregate] as AggregateId,
    type,
    version,
    sequence,
    time,
    fingerprint,
    ...parseTrace(headers),
  }
}

const traceparentPattern = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

function parseTrace(headers: Readonly<Record<string, string | undefined>>): TraceContext {
  const { traceparent, tracestate } = headers as { traceparent?: string; tracestate?: string }
  if (traceparent === undefined || !traceparentPattern.test(traceparent)) return {}
  return tracestate === undefined || tracestate === '' || tracestate.length > 512
    ? { traceparent }
    : { traceparent, tracestate }
}

function traceHeaders({ traceparent, tracestate }: TraceContext): Record<string, string> {
  return {
    ...(traceparent === undefined ? {} : { [messageHeaders.traceparent]: traceparent }),
    ...(tracestate === undefined || tracestate === '' ? {} : { [messageHeaders.tracestate]: tracestate }),
  }
}

/** One spelling of a number only, so that equal headers are equal bytes. */
function positive(text: string | undefined, max: number): number | undefined {
  if (text === undefined || !/^[1-9][0-9]{0,15}$/.test(text)) return undefined
  const value = Number(text)
  return value <= max ? value : undefined
}

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}
