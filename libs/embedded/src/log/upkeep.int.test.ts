import { randomBytes } from 'node:crypto'
import { type Consumer, type InboundMessage, silentLogger } from '@synap/messaging'
import { createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, eventually, type TestDatabase } from '@synap/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLocalLog, type LocalLog } from './local-log.ts'
import { readRecords } from './sql/read-records.ts'

const never = new AbortController().signal

describe('upkeep of the local log', () => {
  let database: TestDatabase
  let pool: Pool
  let log: LocalLog
  beforeAll(async () => {
    database = await createTestDatabase()
    pool = createPool({ url: database.url, applicationName: 'upkeep', max: 1 })
    log = await createLocalLog({ pool, logger: silentLogger, pollMs: 50 })
  })
  afterAll(async () => {
    await log.close()
    await pool.end()
    await database.close()
  })

  const newTopic = async (config: Record<string, string>) => {
    const name = `t${randomBytes(5).toString('hex')}`
    await log.createTopics([{ name, partitions: 1, config }])
    return name
  }
  const publish = async (
    topic: string,
    records: readonly (readonly [key: string, value: string | null])[],
  ) => {
    const publisher = log.publisher()
    const messages = records.map(([key, value]) => ({
      key,
      value: value === null ? null : Buffer.from(value),
      headers: {},
    }))
    await publisher.publish(topic, messages, never)
    await publisher.close()
  }
  /** Makes records before an offset as old as that. */
  const age = async (topic: string, days: number, before: number) => {
    await database.superuserSql(
      `update local.records set published_at = now() - interval '${days} days'
        where record_offset < ${before} and topic_id = (select id from local.topics where name = '${topic}');`,
    )
  }
  const read = async (topic: string) => {
    const limits = { batchRecords: 10_000, batchBytes: 100_000_000 }
    return await readRecords(pool, { topic, partition: 0 }, 0n, limits, never)
  }
  const shown = (messages: readonly InboundMessage[]) =>
    messages.map(({ offset, key, value }) => `${offset} ${key} ${value === null ? '-' : String(value)}`)
  const consume = async (topic: string, position: bigint): Promise<Consumer> => {
    const consumer = log.consumerDriver.createConsumer({
      groupId: `g${randomBytes(5).toString('hex')}`,
      topics: [topic],
      resumeAt: async () => position,
      handle: async (_batch, { signal }) => {
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        )
      },
    })
    await consumer.start()
    await eventually('it knows its position', () => consumer.health().partitions[0]?.position === position)
    return consumer
  }
  const letters = (count: number) =>
    Array.from({ length: count }, (_, index) => [`k${index}`, `v${index}`] as const)

  it('given records beyond their time, they go, the low watermark follows, and offsets stay', async () => {
    const topic = await newTopic({ 'retention.ms': String(30 * 86_400_000) })
    await publish(topic, letters(10))
    await age(topic, 31, 6)
    await log.keepTopics()
    expect((await log.watermarks(topic)).get(0)).toEqual({ low: 6n, high: 10n })
    expect((await read(topic)).map(({ offset }) => offset)).toEqual([6n, 7n, 8n, 9n])
    await age(topic, 31, 10)
    await log.keepTopics()
    expect((await log.watermarks(topic)).get(0)).toEqual({ low: 10n, high: 10n })
    await publish(topic, [['k', 'next']])
    expect(shown(await read(topic))).toEqual(['10 k next'])
  })

  it('given more old records than one statement takes, all of them go', async () => {
    const topic = await newTopic({ 'retention.ms': '1000' })
    await publish(topic, letters(4_500))
    await age(topic, 1, 4_400)
    await log.keepTopics()
    expect((await log.watermarks(topic)).get(0)).toEqual({ low: 4_400n, high: 4_500n })
  })

  it('given a topic without a time, everything stays', async () => {
    const [kept, forever] = [await newTopic({}), await newTopic({ 'retention.ms': '-1' })]
    for (const topic of [kept, forever]) {
      await publish(topic, letters(3))
      await age(topic, 3_650, 3)
    }
    await log.keepTopics()
    expect(await read(kept)).toHaveLength(3)
    expect(await read(forever)).toHaveLength(3)
  })

  it('given a consumer that has not handled old records, they stay for it', async () => {
    const topic = await newTopic({ 'retention.ms': '1000' })
    await publish(topic, letters(10))
    await age(topic, 1, 10)
    const consumer = await consume(topic, 4n)
    await log.keepTopics()
    expect((await log.watermarks(topic)).get(0)).toEqual({ low: 4n, high: 10n })
    await consumer.close()
    await log.keepTopics()
    expect((await log.watermarks(topic)).get(0)).toEqual({ low: 10n, high: 10n })
  })

  it('given records of equal keys, the newest of each stays, and old tombstones go', async () => {
    const topic = await newTopic({ 'cleanup.policy': 'compact', 'delete.retention.ms': '86400000' })
    await publish(topic, [
      ['a', '1'],
      ['b', '1'],
      ['a', '2'],
      ['c', '1'],
      ['b', null],
    ])
    await log.keepTopics()
    expect(shown(await read(topic))).toEqual(['2 a 2', '3 c 1', '4 b -'])
    await publish(topic, [
      ['c', '2'],
      ['a', null],
      ['a', '3'],
    ])
    await log.keepTopics()
    expect(shown(await read(topic))).toEqual(['4 b -', '5 c 2', '7 a 3'])
    await age(topic, 2, 8)
    await log.keepTopics()
    expect(shown(await read(topic))).toEqual(['5 c 2', '7 a 3'])
    expect((await log.watermarks(topic)).get(0)).toEqual({ low: 0n, high: 8n })
  })

  it('given a consumer before a tombstone, however old, the tombstone stays for it', async () => {
    const topic = await newTopic({ 'cleanup.policy': 'compact', 'delete.retention.ms': '1000' })
    await publish(topic, [
      ['a', '1'],
      ['a', null],
      ['b', '1'],
    ])
    await age(topic, 1, 3)
    const consumer = await consume(topic, 1n)
    await log.keepTopics()
    expect(shown(await read(topic))).toEqual(['1 a -', '2 b 1'])
    await consumer.close()
    await log.keepTopics()
    expect(shown(await read(topic))).toEqual(['2 b 1'])
  })

  it('given that nothing is left of what a consumer lacks, it comes to the end all the same', async () => {
    const topic = await newTopic({ 'cleanup.policy': 'compact', 'delete.retention.ms': '0' })
    await publish(topic, [
      ['a', '1'],
      ['a', null],
    ])
    await age(topic, 1, 2)
    await log.keepTopics()
    expect(await read(topic)).toEqual([])
    const consumer = log.consumerDriver.createConsumer({
      groupId: 'late',
      topics: [topic],
      resumeAt: async (_topic, _partition, at) => at.low,
      handle: async () => undefined,
    })
    await consumer.start()
    await eventually('it is at the end', () => consumer.health().partitions[0]?.position === 2n)
    await consumer.close()
  })

  it('given any course of publishing and compaction, the newest value of each key is what it was', async () => {
    const record = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.nat(99).map(String)))
    const step = fc.oneof(fc.array(record, { minLength: 1, maxLength: 6 }), fc.constant('compact' as const))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const topic = await newTopic({ 'cleanup.policy': 'compact' })
        const newest = new Map<string, string | null>()
        for (const one of steps) {
          if (one === 'compact') await log.keepTopics()
          else await publish(topic, one)
          if (one !== 'compact') for (const [key, value] of one) newest.set(key, value)
        }
        await log.keepTopics()
        const left = (await read(topic)).map(
          ({ key, value }) => [key, value === null ? null : String(value)] as const,
        )
        expect(left).toHaveLength(newest.size)
        expect(new Map(left)).toEqual(newest)
        await database.superuserSql(
          'truncate local.group_offsets, local.records, local.partitions, local.topics;',
        )
      }),
      { numRuns: 25 },
    )
  })
})
