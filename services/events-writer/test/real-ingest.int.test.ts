import { createClient, type SynapClient } from '@synap/client'
import { topicName } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { createKafka } from '@synap/kafka'
import { silentLogger } from '@synap/messaging'
import {
  createTestDatabase,
  eventually,
  runProgram,
  startService,
  type TestDatabase,
  type TestService,
  useStack,
} from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe('events-writer and ingest', () => {
  let database: TestDatabase
  let ingest: TestService
  let writer: TestService
  let client: SynapClient
  let userId: UserId
  let publishOne: (item: { key: string; value: string; headers: Record<string, string> }) => Promise<void>
  const open: (() => Promise<unknown>)[] = []

  beforeAll(async () => {
    const stack = await useStack()
    database = await createTestDatabase(['ingest', 'events-writer'])
    const env: Record<string, string> = { ...stack.env, DATABASE_URL: database.url }
    const program = (path: string, ...args: string[]) => runProgram(path, env, args)
    await Promise.all([
      program('libs/kafka/src/create-topics.ts'),
      program('services/ingest/src/register-schemas.ts'),
    ])
    const scopes = 'act:any,read,write,trace:continue'
    const account = JSON.parse(
      await program('services/ingest/src/create-key.ts', '--name', 'test', '--scopes', scopes),
    ) as { userId: UserId; key: string }
    userId = account.userId
    // Kafka is down for ingest: what it accepts stays in its outbox, and the test decides what reaches the topic.
    ingest = await startService('ingest', { ...env, KAFKA_BROKERS: '127.0.0.1:1' })
    writer = await startService('events-writer', {
      ...env,
      INGEST_URL: ingest.url,
      SERVICE_API_KEY: account.key,
    })
    client = createClient({
      ingestUrl: ingest.url,
      queryUrl: ingest.url,
      apiKey: account.key,
      deadlineMs: 10_000,
    })
    const kafka = createKafka({
      brokers: stack.env.KAFKA_BROKERS.split(','),
      clientId: 'test',
      logger: silentLogger,
    })
    const publisher = kafka.publisher()
    publishOne = ({ key, value, headers }) =>
      publisher.publish(
        topicName('events', stack.topicPrefix),
        [{ key, value: Buffer.from(value, 'base64'), headers }],
        AbortSignal.timeout(10_000),
      )
    open.push(
      () => writer.stop(),
      () => ingest.stop(),
      () => publisher.close(),
      () => kafka.close(),
      () => database.close(),
    )
  })
  afterAll(async () => {
    for (const close of open) await close()
  })

  it('given only the last event on the topic, the others are fetched, and the log can give all of them back', async () => {
    await writer.waitReady()
    let sequence = 0
    for (const content of ['Buy milk tomorrow', 'Grüße aus 日本', '# A title\n\nand text']) {
      const captured = await eventually('ingest takes a capture', () =>
        client.capture({ type: 'note', content, tags: ['t'] }),
      )
      ;({ sequence } = captured)
    }
    const outbox = await client.internalEvents(userId, 1, sequence)
    expect(outbox.every((item) => item.status === 'present')).toBe(true)
    const last = outbox.at(-1)
    if (last?.status !== 'present') throw new Error('ingest lacks what it accepted')
    await publishOne(last)
    await eventually('the log is whole', async () => {
      const [count] = await database.superuserSql(
        `select count(*), max(sequence) from log.events where user_id = '${userId}'`,
      )
      return count === `${sequence}|${sequence}`
    })
    expect(await database.superuserSql('select count(*) from log.parked')).toEqual(['0'])

    // Outbox rows leave when the log has them: ingest then encodes the events again from the log, to the same bytes.
    await database.superuserSql('delete from write.outbox')
    const again = await client.internalEvents(userId, 1, sequence)
    expect(again.map((item) => item.status === 'present' && item.value)).toEqual(
      outbox.map((item) => item.status === 'present' && item.value),
    )
  })
})
