import { createClient } from '@synap/client'
import { type Ledger, partitionOf, topicName } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { createKafka, type KafkaDriver } from '@synap/kafka'
import { silentLogger } from '@synap/messaging'
import { createS3Store, type ObjectStore } from '@synap/object-store'
import { createPool, type Pool } from '@synap/postgres'
import {
  createTestDatabase,
  eventually,
  runProgram,
  startService,
  type TestDatabase,
  type TestService,
  useStack,
} from '@synap/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLedgerReader, findUserOfKey, type LedgerReader } from './create-ledger-reader.ts'
import { ledgerGaps } from './ledger-gaps.ts'

interface Account {
  key: string
  userId: UserId
}

/** Real captures by ingest and its relay; nothing else runs, so log, read model and enricher hold nothing. */
describe('the ledger, read from real servers', () => {
  let database: TestDatabase
  let ingest: TestService
  let kafka: KafkaDriver
  let store: ObjectStore
  let pool: Pool
  let reader: LedgerReader
  let env: Record<string, string>
  let account: Account

  const program = (path: string, ...args: string[]) => runProgram(path, env, args)

  beforeAll(async () => {
    const stack = await useStack()
    database = await createTestDatabase(['ingest', 'events-writer', 'projector', 'enricher'])
    env = { ...stack.env, DATABASE_URL: database.url }
    await program('libs/kafka/src/create-topics.ts')
    await program('services/ingest/src/register-schemas.ts')
    ingest = await startService('ingest', env)
    kafka = createKafka({
      brokers: stack.env.KAFKA_BROKERS.split(','),
      clientId: 'ledger-test',
      logger: silentLogger,
    })
    store = createS3Store({
      endpoint: stack.env.S3_ENDPOINT,
      region: stack.env.S3_REGION,
      bucket: stack.bucket,
      accessKeyId: stack.env.S3_ACCESS_KEY_ID,
      secretAccessKey: stack.env.S3_SECRET_ACCESS_KEY,
    })
    // One connection, as the embedded database has.
    pool = createPool({ url: database.url, applicationName: 'ledger-test', max: 1 })
    await ingest.waitReady()
  })
  afterAll(async () => {
    await ingest.stop()
    await kafka.close()
    await store.close()
    await pool.end()
    await database.close()
  })

  /** Two items with content, captured and published. */
  beforeEach(async () => {
    const name = `ledger-${crypto.randomUUID()}`
    const made = await program('services/ingest/src/create-key.ts', '--name', name, '--scopes', 'read,write')
    account = JSON.parse(made) as Account
    const client = createClient({ ingestUrl: ingest.url, queryUrl: ingest.url, apiKey: account.key })
    for (const content of ['Buy milk', 'Ring Bob']) await client.capture({ type: 'note', content })
    const topic = { log: kafka, name: topicName('events', env['TOPIC_PREFIX'] ?? '') }
    reader = createLedgerReader({ pool, store, topic }, account.userId)
    await eventually('all is published', async () => (await reader.read()).outbox.unpublished === 0)
  })

  async function readLedger(): Promise<Ledger> {
    const ledger = await reader.read()
    return { ...ledger, topic: await reader.readTopic() }
  }

  /** What the parts of this test, object store, outbox and topic, lack. */
  const gapsUpToTopic = (ledger: Ledger) =>
    ledgerGaps(ledger).filter((gap) => /object|outbox|published|topic/.test(gap))

  it('given two captures, object store, outbox and topic agree, and what did not run is named', async () => {
    const ledger = await readLedger()
    const { events } = ledger.acknowledged
    expect(events).toBeGreaterThanOrEqual(2)
    expect(ledger).toMatchObject({
      userId: account.userId,
      acknowledged: { items: 2, withContent: 2 },
      objects: { referenced: 2, present: 2, unreferenced: 0 },
      outbox: { events, unpublished: 0 },
      topic: { events, repeated: 0 },
      log: { events: 0, parked: 0 },
    })
    expect(gapsUpToTopic(ledger)).toEqual([])
    expect(ledgerGaps(ledger)).toEqual(
      expect.arrayContaining([`events in the log: 0, not ${events}`, 'items in the read model: 0, not 2']),
    )
  })

  it('given an object that is gone and one that nothing refers to, both are named', async () => {
    const own = `users/${account.userId}/`
    const keys: string[] = []
    for await (const { key } of store.list(own)) keys.push(key)
    await store.delete(keys[0] ?? '')
    const sha256 = '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'
    await store.put(`${own}stray`, Buffer.from('foo'), { contentType: 'text/plain', sha256 })
    expect(gapsUpToTopic(await readLedger())).toEqual([
      'content objects in the bucket: 1, not 2',
      'objects nothing refers to: 1, not 0',
    ])
  })

  it('given an event without the mark of its publication, it is named', async () => {
    // The relay of ingest would publish it again.
    await ingest.stop()
    await database.superuserSql(
      `update write.outbox set published_at = null where sequence = 1 and user_id = '${account.userId}'`,
    )
    expect(gapsUpToTopic(await readLedger())).toEqual(['events not published: 1, not 0'])
    ingest = await startService('ingest', env)
    await ingest.waitReady()
  })

  it('given a record that stands twice in the topic, it is counted apart, and is no gap', async () => {
    const topic = `${env['TOPIC_PREFIX'] ?? ''}synap.events.v1`
    const before = await readLedger()
    await repeatNewest(topic)
    const after = await readLedger()
    expect(after.topic).toEqual({ events: before.acknowledged.events, repeated: 1 })
    expect(gapsUpToTopic(after)).toEqual([])
  })

  async function repeatNewest(topic: string): Promise<void> {
    const marks = await kafka.watermarks(topic)
    const partition = partitionOf(account.userId, marks.size)
    const newest = await kafka.consumerDriver.readAt(
      topic,
      partition,
      (marks.get(partition)?.high ?? 1n) - 1n,
    )
    if (newest?.headers['synap-user'] !== account.userId)
      throw new Error('that is the record of another user')
    const { key, value, headers } = newest
    const publisher = kafka.publisher()
    await publisher.publish(
      topic,
      [{ key: key ?? '', value, headers, partition }],
      AbortSignal.timeout(20_000),
    )
    await publisher.close()
  }

  it('given a key, its user is found; given one that the database does not know, nobody is', async () => {
    expect(await findUserOfKey(pool, account.key)).toBe(account.userId)
    expect(await findUserOfKey(pool, 'syn_other')).toBeUndefined()
  })
})
