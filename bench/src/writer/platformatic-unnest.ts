// @platformatic/kafka: a stream of messages, gathered per lane of partitions into one UNNEST ON CONFLICT per chunk.
import { Consumer, type Message } from '@platformatic/kafka'
import { uuidv7 } from '@synap/core'
import pg from 'pg'
import type { CreateContender } from '../worker/protocol.ts'
import { createProgress, type Drained, type DrainJob, type Progress } from './drain.ts'
import { asOwner, byColumn, chunkRows, insertRows, rowOf } from './rows.ts'

type Raw = Message<Buffer, Buffer, Buffer, Buffer>
/** Chunks under way, as many as the others have partitions at once; a partition stays in its lane, in order. */
const lanes = 3
const traceparent = 'traceparent'

export const createContender: CreateContender<DrainJob, Drained> = () => async (job) => {
  const pool = new pg.Pool({ connectionString: job.databaseUrl, options: asOwner })
  const consumer = new Consumer({
    clientId: 'bench',
    groupId: `bench-${uuidv7()}`,
    bootstrapBrokers: [job.brokers],
    autocommit: false,
    maxWaitTime: 200,
    maxBytes: 4 * 1_024 * 1_024,
    highWaterMark: 4 * chunkRows,
  })
  const progress = createProgress(job.records)
  const stream = await consumer.consume({ topics: [job.topic], mode: 'earliest' })
  try {
    const queues = Array.from({ length: lanes }, (): Raw[] => [])
    const busy = new Set<number>()
    const waiting = () => queues.reduce((sum, { length }) => sum + length, 0)
    const work = async (lane: number) => {
      const queue = queues[lane]
      if (queue === undefined || busy.has(lane)) return
      busy.add(lane)
      while (queue.length > 0) {
        await write(pool, consumer, queue.splice(0, chunkRows), progress)
        if (waiting() < 2 * chunkRows) stream.resume()
      }
      busy.delete(lane)
    }
    stream.on('error', progress.fail)
    stream.on('data', (message: Raw) => {
      progress.begin()
      const lane = message.partition % lanes
      queues[lane]?.push(message)
      if (waiting() > 4 * chunkRows) stream.pause()
      // After all messages that came with this one.
      setImmediate(() => void work(lane).catch(progress.fail))
    })
    return await progress.done
  } finally {
    await stream.close()
    await consumer.close(true)
    await pool.end()
  }
}

async function write(
  pool: pg.Pool,
  consumer: Consumer<Buffer, Buffer, Buffer, Buffer>,
  chunk: readonly Raw[],
  progress: Progress,
): Promise<void> {
  const rows = chunk.map(({ value, headers }) => {
    for (const [name, text] of headers)
      if (name.toString() === traceparent) return rowOf(value, text.toString())
    return rowOf(value, null)
  })
  await pool.query({ ...insertRows, values: byColumn(rows) })
  const last = new Map(chunk.map(({ topic, partition, offset }) => [partition, { topic, partition, offset }]))
  await consumer.commit({
    offsets: [...last.values()].map((place) => ({ ...place, offset: place.offset + 1n, leaderEpoch: -1 })),
  })
  progress.add(rows.length)
}
