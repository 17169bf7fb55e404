import type { MessageLog, Publisher } from '@synap/messaging'
import { createAdminConnection, readGroupLag, readWatermarks } from './admin.ts'
import type { KafkaOptions } from './client.ts'
import { type ConsumerDriverOptions, createConsumerDriver } from './driver.ts'
import { createPublisher, type PublisherOptions } from './publisher.ts'
import { applyTopics } from './topics-admin.ts'

export interface KafkaDriver extends MessageLog {
  /** A publisher with its own connections; the caller closes it. */
  publisher(options?: PublisherOptions): Publisher
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
