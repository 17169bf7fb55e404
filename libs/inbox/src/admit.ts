import { createHash } from 'node:crypto'
import { aggregateTypeOf, isEventType, parseEventHeaders } from '@synap/contracts'
import type { UserId } from '@synap/core'
import type { Arrival, Verdict } from './gate.ts'
import { type MessageSpan, startMessageSpan } from './spans.ts'
import type { Source } from './sql/parked.ts'
import type { InboxOptions, PlacedEvent, Placement, Refusal } from './types.ts'

/** A record with everything that can be known of it before the database is asked. */
export type Admitted<E> =
  /** Nothing says where it belongs. */
  | { kind: 'unplaced'; source: Source; refusal: Refusal; span: MessageSpan }
  | {
      kind: 'placed'
      source: Source
      arrival: Arrival
      /** Absent when it could not be decoded. */
      event?: PlacedEvent<E>
      detail: string | null
      span: MessageSpan
    }
  /** Ingest has no event with this sequence. */
  | { kind: 'absent'; userId: UserId; sequence: number }

export type Placed<E> = Extract<Admitted<E>, { kind: 'placed' }>

export type AdmitOptions<E> = Pick<InboxOptions<E>, 'consumer' | 'decode' | 'unknownTypes'>

/**
 * Reads the place from the headers, decodes, and compares the two with the key. `undecoded` leaves the bytes alone: they
 * have killed the process before. Rejects when the record is not to blame (registry down, schema not what it was).
 */
export async function admit<E>(
  options: AdmitOptions<E>,
  topic: string,
  source: Source,
  how: { undecoded: boolean; signal: AbortSignal | undefined },
): Promise<Admitted<E>> {
  const headers = parseEventHeaders(source.headers)
  const span = startMessageSpan(options.consumer, topic, source, headers.ok ? headers : {})
  if (!headers.ok) return unplaced(source, span, 'headers_unusable', headers.reason)
  const { id, type, userId, aggregateId, version, sequence } = headers
  const aggregateType = isEventType(type) ? aggregateTypeOf(type) : null
  const placement: Placement = { id, type, userId, aggregateId, aggregateType, version, sequence }
  if (source.key !== userId)
    return unplaced(source, span, 'inconsistent', 'the key is not the user of the headers')
  const placed = (verdict: Verdict, detail: string | null, event?: PlacedEvent<E>): Admitted<E> => ({
    kind: 'placed',
    source,
    arrival: {
      placement,
      verdict,
      get digest() {
        return digestOf(source.value)
      },
    },
    ...(event === undefined ? {} : { event }),
    detail,
    span,
  })
  if (how.undecoded)
    return placed({ kind: 'park', reason: 'killer' }, 'the process died while it decoded this record')

  const decoded = await options.decode(source.value, source.headers, how.signal)
  if (!decoded.ok) {
    if (decoded.reason !== 'undecodable') return unplaced(source, span, decoded.reason, decoded.detail)
    return placed({ kind: 'park', reason: 'undecodable' }, decoded.detail)
  }
  const difference = compared.find((name) => decoded.envelope[name] !== placement[name])
  if (difference !== undefined)
    return unplaced(source, span, 'inconsistent', `headers and payload differ in ${difference}`)
  const verdict = verdictOf(options.unknownTypes, decoded.known)
  if (decoded.event === null) return placed(verdict, `needs newer code: ${type}`)
  const { traceparent, tracestate } = span
  return placed(verdict, decoded.known ? null : `needs newer code: ${type}`, {
    ...placement,
    event: decoded.event,
    schema: decoded.schema,
    traceparent,
    tracestate,
    sender: { traceparent: headers.traceparent ?? null, tracestate: headers.tracestate ?? null },
    headers: source.headers,
    record: source.record,
  })
}

const compared = ['id', 'type', 'userId', 'aggregateId', 'version', 'sequence'] as const

function unplaced<E>(
  source: Source,
  span: MessageSpan,
  reason: Refusal['reason'],
  detail: string,
): Admitted<E> {
  return { kind: 'unplaced', source, refusal: { reason, detail }, span }
}

function verdictOf(unknownTypes: 'apply' | 'park' | 'skip', known: boolean): Verdict {
  if (known || unknownTypes === 'apply') return { kind: 'apply' }
  return unknownTypes === 'skip' ? { kind: 'skip' } : { kind: 'park', reason: 'needs_newer_code' }
}

/** Hex SHA-256 of a record's bytes; null when there are none. */
export function digestOf(value: Buffer | null): string | null {
  return value === null ? null : createHash('sha256').update(value).digest('hex')
}
