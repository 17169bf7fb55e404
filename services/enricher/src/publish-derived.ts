import {
  type DerivedPlace,
  type DerivedRecord,
  type DerivedType,
  derivedHeaders,
  derivedKey,
  encodeDerived,
  fingerprintOf,
  frame,
  partitionOf,
  schemaFileOf,
  type TraceContext,
  topics,
} from '@synap/contracts'
import { withDeadline } from '@synap/core'
import type { OutboundMessage, Publisher } from '@synap/messaging'
import { attributes, currentTrace, withSpan } from '@synap/telemetry'

export interface DerivedPublisher {
  /** Resolves when every record is stored for good. Rejects with class `dependency` after `publishDeadlineMs`. */
  publish(records: readonly DerivedRecord[], signal: AbortSignal): Promise<void>
  /** Puts a tombstone on each place. */
  bury(places: readonly DerivedPlace[], signal: AbortSignal): Promise<void>
}

/** A topic that is away ends a try of a step, which then comes again by itself. */
const publishDeadlineMs = 8_000
/** Places are in the thousands for a whole user; a batch should not be. */
const tombstonesPerBatch = 500

/**
 * Writes to the compacted topic. The key names the record, the *partition* is that of the user, so that one user's
 * derived data are in order with each other and found in one place.
 */
export function createDerivedPublisher(options: {
  publisher: Publisher
  topic: string
  /** Registry ids of the derived schemas. */
  schemaIds: ReadonlyMap<DerivedType, number>
}): DerivedPublisher {
  const { publisher, topic, schemaIds } = options

  const send = (messages: readonly OutboundMessage[], signal: AbortSignal) =>
    withDeadline('the derived topic', publishDeadlineMs, signal, (deadline) =>
      publisher.publish(topic, messages, deadline),
    )

  const inSpan = (count: number, work: (trace: TraceContext) => Promise<void>) =>
    withSpan(
      `send ${topic}`,
      {
        kind: 'producer',
        attributes: {
          [attributes.messagingSystem]: 'kafka',
          [attributes.messagingDestination]: topic,
          [attributes.messagingOperation]: 'send',
          [attributes.messagingOperationType]: 'send',
          [attributes.messagingBatchSize]: count,
        },
      },
      () => work(currentTrace() ?? {}),
    )

  return {
    publish: (records, signal) =>
      inSpan(records.length, (trace) =>
        send(
          records.map((record) => messageOf(record, schemaIds.get(record.type) ?? 0, trace)),
          signal,
        ),
      ),
    bury: (places, signal) =>
      inSpan(places.length, async (trace) => {
        for (let start = 0; start < places.length; start += tombstonesPerBatch) {
          const batch = places.slice(start, start + tombstonesPerBatch)
          await send(
            batch.map((place) => ({
              key: derivedKey(place),
              value: null,
              headers: derivedHeaders(place, undefined, trace),
              partition: partitionOf(place.userId, topics.derived.partitions),
            })),
            signal,
          )
        }
      }),
  }
}

function messageOf(record: DerivedRecord, schemaId: number, trace: TraceContext): OutboundMessage {
  return {
    key: derivedKey(record),
    value: frame(schemaId, encodeDerived(record)),
    headers: derivedHeaders(record, fingerprintOf(schemaFileOf(record.type).text), trace),
    partition: partitionOf(record.userId, topics.derived.partitions),
  }
}
