// Who is told by the paced floors: consumes and listens, and notes when.
import { uuidv7 } from '@synap/core'
// What idles spins no timers, as in the services.
import '@synap/kafka'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import type { CreateContender } from '../worker/protocol.ts'
import type { FloorsJob } from './floors.ts'
import { now } from './job.ts'

/** 0 times: begins to consume and to listen. Else ends it when that many of both have come, and answers. */
export type ToldJob = Pick<FloorsJob, 'databaseUrl' | 'brokers' | 'topic' | 'times'>

/** Milliseconds since 1970, in the order they came. */
export interface Told {
  consumedAt: number[]
  notifiedAt: number[]
}

export const createContender: CreateContender<ToldJob, Told> = () => {
  const told: Told = { consumedAt: [], notifiedAt: [] }
  let heard: () => void = () => undefined
  let end: (() => Promise<unknown>) | undefined
  const begin = async ({ databaseUrl, brokers, topic }: ToldJob) => {
    const listener = new pg.Client({ connectionString: databaseUrl })
    await listener.connect()
    listener.on('notification', () => {
      told.notifiedAt.push(now())
      heard()
    })
    await listener.query('listen bench_paced')
    const kafka = new Kafka({ brokers: [brokers], clientId: 'bench-floors', logLevel: logLevel.NOTHING })
    const consumer = kafka.consumer({ groupId: `bench-${uuidv7()}`, maxWaitTimeInMs: 200 })
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: false })
    await consumer.run({
      autoCommit: false,
      eachMessage: async () => {
        told.consumedAt.push(now())
        heard()
      },
    })
    await joined
    end = () => Promise.all([consumer.disconnect(), listener.end()])
  }
  return async (job) => {
    if (job.times === 0) await begin(job)
    const isComplete = () => told.consumedAt.length >= job.times && told.notifiedAt.length >= job.times
    while (!isComplete()) await new Promise<void>((resolve) => (heard = resolve))
    if (job.times > 0) await end?.()
    return { consumedAt: told.consumedAt.splice(0), notifiedAt: told.notifiedAt.splice(0) }
  }
}
