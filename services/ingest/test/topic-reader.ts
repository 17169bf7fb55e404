import { createKafka } from '@synap/kafka'
import { type InboundMessage, silentLogger } from '@synap/messaging'

/** Reads a topic from its beginning, for as long as the test runs. */
export async function readTopic(brokers: string, topic: string) {
  const kafka = createKafka({ brokers: brokers.split(','), clientId: 'topic-reader', logger: silentLogger })
  const records: InboundMessage[] = []
  const consumer = kafka.consumerDriver.createConsumer({
    groupId: `${topic}.reader`,
    topics: [topic],
    resumeAt: async (_topic, _partition, { low }) => low,
    handle: async ({ messages }) => void records.push(...messages),
  })
  await consumer.start()
  return {
    records: (): readonly InboundMessage[] => records,
    close: async () => {
      await consumer.close()
      await kafka.close()
    },
  }
}
