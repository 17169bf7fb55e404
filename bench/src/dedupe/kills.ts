import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type EventType,
  encodeDelta,
  eventTypes,
  recordNameOf,
  schemaFileOf,
  subjectOf,
  topicName,
} from '@synap/contracts'
import { wait } from '@synap/core'
import { makeEvent } from '@synap/inbox/testing'
import { createSchemaRegistry } from '@synap/kafka'
import pg from 'pg'
import type { Bench } from '../benchmark.ts'
import type { BenchServers } from '../servers.ts'
import { type Service, startService } from '../service.ts'
import type { MixedEvent } from '../stream/event-mix.ts'
import { fillTopic } from '../stream/events-topic.ts'
import { assertLog, type Sum } from '../writer/stores.ts'
import { deliveriesOf } from './deliveries.ts'

const database = 'bench_kills'
const prefix = 'kills.'
const deadlineMs = 120_000
/** Milliseconds after its first COPY within which a writer is killed: begun, copied, committing, committed. */
const killWithinMs = 300

export interface Kills {
  kills: number
  /** Of them, those that left a transaction undone. */
  inTransaction: number
  deliveries: number
}

/**
 * An events-writer process reads a topic on which every batch of the relay stands twice, and is killed (SIGKILL) while it
 * copies, again and again; the last one may finish. Rejects when the log then lacks an event or has one twice, when what
 * is counted beside it differs, or when a writer is late.
 */
export async function killWriters(
  servers: BenchServers,
  { events, expected, kills }: { events: readonly MixedEvent[]; expected: Sum; kills: number },
  { say, signal, random }: Bench,
): Promise<Kills> {
  const { KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: url } = servers.addresses
  const schemaIdOf = await registerSchemas(url)
  const places = deliveriesOf(events.length, 50)
  const records = events.map(({ type, envelope, delta }) =>
    makeEvent(type, envelope, encodeDelta(type, delta as never), schemaIdOf(type)),
  )
  await fillTopic(
    brokers,
    prefix,
    places.flatMap((place) => records[place] ?? []),
    signal,
  )
  const databaseUrl = await servers.createDatabase(database, ['events-writer'])
  await using ingest = await startSilentIngest()
  await using watch = await openWatch(databaseUrl)
  const env = {
    ...servers.addresses,
    DATABASE_URL: databaseUrl,
    TOPIC_PREFIX: prefix,
    INGEST_URL: ingest.url,
    SERVICE_API_KEY: `syn_${'k'.repeat(43)}`,
    KAFKA_SESSION_TIMEOUT_MS: '6000',
  }
  const sum = { kills: 0, inTransaction: 0, deliveries: places.length }
  for (let kill = 1; kill <= kills; kill += 1) {
    await using service = await startService('events-writer', env)
    await reach('a writer copies', signal, () => watch.copies())
    await wait(random() * killWithinMs, signal)
    const underWay = await watch.copies()
    await service.end('SIGKILL')
    const position = await watch.position()
    say(`kill ${kill} of ${kills} at record ${position} of ${places.length}`)
    if (position >= places.length)
      throw new Error(`everything was written before kill ${kill}: give more events`)
    sum.kills += 1
    if (underWay) sum.inTransaction += 1
  }
  await finish(env, watch, places.length, signal)
  await assertLog(servers, database, expected)
  await assertAccount(servers, expected)
  return sum
}

async function finish(
  env: Readonly<Record<string, string>>,
  watch: Watch,
  deliveries: number,
  signal: AbortSignal,
): Promise<void> {
  await using _last: Service = await startService('events-writer', env)
  await reach('the topic is written', signal, async () => (await watch.position()) >= deliveries)
}

/** What is kept beside the events counts each of them once, every user is at the last one, and nothing is parked. */
async function assertAccount(servers: BenchServers, expected: Sum): Promise<void> {
  const [line] = await servers.sql(
    database,
    `select (select sum(events) from log.daily_counts), (select count(*) from log.parked),
            (select count(*) from log.user_positions p where p.seen <>
              (select max(e.sequence) from log.events e where e.user_id = p.user_id));`,
  )
  if (line !== `${expected.rows}|0|0`)
    throw new Error(`beside ${expected.rows} events the log counts ${line}`)
}

async function registerSchemas(url: string): Promise<(type: EventType) => number> {
  const topic = topicName('events', prefix)
  const registry = createSchemaRegistry({ url })
  const registered = await registry.register(
    eventTypes.map((type) => ({
      subject: subjectOf(topic, recordNameOf(type)),
      text: schemaFileOf(type).text,
    })),
  )
  return (type) => registered[eventTypes.indexOf(type)]?.id ?? 0
}

interface Watch extends AsyncDisposable {
  /** Records that are behind the stored positions. */
  position(): Promise<number>
  /** Whether a writer is inside a COPY. */
  copies(): Promise<boolean>
}

async function openWatch(databaseUrl: string): Promise<Watch> {
  const owner = new pg.Client({ connectionString: databaseUrl, options: '-c role=synap_events_writer' })
  // What a session does is told to its own login role.
  const login = new pg.Client({ connectionString: databaseUrl })
  await Promise.all([owner.connect(), login.connect()])
  const ask = async (client: pg.Client, text: string) =>
    Number((await client.query<{ n: string }>(text)).rows[0]?.n)
  const copying = `select count(*) as n from pg_stat_activity where state <> 'idle' and query ilike 'copy log.events%'`
  return {
    position: () => ask(owner, 'select coalesce(sum(next_offset), 0) as n from log.positions'),
    copies: async () => (await ask(login, copying)) > 0,
    async [Symbol.asyncDispose]() {
      await Promise.all([owner.end(), login.end()])
    },
  }
}

async function reach(what: string, signal: AbortSignal, found: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + deadlineMs
  while (!(await found())) {
    if (performance.now() > until) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await wait(2, signal)
  }
}

/** Nothing is missing on the topic, so nobody has to be asked: it knows of no user. */
async function startSilentIngest(): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ items: [], next: null }))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
