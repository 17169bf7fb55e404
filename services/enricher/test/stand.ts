import {
  avscOf,
  type DerivedRecord,
  decodeDerived,
  encodeDelta,
  encodeEnvelope,
  eventHeaders,
  fingerprintOf,
  frame,
  parseFrame,
  partitionOf,
  type SynapEvent,
  schemaFiles,
  subjectOf,
  topicName,
  topics,
} from '@synap/contracts'
import type { UserId } from '@synap/core'
import type { PlacedEvent } from '@synap/inbox'
import { createKafka, createSchemaRegistry, declaredTopics } from '@synap/kafka'
import { type InboundMessage, type Publisher, silentLogger } from '@synap/messaging'
import { createS3Store, type ObjectStore } from '@synap/object-store'
import { createPool, type Pool, query, transaction } from '@synap/postgres'
import {
  createTestDatabase,
  type StartServiceOptions,
  startService,
  type TestService,
  useStack,
} from '@synap/testing'
import { type HttpStub, sendJson, startHttpStub } from './http-stub.ts'
import { answerAsModel } from './model-stub.ts'

export interface StepStatus {
  step: string
  state: string
  attempts: number
  error: string | null
  next_retry_at: number | null
}

export interface SentRecord {
  message: InboundMessage
  /** Null: a tombstone. */
  record: DerivedRecord | null
}

/** The real servers, with real HTTP servers in place of ingest and of a model; the enricher runs as a process. */
export interface Stand extends AsyncDisposable {
  ingest: HttpStub
  model: HttpStub
  objects: ObjectStore
  pool: Pool
  /** With the model; `SYNAP_…`, `ENRICH_…` and the like on top. */
  start(env?: Record<string, string | undefined>, options?: StartServiceOptions): Promise<TestService>
  publish(...events: PlacedEvent<SynapEvent>[]): Promise<void>
  status(userId: UserId, entityId: string): Promise<StepStatus[]>
  /** First column of a statement above all rights. */
  sql(text: string): Promise<string[]>
  /** Rows of a statement that an operator may make. */
  operate<Row>(text: string): Promise<Row[]>
  /** Rows of a statement that query may make for a user. */
  asUser<Row>(userId: UserId, text: string): Promise<Row[]>
  /** What became of the item's jobs. */
  outcomes(entityId: string): Promise<string[]>
  /** Makes the item's jobs due now, whatever they wait for. */
  hasten(entityId: string): Promise<void>
  /** Empties the enricher's tables, positions included: the next start reads the topic from its beginning. */
  forget(): Promise<void>
  /** The last record of each of the user's keys on the derived topic, in the order in which the keys came: one may be sent twice. */
  derived(userId: UserId): Promise<SentRecord[]>
  /** Every record of the user on the derived topic, in order. */
  derivedLog(userId: UserId): Promise<SentRecord[]>
}

