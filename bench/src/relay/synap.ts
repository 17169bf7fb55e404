// Synap's relay on the settings of ingest: its lease, its marks, its publisher.
import { messageHeaders } from '@synap/contracts'
import { prepareMessage } from '@synap/ingest/prepare-message'
import { startRelay } from '@synap/ingest/relay'
import { relayBatch } from '@synap/ingest/relay-batch'
import { createSchemaBook } from '@synap/ingest/schema-book'
import { createKafka } from '@synap/kafka'
import { silentLogger as logger, type Publisher } from '@synap/messaging'
import { createPool } from '@synap/postgres'
import { createRelayContender } from './contender.ts'
import { outboxes } from './outbox.ts'

export const createContender = createRelayContender({
  outbox: outboxes.synap,
  start: async ({ brokers, topic, databaseUrl }, acknowledged, fail) => {
    const pool = createPool({ url: databaseUrl, applicationName: 'bench-relay' })
    const kafka = createKafka({ brokers: [brokers], clientId: 'bench', logger })
    const publisher = kafka.publisher()
    const schemas = await createSchemaBook(pool)
    const watched: Publisher = {
      ...publisher,
      publish: async (to, messages, signal) => {
        await publisher.publish(to, messages, signal)
        acknowledged(messages.map(({ headers }) => headers[messageHeaders.id] ?? ''))
      },
    }
    const relay = startRelay({
      pool,
      publisher: watched,
      topic,
      logger,
      prepare: (row) => prepareMessage(row, topic, schemas),
      refresh: (rows) => schemas.refresh(rows.map(({ fingerprint }) => fingerprint)),
      leaseMs: 10_000,
      pollMs: 200,
      ...relayBatch,
      onPublished: () => undefined,
      onQuarantined: () => fail(new Error('a row was held back')),
    })
    return {
      wake: relay.wake,
      close: async () => {
        await relay.close()
        await publisher.close()
        await kafka.close()
        await pool.end()
      },
    }
  },
})
