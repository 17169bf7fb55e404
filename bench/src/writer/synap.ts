// Synap's writer: its consumer, inbox and store as the service has them, on the same settings.
import { avscOf, eventTypes } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { createEventsInbox } from '@synap/events-writer/inbox'
import { createKafka } from '@synap/kafka'
import { silentLogger as logger } from '@synap/messaging'
import { createPool } from '@synap/postgres'
import type { CreateContender } from '../worker/protocol.ts'
import { createProgress, type Drained, type DrainJob } from './drain.ts'

const away = () => Promise.reject(new Error('this benchmark has no ingest'))

export const createContender: CreateContender<DrainJob, Drained> = () => async (job) => {
  const pool = createPool({ url: job.databaseUrl, applicationName: 'bench' })
  const kafka = createKafka({ brokers: [job.brokers], clientId: 'bench', logger })
  const inbox = createEventsInbox({
    pool,
    logger,
    consumerDriver: kafka.consumerDriver,
    registry: {
      schemaById: async (id) => {
        const type = eventTypes[id - 1]
        return type === undefined ? undefined : avscOf(type)
      },
    },
    ingest: { internalEvents: away, heads: away },
    config: { haltPercent: 5 },
  })
  const progress = createProgress(job.records)
  const consumer = kafka.consumerDriver.createConsumer({
    groupId: `bench-${uuidv7()}`,
    topics: [job.topic],
    resumeAt: inbox.resumeAt,
    handle: async (batch, context) => {
      progress.begin()
      await inbox.handle(batch, context)
      progress.add(batch.messages.length)
    },
  })
  try {
    consumer.finished.catch(progress.fail)
    await consumer.start()
    return await progress.done
  } finally {
    await consumer.close()
    await kafka.close()
    await pool.end()
  }
}
