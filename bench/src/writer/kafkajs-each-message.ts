// The naive shape: one message, one INSERT, kafkajs as it comes.
import { uuidv7 } from '@synap/core'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import type { CreateContender } from '../worker/protocol.ts'
import { createProgress, type Drained, type DrainJob } from './drain.ts'
import { asOwner, insertRow, rowOf } from './rows.ts'

export const createContender: CreateContender<DrainJob, Drained> = () => async (job) => {
  const pool = new pg.Pool({ connectionString: job.databaseUrl, options: asOwner })
  const kafka = new Kafka({ brokers: [job.brokers], clientId: 'bench', logLevel: logLevel.ERROR })
  const consumer = kafka.consumer({ groupId: `bench-${uuidv7()}` })
  const progress = createProgress(job.records)
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [job.topic], fromBeginning: true })
    consumer.on(consumer.events.CRASH, ({ payload }) => progress.fail(payload.error))
    await consumer.run({
      eachMessage: async ({ message }) => {
        progress.begin()
        const values = rowOf(message.value, message.headers?.['traceparent']?.toString() ?? null)
        await pool.query({ ...insertRow, values: [...values] })
        progress.add(1)
      },
    })
    return await progress.done
  } finally {
    await consumer.disconnect()
    await pool.end()
  }
}