export async function createStand(): Promise<Stand> {
  const { env, topicPrefix } = await useStack()
  const database = await createTestDatabase(['enricher'])
  const pool = createPool({ url: database.url, applicationName: 'stand' })
  const kafka = createKafka({
    brokers: env.KAFKA_BROKERS.split(','),
    clientId: 'stand',
    logger: silentLogger,
  })
  await kafka.createTopics(declaredTopics(topicPrefix))
  const registry = createSchemaRegistry({ url: env.SCHEMA_REGISTRY_URL })
  const files = schemaFiles()
  const registered = await registry.register(
    files.map(({ topic, recordName, text }) => ({
      subject: subjectOf(`${topicPrefix}${topic}`, recordName),
      text,
    })),
  )
  const ids = new Map(files.map(({ text }, index) => [text, registered[index]?.id ?? 0]))
  const objects = createS3Store({
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    bucket: env.S3_BUCKET,
    accessKeyId: env.S3_ACCESS_KEY_ID,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY,
  })
  const ingest = await startHttpStub(answerAsIngest)
  const model = await startHttpStub(answerAsModel)
  const publisher = kafka.publisher()
  const running: TestService[] = []
  const derivedLog = (userId: UserId) =>
    readDerived(kafka, topicName('derived', topicPrefix), userId, registry)

  return {
    ingest,
    model,
    objects,
    pool,
    async start(more = {}, options = {}) {
      const service = await startService(
        'enricher',
        {
          ...env,
          DATABASE_URL: database.url,
          INGEST_URL: ingest.url,
          SERVICE_API_KEY: `syn_${'a'.repeat(43)}`,
          OPENAI_API_KEY: 'sk-canary-of-the-stand',
          OPENAI_BASE_URL: `${model.url}/v1`,
          ENRICH_LEASE_MS: '3000',
          ENRICH_POLL_MS: '100',
          ENRICH_RETRY_MS: '100',
          ...more,
        },
        options,
      )
      running.push(service)
      return service
    },
    publish: (...events) => publishEvents(publisher, topicName('events', topicPrefix), ids, events),
    status: (userId, entityId) =>
      transaction(pool, { role: 'synap_query', userId }, (client) =>
        query<StepStatus>(client, { text: 'select * from enrich.item_status($1::uuid)', values: [entityId] }),
      ),
    sql: (text) => database.superuserSql(text),
    operate: <Row>(text: string) =>
      transaction(pool, { role: 'synap_operator' }, (client) => query<Row & object>(client, { text })),
    asUser: <Row>(userId: UserId, text: string) =>
      transaction(pool, { role: 'synap_query', userId }, (client) => query<Row & object>(client, { text })),
    hasten: async (entityId) => {
      await database.superuserSql(`update enrich.jobs set due_at = now() where entity_id = '${entityId}'`)
    },
    forget: async () => {
      const tables = await database.superuserSql(
        `select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'enrich'
         and tablename not like '%migrations%'`,
      )
      await database.superuserSql(`truncate ${tables.join(', ')} cascade`)
    },
    outcomes: (entityId) =>
      database.superuserSql(`select outcome from enrich.jobs where entity_id = '${entityId}'`),
    derived: async (userId) => [
      ...new Map((await derivedLog(userId)).map((sent) => [sent.message.key, sent])).values(),
    ],
    derivedLog,
    async [Symbol.asyncDispose]() {
      await Promise.all(running.map((service) => service.stop()))
      await publisher.close()
      await kafka.close()
      await objects.close()
      await Promise.all([ingest.close(), model.close(), pool.end()])
      await database.close()
    },
  }
}

function answerAsIngest(
  { path, body }: { path: string; body: unknown },
  response: Parameters<typeof sendJson>[0],
): void {
  if (path.startsWith('/internal/heads')) return sendJson(response, { items: [], next: null })
  if (!path.endsWith('/analyses'))
    return sendJson(response, { type: 'not_found', title: 'x', status: 404 }, 404)
  const { basedOnVersion } = body as { basedOnVersion: number }
  sendJson(response, {
    outcome: 'recorded',
    id: path.split('/')[3],
    version: basedOnVersion,
    sequence: 1,
    correlationId: '0af7651916cd43dd8448eb211c80319c',
    applied: [],
  })
}

async function publishEvents(
  publisher: Publisher,
  topic: string,
  ids: ReadonlyMap<string, number>,
  events: readonly PlacedEvent<SynapEvent>[],
): Promise<void> {
  const messages = events.map(({ event, traceparent }) => {
    const text = avscOf(event.type)
    const value = frame(ids.get(text) ?? 0, encodeEnvelope(text, event), encodeDelta(event.type, event.delta))
    const headers = eventHeaders(event, fingerprintOf(text), traceparent === null ? {} : { traceparent })
    return { key: event.userId, value, headers }
  })
  await publisher.publish(topic, messages, AbortSignal.timeout(10_000))
}

async function readDerived(
  kafka: ReturnType<typeof createKafka>,
  topic: string,
  userId: UserId,
  registry: ReturnType<typeof createSchemaRegistry>,
): Promise<SentRecord[]> {
  const partition = partitionOf(userId, topics.derived.partitions)
  const marks = (await kafka.watermarks(topic)).get(partition)
  const found: SentRecord[] = []
  for (let offset = marks?.low ?? 0n; offset < (marks?.high ?? 0n); offset += 1n) {
    const message = await kafka.consumerDriver.readAt(topic, partition, offset)
    if (message === undefined || !message.key?.startsWith(userId)) continue
    const framed = parseFrame(message.value)
    if (framed.refused !== undefined) {
      found.push({ message, record: null })
      continue
    }
    const decoded = decodeDerived((await registry.schemaById(framed.schemaId)) ?? '', framed.payload)
    if (!decoded.ok) throw new Error(`${decoded.reason} ${decoded.detail}`)
    found.push({ message, record: decoded.record })
  }
  return found
}
