import { withDeadline } from '@synap/core'
import type { InboundMessage } from '@synap/messaging'
import Cluster from 'kafkajs/src/cluster/index.js'
import { buildClient, deadlinesOf, innerRetry, type KafkaOptions } from './client.ts'
import { toSynapError } from './errors.ts'
import { toInbound } from './messages.ts'

/** Reads single records without a consumer group: joining one takes seconds and leaves a group behind. */
export interface RecordReader {
  /** The first record at or after the offset, or undefined when there is none. */
  firstFrom(
    topic: string,
    partition: number,
    offset: bigint,
    signal?: AbortSignal,
  ): Promise<InboundMessage | undefined>
  close(): void
}

const readDeadlineMs = 5_000
const maxBytes = 1024 * 1024
const readCommitted = 1

interface Connection {
  cluster: Cluster
  connected: Promise<void>
  destroy(): void
}

export function createRecordReader(kafka: KafkaOptions): RecordReader {
  let current: Connection | undefined
  const discard = (failed: Connection) => {
    if (current === failed) current = undefined
    failed.destroy()
  }
  return {
    async firstFrom(topic, partition, offset, signal) {
      const used = (current ??= openConnection(kafka))
      try {
        return await withDeadline('read record', readDeadlineMs, signal, () =>
          fetchFirst(used, topic, partition, offset),
        )
      } catch (error) {
        signal?.throwIfAborted()
        if (error instanceof Error && error.name === 'KafkaJSOffsetOutOfRange') return undefined
        discard(used)
        throw toSynapError(error, 'read record')
      }
    },
    close() {
      if (current !== undefined) discard(current)
    },
  }
}

async function fetchFirst(
  { cluster, connected }: Connection,
  topic: string,
  partition: number,
  offset: bigint,
): Promise<InboundMessage | undefined> {
  await connected
  await cluster.addTargetTopic(topic)
  const [nodeId = '-1'] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))
  const broker = await cluster.findBroker({ nodeId })
  const request = { partition, fetchOffset: offset.toString(), maxBytes }
  const answer = await broker.fetch({
    maxWaitTime: 50,
    minBytes: 1,
    maxBytes,
    isolationLevel: readCommitted,
    topics: [{ topic, partitions: [request] }],
  })
  // A batch that holds the offset begins before it.
  const found = answer.responses
    .flatMap(({ partitions }) => partitions)
    .flatMap(({ messages }) => messages)
    .find((message) => message.isControlRecord !== true && BigInt(message.offset) >= offset)
  return found && toInbound(topic, partition, found)
}

function openConnection(kafka: KafkaOptions): Connection {
  const { kafka: root, sockets, config } = buildClient(kafka)
  const cluster = new Cluster({
    ...config,
    logger: root.logger(),
    retry: innerRetry,
    metadataMaxAge: 30_000,
    reauthenticationThreshold: deadlinesOf(kafka).request,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
    isolationLevel: readCommitted,
  })
  const connected = cluster.connect()
  connected.catch(() => undefined)
  return {
    cluster,
    connected,
    destroy() {
      cluster.disconnect().catch(() => undefined)
      sockets.destroy()
    },
  }
}
