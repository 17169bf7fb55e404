import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type EventType,
  messageHeaders,
  recordNameOf,
  schemaFileOf,
  subjectOf,
  topicName,
} from '@synap/contracts'
import { createHistory, type History, type MadeEvent } from '@synap/inbox/testing'
import { createKafka, createSchemaRegistry, declaredTopics, type KafkaDriver } from '@synap/kafka'
import { type OutboundMessage, type Publisher, silentLogger } from '@synap/messaging'
import {
  createTestDatabase,
  eventually,
  startService,
  type TestDatabase,
  type TestService,
  useStack,
} from '@synap/testing'

/** The types that these tests use. */
const types: readonly EventType[] = ['entity.created', 'entity.title_changed', 'entity.deleted']

/** Ingest by its contract: what it has of each user, and who asked for what. */
export interface TestIngest {
  url: string
  histories: Map<string, History>
  /** Sequences of any user that it has lost. */
  absent: Set<number>
  asked: string[]
}

/** Everything between a publisher and the log, real but for ingest. */
export interface Line {
  database: TestDatabase
  kafka: KafkaDriver
  ingest: TestIngest
  topic: string
  newHistory(): History
  publish(messages: readonly OutboundMessage[]): Promise<void>
  start(env?: Record<string, string>): Promise<TestService>
  /** Waits until every record of the topic is behind the stored positions. */
  drained(): Promise<void>
  close(): Promise<void>
}

export async function createLine(): Promise<Line> {
  const { env, topicPrefix } = await useStack('postgres', 'kafka', 'registry')
  const database = await createTestDatabase(['events-writer'])
  const brokers = env.KAFKA_BROKERS.split(',')
  const kafka = createKafka({ brokers, clientId: 'events-writer-test', logger: silentLogger })
  const topic = topicName('events', topicPrefix)
  await kafka.createTopics(declaredTopics(topicPrefix))
  const registry = createSchemaRegistry({ url: env.SCHEMA_REGISTRY_URL })
  const registered = await registry.register(
    types.map((type) => ({ subject: subjectOf(topic, recordNameOf(type)), text: schemaFileOf(type).text })),
  )
  const schemaIdOf = (type: EventType) => registered[types.indexOf(type)]?.id ?? 0
  const publisher = kafka.publisher()
  const { ingest, server } = await startTestIngest()
  const services: TestService[] = []
  return {
    database,
    kafka,
    ingest,
    topic,
    newHistory: () => {
      const history = createHistory({ schemaIdOf })
      ingest.histories.set(history.userId, history)
      return history
    },
    publish: (messages) => publishAll(publisher, topic, messages),
    async start(more = {}) {
      const service = await startService('events-writer', {
        ...env,
        DATABASE_URL: database.url,
        TOPIC_PREFIX: topicPrefix,
        INGEST_URL: ingest.url,
        SERVICE_API_KEY: `syn_${'k'.repeat(43)}`,
        ...more,
      })
      services.push(service)
      return service
    },
    drained: () => drained(kafka, database, topic),
    async close() {
      for (const service of services) await service.stop()
      await publisher.close()
      await kafka.close()
      server.closeAllConnections()
      await database.close()
    },
  }
}

export const toOutbound = ({ key, value, headers }: MadeEvent): OutboundMessage => ({ key, value, headers })

async function publishAll(publisher: Publisher, topic: string, messages: readonly OutboundMessage[]) {
  await publisher.publish(topic, messages, AbortSignal.timeout(20_000))
}

async function drained(kafka: KafkaDriver, database: TestDatabase, topic: string): Promise<void> {
  const high = await kafka.watermarks(topic)
  const expected = [...high.values()].reduce((sum, partition) => sum + partition.high, 0n)
  await eventually(
    `the log is at ${expected}`,
    async () => {
      const [at] = await database.superuserSql('select coalesce(sum(next_offset), 0) from log.positions')
      return BigInt(at ?? 0) === expected ? true : Promise.reject(new Error(`at ${at}`))
    },
    { deadlineMs: 30_000 },
  )
}

async function startTestIngest(): Promise<{ ingest: TestIngest; server: Server }> {
  const ingest: TestIngest = { url: '', histories: new Map(), absent: new Set(), asked: [] }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://ingest')
    const answer = url.pathname === '/internal/events' ? eventsAnswer(ingest, url) : { items: [], next: null }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  ingest.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { ingest, server }
}

function eventsAnswer(ingest: TestIngest, { searchParams }: URL) {
  const history = ingest.histories.get(searchParams.get('user') ?? '')
  const from = Number(searchParams.get('from'))
  const to = Number(searchParams.get('to'))
  ingest.asked.push(`${from}..${to}`)
  const items = history?.fetch(from, to, ingest.absent) ?? []
  return {
    items: items.map((item) =>
      item.status === 'absent' ? item : { ...item, value: item.value.toString('base64') },
    ),
  }
}

/** The id that a record's headers name. */
export const idOf = (event: MadeEvent) => event.headers[messageHeaders.id] ?? ''
