// Each step of the way by itself, one after the other, with nothing else to do.
import { once } from 'node:events'
import { Agent } from 'node:http'
import { uuidv7 } from '@synap/core'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { median } from '../statistics.ts'
import type { CreateContender } from '../worker/protocol.ts'
import { call, captured } from './call.ts'

export interface FloorsJob {
  databaseUrl: string
  brokers: string
  /** A bare server. */
  helloUrl: string
  topic: string
  times: number
}

/** Milliseconds, medians. */
export interface Floors {
  /** One call of a bare HTTP server. */
  http: number
  /** One prepared INSERT of one row, durable. */
  commit: number
  /** One record, until all replicas have it. */
  produce: number
  /** From there until a consumer has it. */
  consume: number
  /** One upsert and the consumer's position, one durable commit. */
  apply: number
  /** From a commit's answer until another connection is told. */
  notify: number
  /** One prepared SELECT by primary key. */
  read: number
}

export const createContender: CreateContender<FloorsJob, Floors> = () => async (job) => {
  const client = new pg.Client({ connectionString: job.databaseUrl })
  const listener = new pg.Client({ connectionString: job.databaseUrl })
  await Promise.all([client.connect(), listener.connect()])
  try {
    await listener.query('listen bench_floor')
    return {
      http: await httpFloor(job),
      ...(await kafkaFloors(job)),
      ...(await databaseFloors(job, client, listener)),
    }
  } finally {
    await Promise.all([client.end(), listener.end()])
  }
}

async function timed(times: number, work: (turn: number) => Promise<unknown>): Promise<number> {
  const taken: number[] = []
  for (let turn = -10; turn < times; turn += 1) {
    const began = performance.now()
    await work(turn)
    if (turn >= 0) taken.push(performance.now() - began)
  }
  return median(taken)
}

async function httpFloor({ helloUrl: url, times }: FloorsJob): Promise<number> {
  const agent = new Agent({ keepAlive: true })
  try {
    return await timed(times, () => call(agent, { method: 'POST', url, body: captured }, 201))
  } finally {
    agent.destroy()
  }
}

async function databaseFloors({ times }: FloorsJob, client: pg.Client, listener: pg.Client) {
  const run = (name: string, text: string, values: unknown[]) => client.query({ name, text, values })
  const ids = Array.from({ length: times }, () => uuidv7())
  const idOf = (turn: number) => ids[Math.max(turn, 0)] ?? ''
  const commit = await timed(times, () =>
    run('commit', 'insert into bench.items values ($1, $2, 1, $3::jsonb)', [uuidv7(), uuidv7(), captured]),
  )
  const apply = await timed(times, (turn) =>
    run(
      'apply',
      `with position as (insert into bench.items values ($4, $2, 1, '{}')
         on conflict (id) do update set version = bench.items.version + 1)
       insert into bench.entities values ($1, $2, $3::jsonb ->> 'title', $3::jsonb, 1)
         on conflict (entity_id) do update set delta = excluded.delta`,
      [idOf(turn), ids[0], captured, ids[0]],
    ),
  )
  const read = await timed(times, (turn) =>
    run('read', 'select * from bench.entities where entity_id = $1', [idOf(turn)]),
  )
  const told: number[] = []
  for (let turn = 0; turn < times; turn += 1) {
    const notified = once(listener, 'notification').then(() => performance.now())
    await client.query('notify bench_floor')
    const answeredAt = performance.now()
    told.push(Math.max(0, (await notified) - answeredAt))
  }
  return { commit, apply, read, notify: median(told) }
}

async function kafkaFloors({
  brokers,
  topic,
  times,
}: FloorsJob): Promise<{ produce: number; consume: number }> {
  const kafka = new Kafka({ brokers: [brokers], clientId: 'bench-floors', logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: `bench-${uuidv7()}`, maxWaitTimeInMs: 200 })
  const producer = kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 0 } })
  const arrivals = new Map<string, PromiseWithResolvers<number>>()
  const arrival = (id: string) => {
    const known = arrivals.get(id) ?? Promise.withResolvers<number>()
    arrivals.set(id, known)
    return known
  }
  try {
    await Promise.all([producer.connect(), consumer.connect()])
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => arrival(message.value?.toString() ?? '').resolve(performance.now()),
    })
    const acknowledged: number[] = []
    const arrived: number[] = []
    for (let turn = -10; turn < times; turn += 1) {
      const value = uuidv7()
      const began = performance.now()
      await producer.send({ topic, acks: -1, messages: [{ key: 'floor', value }] })
      const ackedAt = performance.now()
      const seenAt = await arrival(value).promise
      if (turn < 0) continue
      acknowledged.push(ackedAt - began)
      arrived.push(Math.max(0, seenAt - ackedAt))
    }
    return { produce: median(acknowledged), consume: median(arrived) }
  } finally {
    await Promise.all([consumer.disconnect(), producer.disconnect()])
  }
}
