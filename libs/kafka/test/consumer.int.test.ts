import { randomBytes } from 'node:crypto'
import { SynapError, wait } from '@synap/core'
import {
  type Batch,
  type Consumer,
  type ConsumerOptions,
  type OutboundMessage,
  silentLogger,
} from '@synap/messaging'
import { eventually, useStack } from '@synap/testing'
import kafkajs from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createKafka, type KafkaDriver } from '../src/index.ts'

const never = new AbortController().signal

describe('the Kafka consumer', () => {
  let brokers: string[]
  let prefix: string
  let kafka: KafkaDriver
  const consumers: Consumer[] = []

  beforeAll(async () => {
    const stack = await useStack('kafka')
    brokers = stack.env.KAFKA_BROKERS.split(',')
    prefix = stack.topicPrefix
    kafka = createKafka(
      { brokers, clientId: 'consumer-test', logger: silentLogger },
      { pausePolicy: { baseMs: 20, capMs: 100 }, tuning: { sessionTimeoutMs: 6_000 } },
    )
  })
  afterEach(async () => {
    await Promise.all(consumers.splice(0).map((consumer) => consumer.close()))
  })
  afterAll(() => kafka.close())

  const newTopic = async (partitions: number, config: Record<string, string> = {}) => {
    const name = `${prefix}${randomBytes(4).toString('hex')}`
    await kafka.createTopics([{ name, partitions, config }])
    return name
  }
  const series = (count: number, partition: number, first = 0): OutboundMessage[] =>
    Array.from({ length: count }, (_, index) => ({
      key: 'k',
      value: Buffer.from(String(first + index)),
      headers: {},
      partition,
    }))
  const publish = async (topic: string, messages: readonly OutboundMessage[]) => {
    const publisher = kafka.publisher()
    await publisher.publish(topic, messages, never)
    await publisher.close()
  }
  /** With plain kafkajs, for what our own tools never do. */
  const withAdmin = async <T>(work: (admin: kafkajs.Admin) => Promise<T>) => {
    const logCreator = () => () => undefined
    const admin = new kafkajs.Kafka({ brokers, logCreator }).admin()
    await admin.connect()
    try {
      return await work(admin)
    } finally {
      await admin.disconnect()
    }
  }
  /** As retention does. */
  const removeBefore = (topic: string, offset: number) =>
    withAdmin(async (admin) => {
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] })
    })
  /** Positions as one database shared by all members of a group; `seen` counts every value that passed its fence. */
  const createStore = () => {
    const positions = new Map<number, bigint>()
    const seen = new Map<string, number>()
    const apply = async ({ partition, messages }: Batch) => {
      for (const { offset, value } of messages) {
        if (offset < (positions.get(partition) ?? 0n)) continue
        const key = `${partition}/${String(value)}`
        seen.set(key, (seen.get(key) ?? 0) + 1)
        positions.set(partition, offset + 1n)
      }
    }
    return { positions, seen, apply }
  }
  const join = async (
    topic: string,
    groupId: string,
    store: ReturnType<typeof createStore>,
    options: Partial<ConsumerOptions> = {},
  ) => {
    const consumer = kafka.consumerDriver.createConsumer({
      groupId,
      topics: [topic],
      resumeAt: async (_topic, partition, { low }) => store.positions.get(partition) ?? low,
      handle: (batch) => store.apply(batch),
      ...options,
    })
    consumers.push(consumer)
    consumer.finished.catch(() => undefined)
    await consumer.start()
    return consumer
  }
  const newGroup = () => `group-${randomBytes(4).toString('hex')}`
  const ready = (consumer: Consumer) =>
    eventually('the consumer is ready', () => consumer.health().ready, { deadlineMs: 30_000 })

  it('given members that come and go while records flow, each is applied once and none is lost', async () => {
    const topic = await newTopic(6)
    const groupId = newGroup()
    const store = createStore()
    const steady = await join(topic, groupId, store)
    await ready(steady)
    const over = new AbortController()
    let published = 0
    const publisher = kafka.publisher()
    const publishing = (async () => {
      for (; !over.signal.aborted; published += 10) {
        const messages = [0, 1, 2, 3, 4, 5].flatMap((partition) => series(10, partition, published))
        await publisher.publish(topic, messages, never)
        await wait(10, never)
      }
    })()
    for (let round = 0; round < 4; round += 1) {
      const other = await join(topic, groupId, store)
      await eventually(
        'both hold partitions',
        () => other.health().partitions.length === 3 && other.health().ready,
        {
          deadlineMs: 20_000,
        },
      )
      await other.close()
      await eventually(
        'one holds all',
        () => steady.health().partitions.length === 6 && steady.health().ready,
        {
          deadlineMs: 20_000,
        },
      )
    }
    over.abort()
    await publishing
    await publisher.close()
    await eventually('all are applied', () => store.seen.size === published * 6, { deadlineMs: 20_000 })
    expect(new Set(store.seen.values())).toEqual(new Set([1]))
  })

  it('given a rebalance during a long batch, the signal aborts and the member joins again', async () => {
    const topic = await newTopic(2)
    const groupId = newGroup()
    await publish(topic, [...series(1, 0), ...series(1, 1)])
    const store = createStore()
    const reasons: unknown[] = []
    let slow = true
    const first = await join(topic, groupId, store, {
      handle: async (batch, context) => {
        context.signal.addEventListener('abort', () => reasons.push(context.signal.reason))
        while (slow) {
          await context.heartbeat()
          await wait(50, context.signal)
        }
        await store.apply(batch)
      },
    })
    await ready(first)
    const second = await join(topic, groupId, store)
    await eventually('the second has its share', () => second.health().partitions.length === 1, {
      deadlineMs: 20_000,
    })
    slow = false
    await eventually('both records are applied', () => store.seen.size === 2, { deadlineMs: 20_000 })
    expect(first.health()).toMatchObject({ state: 'running' })
    expect(reasons[0]).toMatchObject({ code: 'partition.lost' })
  })

  it('given records removed that were never handled, it halts with both numbers and applies nothing', async () => {
    const topic = await newTopic(1)
    await publish(topic, series(10, 0))
    await removeBefore(topic, 5)
    const store = createStore()
    const consumer = await join(topic, newGroup(), store, { resumeAt: async () => 2n })
    await eventually('it halts', () => consumer.health().state === 'halted', { deadlineMs: 20_000 })
    expect(consumer.health().reason).toContain('is 2, but the topic holds 5 to 10')
    expect(store.seen.size).toBe(0)
  })

  it('given a paused partition whose records are removed meanwhile, it halts instead of skipping them', async () => {
    const topic = await newTopic(1)
    await publish(topic, series(10, 0))
    const store = createStore()
    let calls = 0
    let away = true
    const consumer = await join(topic, newGroup(), store, {
      handle: async (batch) => {
        calls += 1
        if (away) throw new SynapError('away', { code: 'test.away', class: 'dependency' })
        await store.apply(batch)
      },
    })
    await eventually('it is paused', () => calls > 1, { deadlineMs: 20_000 })
    await removeBefore(topic, 5)
    away = false
    await eventually('it halts', () => consumer.health().state === 'halted', { deadlineMs: 20_000 })
    expect(consumer.health().reason).toContain('5 to 10')
    // What kafkajs had fetched before may have been applied; what was removed may not have been skipped.
    expect([...store.seen.keys()].every((key) => Number(key.slice(2)) < 5) || store.seen.size === 10).toBe(
      true,
    )
  })

  it('given a topic made anew under a running consumer, it halts and never begins the new one by itself', async () => {
    const topic = await newTopic(1)
    await publish(topic, series(10, 0))
    const store = createStore()
    const consumer = await join(topic, newGroup(), store)
    await eventually('all are applied', () => store.seen.size === 10, { deadlineMs: 20_000 })
    await withAdmin((admin) => admin.deleteTopics({ topics: [topic] }))
    await eventually('the topic is gone', async () => {
      const names = await withAdmin((admin) => admin.listTopics())
      return !names.includes(topic)
    })
    await kafka.createTopics([{ name: topic, partitions: 1, config: {} }])
    await publish(topic, series(3, 0, 100))
    await eventually('it halts', () => consumer.health().state === 'halted', { deadlineMs: 40_000 })
    expect(store.seen.size).toBe(10)
  })

  it('given all is handled, the offsets committed in Kafka say so and never more', async () => {
    const topic = await newTopic(2)
    const groupId = newGroup()
    await publish(topic, [...series(25, 0), ...series(5, 1)])
    const store = createStore()
    await join(topic, groupId, store)
    await eventually('all are applied', () => store.seen.size === 30, { deadlineMs: 20_000 })
    const lag = await eventually('the hint arrives', async () => {
      const rows = await kafka.groupLag(groupId, [topic])
      return rows.every((row) => row.lag === 0n) && rows
    })
    expect(lag).toEqual([
      { topic, partition: 0, committed: 25n, high: 25n, lag: 0n },
      { topic, partition: 1, committed: 5n, high: 5n, lag: 0n },
    ])
  })

  it('given many records, handlers get them in bounded batches', async () => {
    const topic = await newTopic(1)
    await publish(topic, series(9_000, 0))
    const store = createStore()
    const sizes: number[] = []
    await join(topic, newGroup(), store, {
      handle: async (batch) => {
        sizes.push(batch.messages.length)
        await store.apply(batch)
      },
    })
    await eventually('all are applied', () => store.seen.size === 9_000, { deadlineMs: 20_000 })
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2_000)
    expect(sizes.length).toBeLessThan(40)
  })

  it('given a batch of another client in zstd, it is read; a gzip bomb halts and does not fill the memory', async () => {
    const send = async (topic: string, compression: kafkajs.CompressionTypes, value: Buffer) => {
      const client = new kafkajs.Kafka({ brokers, logCreator: () => () => undefined })
      const producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
      await producer.connect()
      await producer.send({ topic, compression, messages: [{ key: 'k', value }] })
      await producer.disconnect()
    }
    const readable = await newTopic(1)
    await send(readable, kafkajs.CompressionTypes.ZSTD, Buffer.from('0'))
    const store = createStore()
    await join(readable, newGroup(), store)
    await eventually('it is read', () => store.seen.size === 1, { deadlineMs: 20_000 })

    const bombed = await newTopic(1)
    await send(bombed, kafkajs.CompressionTypes.GZIP, Buffer.alloc(100 * 1024 * 1024))
    const consumer = await join(bombed, newGroup(), createStore())
    await eventually('it halts', () => consumer.health().state === 'halted', { deadlineMs: 20_000 })
    expect(consumer.health().reason).toContain('larger than 67108864 bytes')
  })

  it('given a topic that is not there yet, it waits for it and says so', async () => {
    const topic = `${prefix}later`
    const store = createStore()
    const consumer = await join(topic, newGroup(), store)
    await eventually('it says why', () => consumer.health().reason?.includes('topic') === true, {
      deadlineMs: 20_000,
    })
    expect(consumer.health()).toMatchObject({ ready: false })
    await kafka.createTopics([{ name: topic, partitions: 1, config: {} }])
    await publish(topic, series(1, 0))
    await eventually('it is applied', () => store.seen.size === 1, { deadlineMs: 40_000 })
  })
})
