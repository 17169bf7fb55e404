import { parseEventHeaders } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { createKafka, declaredTopics, type KafkaDriver } from '@synap/kafka'
import { type InboundMessage, silentLogger } from '@synap/messaging'
import { createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, type TestDatabase, useStack } from '@synap/testing'
import { registerDirectly } from './register-directly.ts'

export interface RelayStack {
  database: TestDatabase
  pool: Pool
  kafka: KafkaDriver
  brokers: string
  topic: string
  /** Every record of the topic so far, per partition in offset order. */
  records(): readonly InboundMessage[]
  close(): Promise<void>
}

/** A database with ingest's schema and registered schemas, and an empty events topic that is being read. */
export async function createRelayStack(): Promise<RelayStack> {
  const { env, topicPrefix } = await useStack('postgres', 'kafka')
  const database = await createTestDatabase(['ingest'])
  const pool = createPool({ url: database.url, applicationName: 'relay-test' })
  await registerDirectly(pool)
  const kafka = createKafka({
    brokers: env.KAFKA_BROKERS.split(','),
    clientId: 'relay-test',
    logger: silentLogger,
  })
  const [events] = declaredTopics(topicPrefix)
  if (events === undefined) throw new Error('the events topic is declared first')
  await kafka.createTopics([events])
  const seen: InboundMessage[] = []
  const consumer = kafka.consumerDriver.createConsumer({
    groupId: `${topicPrefix}reader`,
    topics: [events.name],
    resumeAt: async (_topic, _partition, { low }) => low,
    handle: async ({ messages }) => void seen.push(...messages),
  })
  await consumer.start()
  return {
    database,
    pool,
    kafka,
    brokers: env.KAFKA_BROKERS,
    topic: events.name,
    records: () => seen,
    close: async () => {
      await consumer.close()
      await kafka.close()
      await pool.end()
      await database.close()
    },
  }
}

/** The sequences of a user's records in the order of the topic, duplicates included. */
export function sequencesOf(records: readonly InboundMessage[], userId: UserId): number[] {
  return records.flatMap((record) => {
    const place = parseEventHeaders(record.headers)
    return place.ok && place.userId === userId ? [place.sequence] : []
  })
}

/** First occurrences only: what a consumer that drops duplicates applies. */
export const distinct = (sequences: readonly number[]) => [...new Set(sequences)]

export const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1)
