// kafkajs at its best: whole batches, three partitions at once, one UNNEST ON CONFLICT per chunk.
import { uuidv7 } from '@synap/core'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import type { CreateContender } from '../worker/protocol.ts'
import { createProgress, type Drained, type DrainJob } from './drain.ts'
import { asOwner, byColumn, chunkRows, insertRows, rowOf } from './rows.ts'

export const createContender: CreateContender<DrainJob, Drained> = () => async (job) => {
  const pool = new pg.Pool({ connectionString: job.databaseUrl, options: asOwner })
  const kafka = new Kafka({ brokers: [job.brokers], clientId: 'bench', logLevel: logLevel.ERROR })
  const consumer = kafka.consumer({ groupId: `bench-${uuidv7()}`, maxWaitTimeInMs: 200 })
  const progress = createProgress(job.records)
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [job.topic], fromBeginning: true })
    consumer.on(consumer.events.CRASH, ({ payload }) => progress.fail(payload.error))
    await consumer.run({
      partitionsConsumedConcurrently: 3,
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => {
        const { messages } = payload.batch
        progress.begin()
        for (let at = 0; at < messages.length; at += chunkRows) {
          const chunk = messages.slice(at, at + chunkRows)
          const rows = chunk.map(({ value, headers }) =>
            rowOf(value, headers?.['traceparent']?.toString() ?? null),
          )
          await pool.query({ ...insertRows, values: byColumn(rows) })
          payload.resolveOffset(chunk.at(-1)?.offset ?? '')
          progress.add(rows.length)
          await payload.heartbeat()
        }
      },
    })
    return await progress.done
  } finally {
    await consumer.disconnect()
    await pool.end()
  }
}
