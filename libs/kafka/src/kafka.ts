import type { ConsumerDriver, Publisher } from '@synap/messaging'
import {
  createAdminConnection,
  type PartitionLag,
  readGroupLag,
  readWatermarks,
  type Watermarks,
} from './admin.ts'
import type { KafkaOptions } from './client.ts'
import { type ConsumerDriverOptions, createConsumerDriver } from './driver.ts'
import { createPublisher, type PublisherOptions } from './publisher.ts'
import { applyTopics, type TopicReport, type TopicSpec } from './topics-admin.ts'

export interface KafkaDriver {
  /** A publisher with its own connections; the caller closes it. */
  publisher(options?: PublisherOptions): Publisher
  consumerDriver: ConsumerDriver
  createTopics(topics: readonly TopicSpec[], signal?: AbortSignal): Promise<TopicReport[]>
  watermarks(topic: string, signal?: AbortSignal): Promise<Watermarks>
  groupLag(groupId: string, topics: readonly string[], signal?: AbortSignal): Promise<PartitionLag[]>
  /** Resolves when a broker answers within some seconds, else rejects with class dependency. For readiness. */
  ping(signal?: AbortSignal): Promise<void>
  /** Ends the shared connections. Publishers and consumers are closed by their owners, before. */
  close(): Promise<void>
}

/** Everything on one Kafka cluster. Opens no connection until it is used. */
export function createKafka(kafka: KafkaOptions, options: ConsumerDriverOptions = {}): KafkaDriver {
  const admin = createAdminConnection(kafka)
  const consumerDriver = createConsumerDriver(kafka, admin, options)
  return {
    publisher: (settings) => createPublisher(kafka, settings),
    consumerDriver,
    async createTopics(topics, signal) {
      // Its own: kafkajs' metadata fail for good once they have held a topic that was deleted since.
      const connection = createAdminConnection(kafka)
      try {
        return await applyTopics(connection, topics, signal)
      } finally {
        connection.close()
      }
    },
    watermarks: (topic, signal) => readWatermarks(admin, topic, signal),
    groupLag: (groupId, topics, signal) => readGroupLag(admin, groupId, topics, signal),
    async ping(signal) {
      await admin.run('ping', signal, (connection) => connection.describeCluster())
    },
    async close() {
      consumerDriver.close()
      admin.close()
    },
  }
}
