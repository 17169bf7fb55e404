// The steps of the way, each alone, at the pace of the probes: what wakes to take one has slept until then.
import { setTimeout as sleep } from 'node:timers/promises'
import { uuidv7 } from '@synap/core'
// What idles spins no timers, as in the services.
import '@synap/kafka'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { median } from '../statistics.ts'
import type { CreateContender } from '../worker/protocol.ts'
import type { Worker } from '../worker/start-worker.ts'
import { databaseFloors, type Floors, type FloorsJob, httpFloor } from './floors.ts'
import { now } from './job.ts'
import type { Told, ToldJob } from './paced-told.ts'

export interface PacedFloors extends Pick<Floors, 'http' | 'commit' | 'produce' | 'apply' | 'read'> {
  /** When each record was acknowledged and each notification committed; milliseconds since 1970. */
  acknowledgedAt: number[]
  answeredAt: number[]
}

export interface PacedWorkers {
  takes: Worker<FloorsJob, PacedFloors>
  told: Worker<ToldJob, Told>
}

/** The floors, with who consumes and who is notified in a process of its own. */
export async function measurePaced({ takes, told }: PacedWorkers, job: FloorsJob): Promise<Floors> {
  const { databaseUrl, brokers, topic, times } = job
  await told.run({ databaseUrl, brokers, topic, times: 0 })
  const arriving = told.run({ databaseUrl, brokers, topic, times })
  const [{ value: steps }, { value: arrived }] = await Promise.all([takes.run(job), arriving])
  const { acknowledgedAt, answeredAt, ...alone } = steps
  const after = (arrivals: readonly number[], begins: readonly number[]) =>
    median(begins.map((beganAt, turn) => Math.max(0, (arrivals[turn] ?? Number.NaN) - beganAt)))
  return {
    ...alone,
    consume: after(arrived.consumedAt, acknowledgedAt),
    notify: after(arrived.notifiedAt, answeredAt),
  }
}

export const createContender: CreateContender<FloorsJob, PacedFloors> = () => async (job) => {
  const client = new pg.Client({ connectionString: job.databaseUrl })
  await client.connect()
  try {
    return {
      http: await httpFloor(job),
      ...(await produceFloor(job)),
      ...(await databaseFloors(job, client)),
      answeredAt: await notify(job, client),
    }
  } finally {
    await client.end()
  }
}

async function produceFloor({ brokers, topic, times, pauseMs = 0 }: FloorsJob) {
  const kafka = new Kafka({ brokers: [brokers], clientId: 'bench-floors', logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 0 } })
  await producer.connect()
  try {
    const taken: number[] = []
    const acknowledgedAt: number[] = []
    for (let turn = 0; turn < times; turn += 1) {
      await sleep(pauseMs)
      const beganAt = now()
      await producer.send({ topic, acks: -1, messages: [{ key: 'floor', value: uuidv7() }] })
      acknowledgedAt.push(now())
      taken.push((acknowledgedAt.at(-1) ?? Number.NaN) - beganAt)
    }
    return { produce: median(taken), acknowledgedAt }
  } finally {
    await producer.disconnect()
  }
}

async function notify({ times, pauseMs = 0 }: FloorsJob, client: pg.Client): Promise<number[]> {
  const answeredAt: number[] = []
  for (let turn = 0; turn < times; turn += 1) {
    await sleep(pauseMs)
    await client.query('notify bench_paced')
    answeredAt.push(now())
  }
  return answeredAt
}
