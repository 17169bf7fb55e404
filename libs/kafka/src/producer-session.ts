import { partitionOf } from '@synap/contracts'
import { SynapError, withDeadline } from '@synap/core'
import type { OutboundMessage } from '@synap/messaging'
import { CompressionTypes, type ICustomPartitioner, type Producer } from 'kafkajs'
import { buildClient, deadlinesOf, type KafkaOptions } from './client.ts'

/** One kafkajs producer from its first connection to its first failure. */
export interface ProducerSession {
  /**
   * Sends one batch, once. Resolves when the answer holds error code 0 for every partition that was sent to; anything
   * else rejects, and then it is unknown which of the messages are stored.
   */
  send(topic: string, messages: readonly OutboundMessage[], gzip: boolean, signal: AbortSignal): Promise<void>
  /** Cuts its connections at once. */
  discard(): void
}

export function createProducerSession(options: KafkaOptions): ProducerSession {
  const client = buildClient(options)
  const deadlines = deadlinesOf(options)
  const placed = new Set<number>()
  const producer = client.kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: recordingPartitioner(placed),
    // Its idempotence loses acknowledged messages (reliability P1), its retries can leave a partition out (#1798).
    idempotent: false,
    retry: { retries: 0 },
    maxInFlightRequests: 1,
  })
  let connecting: Promise<void> | undefined
  return {
    send: (topic, messages, gzip, signal) =>
      withDeadline('publish', deadlines.attempt, signal, async () => {
        await (connecting ??= producer.connect())
        signal.throwIfAborted()
        placed.clear()
        const answer = await producer.send({
          topic,
          acks: -1,
          // Inside the broker; shorter than the request around it.
          timeout: Math.floor(deadlines.request * 0.8),
          compression: gzip ? CompressionTypes.GZIP : CompressionTypes.None,
          messages: messages.map(toKafka),
        })
        assertAcknowledged(topic, placed, answer)
      }),
    discard() {
      disconnect(producer)
      client.sockets.destroy()
    },
  }
}

/** kafkajs' disconnect ends its timers; it may wait for answers, which the cut connections then deny. */
function disconnect(producer: Producer): void {
  producer.disconnect().catch(() => undefined)
}

function toKafka({ key, value, headers, partition }: OutboundMessage) {
  return { key, value, headers: { ...headers }, ...(partition === undefined ? {} : { partition }) }
}

/**
 * Places a key as Java's client does, and notes which partitions the batch has. By our own murmur2: that of kafkajs gives
 * the same, in long arithmetic that took a twentieth of a send.
 */
function recordingPartitioner(placed: Set<number>): ICustomPartitioner {
  return () => (args) => {
    const { key, partition: asked } = args.message
    const partition = asked ?? partitionOf(String(key), args.partitionMetadata.length)
    // kafkajs sends nothing for a partition that does not exist, and says nothing about it.
    if (!args.partitionMetadata.some(({ partitionId }) => partitionId === partition)) {
      throw new SynapError('the topic has no such partition', {
        code: 'partition.unknown',
        class: 'configuration',
        fields: { topic: args.topic, partition },
      })
    }
    placed.add(partition)
    return partition
  }
}

function assertAcknowledged(
  topic: string,
  placed: ReadonlySet<number>,
  answer: readonly { topicName: string; partition: number; errorCode: number }[],
): void {
  const acknowledged = new Set(
    answer.filter((row) => row.topicName === topic && row.errorCode === 0).map((row) => row.partition),
  )
  const missing = [...placed].filter((partition) => !acknowledged.has(partition))
  if (missing.length === 0 && placed.size > 0) return
  throw new SynapError('the answer acknowledges fewer partitions than were sent', {
    code: 'kafka.answer_incomplete',
    class: 'dependency',
    fields: { topic, missing: missing.join(',') },
  })
}
