// Each step of the way by itself, one after the other, with nothing else to do.
import { once } from 'node:events'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { uuidv7 } from '@synap/core'
// What idles spins no timers, as in the services.
import '@synap/kafka'
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
  /** Milliseconds of sleep before each; none = the next begins as soon as one is over. */
  pauseMs?: number
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
      ...(await databaseFloors(job, client)),
      notify: await notifyFloor(job, client, listener),
    }
  } finally {
    await Promise.all([client.end(), listener.end()])
  }
}

/** The median of so many turns, behind ten that warm up. */
export async function timed(
  { times, pauseMs = 0 }: Pick<FloorsJob, 'times' | 'pauseMs'>,
  work: (turn: number) => Promise<unknown>,
): Promise<number> {
  const taken: number[] = []
  for (let turn = -10; turn < times; turn += 1) {
    if (turn >= 0 && pauseMs > 0) await sleep(pauseMs)
    const began = performance.now()
    await work(turn)
    if (turn >= 0) taken.push(performance.now() - began)
  }
  return median(taken)
}

export async function httpFloor(job: FloorsJob): Promise<number> {
  const { helloUrl: url } = job
  const agent = new Agent({ keepAlive: true })
  try {
    return await timed(job, () => call(agent, { method: 'POST', url, body: captured }, 201))
  } finally {
    agent.destroy()
  }
}

export async function databaseFloors(job: FloorsJob, client: pg.Client) {
  const { times } = job
  const run = (name: string, text: string, values: unknown[]) => client.query({ name, text, values })
  const ids = Array.from({ length: times }, () => uuidv7())
  const idOf = (turn: number) => ids[Math.max(turn, 0)] ?? ''
  const commit = await timed(job, () =>
    run('commit', 'insert into bench.items values ($1, $2, 1, $3::jsonb)', [uuidv7(), uuidv7(), captured]),
  )
  const apply = await timed(job, (turn) =>
    run(
      'apply',
      `with position as (insert into bench.items values ($4, $2, 1, '{}')
         on conflict (id) do update set version = bench.items.version + 1)
       insert into bench.entities values ($1, $2, $3::jsonb ->> 'title', $3::jsonb, 1)
         on conflict (entity_id) do update set delta = excluded.delta`,
      [idOf(turn), ids[0], captured, ids[0]],
    ),
  )
  const read = await timed(job, (turn) =>
    run('read', 'select * from bench.entities where entity_id = $1', [idOf(turn)]),
  )
  return { commit, apply, read }
}

async function notifyFloor({ times }: FloorsJob, client: pg.Client, listener: pg.Client): Promise<number> {
  const told: number[] = []
  for (let turn = 0; turn < times; turn += 1) {
    const notified = once(listener, 'notification').then(() => performance.now())
    await client.query('notify bench_floor')
    const answeredAt = performance.now()
    told.push(Math.max(0, (await notified) - answeredAt))
  }
  return median(told)
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
