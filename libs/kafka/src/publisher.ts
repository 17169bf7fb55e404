import { SynapError } from '@synap/core'
import { createTurnQueue, type Publisher, splitByBytes } from '@synap/messaging'
import type { KafkaOptions } from './client.ts'
import { createResender } from './resender.ts'

export interface PublisherOptions {
  /** Uncompressed bytes of one send; below the topics' `max.message.bytes`. A larger call becomes several sends. */
  maxBatchBytes?: number
  /** Smaller sends are not worth packing. */
  gzipAboveBytes?: number
  /** Milliseconds before a failed batch is sent again: first, and at most. */
  retry?: { baseMs: number; capMs: number }
}

const defaults = {
  maxBatchBytes: 900 * 1024,
  gzipAboveBytes: 1_024,
  retry: { baseMs: 50, capMs: 5_000 },
} satisfies PublisherOptions

/**
 * A publisher on Kafka: not idempotent, all replicas acknowledge, no retries inside kafkajs, one batch in flight. A
 * failed batch is sent again whole, by a new producer on new connections, until every partition has acknowledged it.
 */
export function createPublisher(kafka: KafkaOptions, options: PublisherOptions = {}): Publisher {
  const settings = { ...defaults, ...options }
  const queue = createTurnQueue()
  const closing = new AbortController()
  const resender = createResender(kafka, settings)
  /** Callers come again with the same signal, and to join two takes longer than to send. */
  const joined = new WeakMap<AbortSignal, AbortSignal>()
  return {
    publish(topic, messages, outer) {
      const signal = joined.get(outer) ?? AbortSignal.any([outer, closing.signal])
      joined.set(outer, signal)
      return queue.run(signal, async () => {
        let first = 0
        for (const batch of splitByBytes(messages, settings.maxBatchBytes)) {
          await resender.deliver(topic, batch, first, signal)
          first += batch.length
        }
      })
    },
    health: () => ({ ...resender.health }),
    async close() {
      closing.abort(
        new SynapError('the publisher has been closed', { code: 'publisher.closed', class: 'configuration' }),
      )
      resender.discard()
    },
  }
}
