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
    log: kafka,
    prefix: topicPrefix,
    messageBytes: 1024 * 1024,
    close: () => kafka.close(),
  }
})
