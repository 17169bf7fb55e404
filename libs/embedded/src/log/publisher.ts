import { partitionOf } from '@synap/contracts'
import { backoffMs, describeError, errorClass, SynapError, wait } from '@synap/core'
import {
  approximateBytes,
  createTurnQueue,
  type Logger,
  type OutboundMessage,
  type Publisher,
  type PublisherHealth,
  splitByBytes,
} from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import type { Heads } from './heads.ts'
import { appendRecords, type NewRecord } from './sql/append-records.ts'
import { findTopic } from './sql/partitions.ts'

export interface PublisherParts {
  pool: Pool
  heads: Heads
  logger: Logger
  /** Aborts when the log closes. */
  closed: AbortSignal
}

interface Topic {
  partitions: number
  maxBytes: number
}

/** One call is one statement up to here; a larger one becomes several, in order. */
const batchLimits = { bytes: 512 * 1024, messages: 2_000 }
const retry = { baseMs: 50, capMs: 5_000 }
const defaultMaxBytes = 1_048_588

/**
 * A publisher on the log table. One batch in flight; a batch whose outcome is unknown is sent again, as on Kafka, so a
 * record may be there twice.
 */
export function createLocalPublisher({ pool, heads, logger, closed }: PublisherParts): Publisher {
  const queue = createTurnQueue()
  const closing = new AbortController()
  const health: PublisherHealth = { ready: true, reason: null, attempts: 0 }
  const topics = new Map<string, Topic>()

  /** Does it again until it succeeds, or fails on something that waiting does not mend. */
  const insist = async <T>(signal: AbortSignal, topic: string, work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        const result = await work()
        Object.assign(health, { ready: true, reason: null, attempts: 0 })
        return result
      } catch (error) {
        signal.throwIfAborted()
        if (errorClass(error) !== 'dependency') throw error
        const attempts = health.attempts + 1
        Object.assign(health, { ready: false, reason: describeError(error), attempts })
        logger.warn(
          { topic, attempts, error: describeError(error) },
          'publish failed, sending the batch again',
        )
        await wait(backoffMs(attempts, retry), signal)
      }
    }
  }

  const topicOf = async (name: string, signal: AbortSignal): Promise<Topic> => {
    const known = topics.get(name)
    if (known !== undefined) return known
    const row = await findTopic(pool, name, signal)
    if (row === undefined) throw unknownTopic(name)
    const maxBytes = Number(row.config['max.message.bytes'] ?? defaultMaxBytes)
    const found = { partitions: row.partitions, maxBytes }
    topics.set(name, found)
    return found
  }

  const publish = async (name: string, messages: readonly OutboundMessage[], signal: AbortSignal) => {
    const topic = await insist(signal, name, () => topicOf(name, signal))
    for (const { partition } of messages) assertPartition(name, topic, partition)
    const tooLarge = messages.findIndex((message) => approximateBytes(message) > topic.maxBytes)
    const storable = tooLarge === -1 ? messages : messages.slice(0, tooLarge)
    for (const batch of splitByBytes(storable, batchLimits.bytes, batchLimits.messages)) {
      const records = batch.map((message) => toRecord(message, topic.partitions))
      const ends = await insist(signal, name, () => appendRecords(pool, name, records, signal))
      for (const { partition, high } of ends) heads.advance(name, partition, high)
    }
    if (tooLarge !== -1) throw messageTooLarge(name, tooLarge)
  }

  return {
    publish(topic, messages, outer) {
      const signal = AbortSignal.any([outer, closing.signal, closed])
      return queue.run(signal, () => publish(topic, messages, signal))
    },
    health: () => ({ ...health }),
    async close() {
      closing.abort(publisherClosed())
    },
  }
}

function toRecord(message: OutboundMessage, partitions: number): NewRecord {
  const { key, value, headers } = message
  const partition = message.partition ?? partitionOf(key, partitions)
  return { partition, key: Buffer.from(key, 'utf8'), value, headers }
}

function assertPartition(topic: string, { partitions }: Topic, partition: number | undefined): void {
  if (partition === undefined || (Number.isInteger(partition) && partition >= 0 && partition < partitions))
    return
  throw new SynapError('the topic has no such partition', {
    code: 'partition.unknown',
    class: 'configuration',
    fields: { topic, partition, partitions },
  })
}

/** Class dependency: somebody is about to make it. */
export function unknownTopic(topic: string): SynapError {
  return new SynapError('the topic is not there', {
    code: 'topic.unknown',
    class: 'dependency',
    fields: { topic },
  })
}

/** What closing a publisher, or the log under it, answers to those who publish. */
export function publisherClosed(): SynapError {
  return new SynapError('the publisher has been closed', { code: 'publisher.closed', class: 'configuration' })
}

function messageTooLarge(topic: string, index: number): SynapError {
  return new SynapError('the message is larger than the topic allows', {
    code: 'message.too_large',
    class: 'data',
    fields: { topic, index },
  })
}
