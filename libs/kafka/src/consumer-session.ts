import { type SynapError, withDeadline } from '@synap/core'
import kafkajs, { type ConsumerConfig, type EachBatchPayload, type IMemberAssignment } from 'kafkajs'
import { buildClient, innerRetry, type KafkaOptions } from './client.ts'
import { toSynapError } from './errors.ts'

/** What one membership in the group is told to call; all but `onBatch` synchronously. */
export interface SessionEvents {
  /** Everything is paused at this moment; release each partition once it is known where to go on. */
  onAssigned(partitions: readonly { topic: string; partition: number }[]): void
  onRebalancing(): void
  onBatch(payload: EachBatchPayload): Promise<void>
  /** kafkajs moved over records that hold no data (control records, compacted ones). */
  onSkipped(topic: string, partition: number, lastOffset: bigint): void
  /** kafkajs found the offset out of range and is about to start from the oldest record by itself. */
  onOutOfRange(topic: string, partition: number): void
}

/** One kafkajs consumer from joining the group to its first fatal failure. */
export interface ConsumerSession {
  /** Resolves with the reason when it ends by itself. */
  readonly failed: Promise<SynapError>
  release(topic: string, partition: number, offset: bigint): void
  pause(topic: string, partition: number): void
  resume(topic: string, partition: number): void
  /** Leaves the group and cuts the connections. Never rejects. */
  close(): Promise<void>
}

export interface ConsumerTuning {
  /** Milliseconds without a heartbeat until the group gives the partitions to others. */
  sessionTimeoutMs: number
  /** Milliseconds that an empty fetch waits at the broker; bounds the time of a rebalance and of closing. */
  maxWaitMs: number
  maxBytesPerPartition: number
  maxBytes: number
  /** Partitions handled at the same time, where the consumer does not say. */
  concurrency: number
}

const outOfRangeLine = 'Offset out of range, resetting to default offset'
const closeDeadlineMs = 5_000

export function openConsumerSession(
  kafka: KafkaOptions,
  subscription: { groupId: string; topics: readonly string[] },
  tuning: ConsumerTuning,
  events: SessionEvents,
): ConsumerSession {
  const client = buildClient(kafka, (line, fields) => {
    if (line === outOfRangeLine) events.onOutOfRange(String(fields['topic']), Number(fields['partition']))
  })
  const consumer = client.kafka.consumer(consumerConfig(subscription.groupId, tuning))
  const failure = Promise.withResolvers<SynapError>()

  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const partitions = flatten(payload.memberAssignment)
    // Before the first fetch: kafkajs would begin at the offset committed in Kafka, which is a hint only.
    for (const { topic, partition } of partitions) consumer.pause(topicPartitions(topic, partition))
    events.onAssigned(partitions)
  })
  consumer.on(consumer.events.REBALANCING, () => events.onRebalancing())
  consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload }) => {
    if (payload.batchSize > 0) return
    events.onSkipped(payload.topic, payload.partition, BigInt(payload.lastOffset))
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => failure.resolve(toSynapError(payload.error, 'consume')))

  const start = async () => {
    await consumer.connect()
    await consumer.subscribe({ topics: [...subscription.topics], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: tuning.concurrency,
      eachBatch: (payload) => events.onBatch(payload),
    })
  }
  start().catch((error: unknown) => failure.resolve(toSynapError(error, 'join the consumer group')))

  return {
    failed: failure.promise,
    release(topic, partition, offset) {
      whileJoined(() => {
        consumer.seek({ topic, partition, offset: offset.toString() })
        consumer.resume(topicPartitions(topic, partition))
      })
    },
    pause: (topic, partition) => whileJoined(() => consumer.pause(topicPartitions(topic, partition))),
    resume: (topic, partition) => whileJoined(() => consumer.resume(topicPartitions(topic, partition))),
    async close() {
      // It waits for running handlers; they have been told to stop, and get this long.
      const leave = () => consumer.disconnect()
      await withDeadline('leave the group', closeDeadlineMs, undefined, leave).catch(() => undefined)
      client.sockets.destroy()
    },
  }
}

function consumerConfig(groupId: string, tuning: ConsumerTuning): ConsumerConfig {
  return {
    groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: tuning.sessionTimeoutMs,
    rebalanceTimeout: 30_000,
    heartbeatInterval: Math.min(1_000, tuning.sessionTimeoutMs / 3),
    maxWaitTimeInMs: tuning.maxWaitMs,
    maxBytesPerPartition: tuning.maxBytesPerPartition,
    maxBytes: tuning.maxBytes,
    metadataMaxAge: 60_000,
    // A consumer that failed is replaced by a new one, on new connections; see `consumer.ts`.
    retry: { ...innerRetry, restartOnFailure: async () => false },
  }
}

function topicPartitions(topic: string, partition: number) {
  return [{ topic, partitions: [partition] }]
}

/** kafkajs throws when the consumer has just stopped. Then nothing is fetched, so there is nothing to steer. */
function whileJoined(steer: () => void): void {
  try {
    steer()
  } catch (error) {
    if (!(error instanceof kafkajs.KafkaJSNonRetriableError)) throw error
  }
}

function flatten(assignment: IMemberAssignment): { topic: string; partition: number }[] {
  return Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  )
}
