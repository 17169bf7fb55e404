import { partitionOf } from '@synap/contracts'
import { SynapError, withDeadline } from '@synap/core'
import type { OutboundMessage } from '@synap/messaging'
import { CompressionTypes } from 'kafkajs'
import Cluster from 'kafkajs/src/cluster/index.js'
import { buildClient, deadlinesOf, type KafkaOptions } from './client.ts'

/** One producer from its first connection to its first failure. */
export interface ProducerSession {
  /**
   * Sends one batch, once. Resolves when the answer holds error code 0 for every partition that was sent to; anything
   * else rejects, and then it is unknown which of the messages are stored.
   */
  send(topic: string, messages: readonly OutboundMessage[], gzip: boolean, signal: AbortSignal): Promise<void>
  /** Cuts its connections at once. */
  discard(): void
}

/** Milliseconds after which partitions and their leaders are asked for again, though nothing failed. */
const metadataMaxAgeMs = 300_000

/**
 * On kafkajs' cluster, not on its producer: that one asks itself with each send for what has not changed, in some forty turns
 * of promises, and its retries and its idempotence are not wanted: its idempotence loses acknowledged messages (reliability
 * P1), its retries can leave a partition out (#1798).
 */
export function createProducerSession(options: KafkaOptions): ProducerSession {
  const { sockets, ...client } = buildClient(options)
  const deadlines = deadlinesOf(options)
  const cluster = new Cluster({
    ...client.config,
    logger: client.kafka.logger(),
    metadataMaxAge: metadataMaxAgeMs,
    reauthenticationThreshold: deadlines.request,
    allowAutoTopicCreation: false,
    maxInFlightRequests: 1,
  })
  const topics = new Set<string>()
  let connecting: Promise<void> | undefined
  let askedAt = 0
  const learn = async (topic: string) => {
    await (connecting ??= cluster.connect())
    if (topics.has(topic)) await cluster.refreshMetadata()
    else await cluster.addTargetTopic(topic)
    topics.add(topic)
    askedAt = performance.now()
  }
  return {
    send: (topic, messages, gzip, signal) =>
      withDeadline('publish', deadlines.attempt, signal, async () => {
        const isOld = performance.now() - askedAt > metadataMaxAgeMs
        if (isOld || !topics.has(topic)) await learn(topic)
        signal.throwIfAborted()
        const batches = place(topic, messages, cluster.findTopicPartitionMetadata(topic))
        const answer = await produce(cluster, topic, batches, {
          compression: gzip ? CompressionTypes.GZIP : CompressionTypes.None,
          // Inside the broker; shorter than the request around it.
          timeout: Math.floor(deadlines.request * 0.8),
        })
        assertAcknowledged(topic, batches, answer)
      }),
    discard() {
      disconnect(cluster)
      sockets.destroy()
    },
  }
}

/** kafkajs' disconnect ends its timers; it may wait for answers, which the cut connections then deny. */
function disconnect(cluster: Cluster): void {
  cluster.disconnect().catch(() => undefined)
}

async function produce(
  cluster: Cluster,
  topic: string,
  batches: ReadonlyMap<number, Placed[]>,
  how: { compression: number; timeout: number },
) {
  const leaders = cluster.findLeaderForPartitions(topic, [...batches.keys()])
  const answers = await Promise.all(
    Object.entries(leaders).map(async ([nodeId, numbers]) => {
      const broker = await cluster.findBroker({ nodeId })
      const partitions = numbers.map((partition) => ({
        partition,
        firstSequence: 0,
        messages: batches.get(partition) ?? [],
      }))
      return broker.produce({ acks: -1, ...how, topicData: [{ topic, partitions }] })
    }),
  )
  return answers.flatMap((answer) => answer.topics)
}

/** As kafkajs takes it. */
type Placed = Pick<OutboundMessage, 'key' | 'value' | 'headers'>

/** By partition, in order. A key is placed as Java's client does. */
function place(
  topic: string,
  messages: readonly OutboundMessage[],
  partitions: readonly { partitionId: number }[],
): Map<number, Placed[]> {
  const batches = new Map<number, Placed[]>()
  for (const { key, value, headers, partition: asked } of messages) {
    const partition = asked ?? partitionOf(key, partitions.length)
    // kafkajs sends nothing for a partition that does not exist, and says nothing about it.
    if (!partitions.some(({ partitionId }) => partitionId === partition)) {
      throw new SynapError('the topic has no such partition', {
        code: 'partition.unknown',
        class: 'configuration',
        fields: { topic, partition },
      })
    }
    const batch = batches.get(partition)
    if (batch === undefined) batches.set(partition, [{ key, value, headers }])
    else batch.push({ key, value, headers })
  }
  return batches
}

function assertAcknowledged(
  topic: string,
  sent: ReadonlyMap<number, unknown>,
  answer: readonly { topicName: string; partitions: { partition: number; errorCode: number }[] }[],
): void {
  const acknowledged = new Set(
    answer
      .filter(({ topicName }) => topicName === topic)
      .flatMap(({ partitions }) => partitions)
      .filter(({ errorCode }) => errorCode === 0)
      .map(({ partition }) => partition),
  )
  const missing = [...sent.keys()].filter((partition) => !acknowledged.has(partition))
  if (missing.length === 0 && sent.size > 0) return
  throw new SynapError('the answer acknowledges fewer partitions than were sent', {
    code: 'kafka.answer_incomplete',
    class: 'dependency',
    fields: { topic, missing: missing.join(',') },
  })
}
