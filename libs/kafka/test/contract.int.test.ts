import { randomBytes } from 'node:crypto'
import { silentLogger } from '@synap/messaging'
import { messagingContract } from '@synap/messaging/contract'
import { useStack } from '@synap/testing'
import { createKafka } from '../src/index.ts'

messagingContract('Kafka', async () => {
  const { env, topicPrefix } = await useStack('kafka')
  const kafka = createKafka(
    { brokers: env.KAFKA_BROKERS.split(','), clientId: 'contract', logger: silentLogger },
    { pausePolicy: { baseMs: 20, capMs: 100 } },
  )
  return {
    driver: kafka.consumerDriver,
    createPublisher: () => kafka.publisher(),
    createTopic: async (partitions) => {
      const name = `${topicPrefix}${randomBytes(5).toString('hex')}`
      await kafka.createTopics([{ name, partitions, config: { 'max.message.bytes': '1048576' } }])
      return name
    },
    tooLargeBytes: 2 * 1024 * 1024,
    close: () => kafka.close(),
  }
})
