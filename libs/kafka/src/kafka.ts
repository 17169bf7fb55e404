import type { MessageLog, Publisher, TopicSpec } from '@synap/messaging'
import { type AdminConnection, createAdminConnection, readGroupLag, readWatermarks } from './admin.ts'
import type { KafkaOptions } from './client.ts'
import { type ConsumerDriverOptions, createConsumerDriver } from './driver.ts'
import { createPublisher, type PublisherOptions } from './publisher.ts'
import { applyTopics, inspectTopics, type TopicDifference } from './topics-admin.ts'

export interface KafkaDriver extends MessageLog {
  /** A publisher with its own connections; the caller closes it. */
  publisher(options?: PublisherOptions): Publisher
  /** How topics differ from their declaration; changes nothing. */
  inspectTopics(topics: readonly TopicSpec[], signal?: AbortSignal): Promise<TopicDifference[]>
}

/** Everything on one Kafka cluster. Opens no connection until it is used. */
export function createKafka(kafka: KafkaOptions, options: ConsumerDriverOptions = {}): KafkaDriver {
  const admin = createAdminConnection(kafka)
  const consumerDriver = createConsumerDriver(kafka, admin, options)
  return {
    publisher: (settings) => createPublisher(kafka, settings),
    consumerDriver,
    createTopics: (topics, signal) =>
      withConnection(kafka, (connection) => applyTopics(connection, topics, signal)),
    inspectTopics: (topics, signal) =>
      withConnection(kafka, (connection) => inspectTopics(connection, topics, signal)),
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

/** Its own connection: kafkajs' metadata fail for good once they have held a topic that was deleted since. */
async function withConnection<T>(
  kafka: KafkaOptions,
  work: (connection: AdminConnection) => Promise<T>,
): Promise<T> {
  const connection = createAdminConnection(kafka)
  try {
    return await work(connection)
  } finally {
    connection.close()
  }
}
