import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type DerivedRecord,
  derivedHeaders,
  derivedKey,
  derivedTypes,
  encodeDelta,
  encodeDerived,
  encodeEnvelope,
  eventHeaders,
  eventTypes,
  fingerprintOf,
  frame,
  partitionOf,
  recordNameOf,
  type SynapEvent,
  schemaFileOf,
  subjectOf,
  topicName,
  topics,
} from '@synap/contracts'
import { createKafka, createSchemaRegistry, declaredTopics } from '@synap/kafka'
import { type OutboundMessage, silentLogger } from '@synap/messaging'
import { createS3Store, type ObjectStore } from '@synap/object-store'
import { createPool, type Pool } from '@synap/postgres'
import {
  createTestDatabase,
  eventually,
  startService,
  type TestDatabase,
  type TestService,
  useStack,
} from '@synap/testing'

/** Everything between a publisher and the read model, real but for ingest, which has nothing to tell. */
export interface Line {
  database: TestDatabase
  topicPrefix: string
  pool: Pool
  store: ObjectStore
  eventMessage: (event: SynapEvent) => OutboundMessage
  derivedMessage: (record: DerivedRecord) => OutboundMessage
  publish(topic: 'events' | 'derived', messages: readonly OutboundMessage[]): Promise<void>
  start(env?: Record<string, string>): Promise<TestService>
  /** Waits until every record of both topics is behind the stored positions. */
  drained(): Promise<void>
  close(): Promise<void>
}

/** `migrated`: services whose schemas the database has. */
export async function createLine(
  migrated: Parameters<typeof createTestDatabase>[0] = ['projector'],
): Promise<Line> {
  const { env, topicPrefix } = await useStack()
  const database = await createTestDatabase(migrated)
  const pool = createPool({ url: database.url, applicationName: 'projector-test' })
  const kafka = createKafka({ brokers: env.KAFKA_BROKERS.split(','), clientId: 'test', logger: silentLogger })
  await kafka.createTopics(declaredTopics(topicPrefix))
  const ids = await registerSchemas(env.SCHEMA_REGISTRY_URL, topicPrefix)
  const publisher = kafka.publisher()
  const store = createS3Store({
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    bucket: env.S3_BUCKET,
    accessKeyId: env.S3_ACCESS_KEY_ID,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY,
  })
  const ingest = await startEmptyIngest()
  const services: TestService[] = []
  const names = { events: topicName('events', topicPrefix), derived: topicName('derived', topicPrefix) }

  return {
    database,
    topicPrefix,
    pool,
    store,
    eventMessage(event) {
      const { text } = schemaFileOf(event.type)
      const { delta, type, aggregateType: _, ...envelope } = event
      const bytes = frame(
        ids.get(event.type) ?? 0,
        encodeEnvelope(text, envelope),
        encodeDelta(type, delta as never),
      )
      return { key: event.userId, value: bytes, headers: eventHeaders(event, fingerprintOf(text)) }
    },
    derivedMessage: (record) => ({
      key: derivedKey(record),
      value: frame(ids.get(record.type) ?? 0, encodeDerived(record)),
      headers: derivedHeaders(record, fingerprintOf(schemaFileOf(record.type).text)),
      partition: partitionOf(record.userId, topics.derived.partitions),
    }),
    publish: (topic, messages) => publisher.publish(names[topic], messages, AbortSignal.timeout(20_000)),
    async start(more = {}) {
      const service = await startService('projector', {
        ...env,
        DATABASE_URL: database.url,
        TOPIC_PREFIX: topicPrefix,
        INGEST_URL: ingest.url,
        SERVICE_API_KEY: `syn_${'k'.repeat(43)}`,
        HALT_PERCENT: '100',
        ...more,
      })
      services.push(service)
      return service
    },
    async drained() {
      for (const name of Object.values(names)) {
        const high = await kafka.watermarks(name)
        const expected = [...high.values()].reduce((sum, partition) => sum + partition.high, 0n)
        await eventually(
          `${name} is read to ${expected}`,
          async () => {
            const sql = `select coalesce(sum(next_offset), 0) from read_v1.positions where topic = '${name}';`
            const [at] = await database.superuserSql(sql)
            return BigInt(at ?? 0) === expected ? true : Promise.reject(new Error(`at ${at}`))
          },
          { deadlineMs: 30_000 },
        )
      }
    },
    async close() {
      for (const service of services) await service.stop()
      await publisher.close()
      await kafka.close()
      await store.close()
      await pool.end()
      ingest.close()
      await database.close()
    },
  }
}

async function registerSchemas(url: string, prefix: string): Promise<Map<string, number>> {
  const files = [
    ...eventTypes.map((type) => ({ type, topic: topicName('events', prefix), record: recordNameOf(type) })),
    ...derivedTypes.map((type) => ({ type, topic: topicName('derived', prefix), record: type })),
  ]
  const registered = await createSchemaRegistry({ url }).register(
    files.map(({ type, topic, record }) => ({
      subject: subjectOf(topic, record),
      text: schemaFileOf(type).text,
    })),
  )
  return new Map(files.map(({ type }, index) => [type, registered[index]?.id ?? 0]))
}

async function startEmptyIngest(): Promise<{ url: string; close(): void }> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ items: [], next: null }))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
