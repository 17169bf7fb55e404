import { createEventsInbox } from '@synap/events-writer/inbox'
import { appendKnowing } from '@synap/ingest/append'
import { dropAccounted } from '@synap/ingest/drop-outbox'
import { prepareMessage } from '@synap/ingest/prepare-message'
import { startRelay } from '@synap/ingest/relay'
import { relayBatch } from '@synap/ingest/relay-batch'
import { createSchemaBook } from '@synap/ingest/schema-book'
import { type Logger, type OutboundMessage, type Publisher, silentLogger } from '@synap/messaging'
import { createPool, type Pool, query, transaction } from '@synap/postgres'
import { callOf, newItem } from '../append/template.ts'
import { schemaById } from '../stream/events-topic.ts'

const topic = 'synap.events.v1'
const logger: Logger = silentLogger

export interface Pipeline extends AsyncDisposable {
  /** Appends one item; resolves when it is committed. */
  append(): Promise<void>
  /** Makes partitions and closes and drops old ones, as ingest's upkeep does; the names that went. */
  upkeep(): Promise<string[]>
}

export interface PipelineOptions {
  databaseUrl: string
  inFlight: number
  /** Seconds after which a partition takes no new rows: six hours in ingest. */
  closeAfter: number
  /** Seconds that published rows stay: a day in ingest. */
  keep: number
}

/** Append, relay, log and the drop of partitions, each Synap's own; only the topic between relay and log is left out. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { databaseUrl: url, inFlight, closeAfter, keep } = options
  const pool = createPool({ url, applicationName: 'bench', max: inFlight + 4 })
  const schemas = await createSchemaBook(pool)
  const relay = startRelay({
    pool,
    publisher: await createLogPublisher(pool),
    topic,
    logger,
    prepare: (row) => prepareMessage(row, topic, schemas),
    refresh: (rows) => schemas.refresh(rows.map(({ fingerprint }) => fingerprint)),
    leaseMs: 10_000,
    pollMs: 200,
    ...relayBatch,
    onPublished: () => undefined,
    onQuarantined: () => undefined,
  })
  let turn = 0
  return {
    async append() {
      const { outcome } = await appendKnowing(pool, callOf(newItem((turn += 1))))
      if (outcome !== 'appended') throw new Error(`an append came to ${outcome}`)
      relay.wake()
    },
    async upkeep() {
      const text = 'select write.extend_outbox(2, make_interval(secs => $1::float8))'
      await transaction(pool, { role: 'synap_ingest' }, (client) =>
        query(client, { text, values: [closeAfter] }),
      )
      return (await dropAccounted({ pool, logger, keepMs: keep * 1_000 })).dropped
    },
    async [Symbol.asyncDispose]() {
      await relay.close()
      await pool.end()
    },
  }
}

/** Acknowledges what the log has taken: the events-writer's inbox in the place of a broker. */
async function createLogPublisher(pool: Pool): Promise<Publisher> {
  const away = () => Promise.reject(new Error('this benchmark has no ingest'))
  const inbox = createEventsInbox({
    pool,
    logger,
    consumerDriver: { readAt: async () => undefined },
    registry: { schemaById },
    ingest: { internalEvents: away, heads: away },
    config: { haltPercent: 5 },
  })
  await inbox.resumeAt(topic, 0, { low: 0n, high: 0n })
  let offset = 0n
  const toMessage = ({ key, value, headers }: OutboundMessage) => {
    const message = { topic, partition: 0, offset, key, value, headers, timestamp: 0 }
    offset += 1n
    return message
  }
  return {
    async publish(_, sent, signal) {
      const messages = sent.map(toMessage)
      const batch = { topic, partition: 0, messages, highWatermark: offset }
      await inbox.handle(batch, { signal, heartbeat: async () => undefined })
    },
    health: () => ({ ready: true, reason: null, attempts: 0 }),
    close: async () => undefined,
  }
}
