import { randomBytes } from 'node:crypto'
import { wait } from '@synap/core'
import { type Batch, type Consumer, type Publisher, silentLogger } from '@synap/messaging'
import { eventually, type PrivateBroker, startPrivateBroker } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKafka, type KafkaDriver } from '../src/index.ts'

const never = new AbortController().signal
const partitions = 3

interface Fault {
  name: string
  /** From the moment it strikes to the moment it is over. */
  run: (broker: PrivateBroker) => Promise<void>
}

const faults: Fault[] = [
  {
    name: 'the broker is killed and started again',
    run: async (broker) => {
      await broker.stopBroker('killed')
      await broker.startBroker()
    },
  },
  {
    name: 'the broker is stopped in order and started again',
    run: async (broker) => {
      await broker.stopBroker('in-order')
      await broker.startBroker()
    },
  },
  {
    name: 'the broker hangs, accepting connections',
    run: async (broker) => {
      await broker.signal('kafka', 'SIGSTOP')
      await wait(5_000, never)
      await broker.signal('kafka', 'SIGCONT')
    },
  },
  {
    name: 'answers are lost after the append',
    run: async ({ proxy }) => {
      proxy.setMode('swallow')
      await wait(2_500, never)
      proxy.setMode('pass')
    },
  },
  {
    name: 'single answers are lost and their connections cut, thirty times',
    run: async ({ proxy }) => {
      for (let lost = 0; lost < 30; lost += 1) {
        const done = Promise.withResolvers<void>()
        proxy.onAnswer(() => {
          proxy.onAnswer(undefined)
          done.resolve()
          return 'lose'
        })
        await done.promise
      }
    },
  },
  {
    name: 'all connections are cut for a while',
    run: async ({ proxy }) => {
      proxy.setMode('cut')
      await wait(2_000, never)
      proxy.setMode('pass')
    },
  },
  {
    name: 'connections are half open',
    run: async ({ proxy }) => {
      proxy.setMode('half-open')
      await wait(4_000, never)
      proxy.setMode('pass')
    },
  },
]

describe('publishing and consuming while the broker misbehaves', () => {
  let broker: PrivateBroker
  let kafka: KafkaDriver
  let publisher: Publisher
  let consumer: Consumer
  let failedAttempts = 0
  const logger = {
    ...silentLogger,
    warn: (_fields: object, message: string) => {
      if (message.startsWith('publish failed')) failedAttempts += 1
    },
  }
  const topic = `faults-${randomBytes(4).toString('hex')}`
  /** By partition: what was acknowledged, in order, and what the consumer handled, first copies only. */
  const acknowledged = Array.from({ length: partitions }, () => [] as string[])
  const handled = Array.from({ length: partitions }, () => new Set<string>())

  beforeAll(async () => {
    broker = await startPrivateBroker()
    kafka = createKafka(
      {
        brokers: broker.env.KAFKA_BROKERS.split(','),
        clientId: 'faults',
        logger,
        deadlines: { connect: 1_000, request: 1_500, attempt: 3_000 },
      },
      { pausePolicy: { baseMs: 50, capMs: 500 }, tuning: { sessionTimeoutMs: 6_000 } },
    )
    await kafka.createTopics([{ name: topic, partitions, config: {} }])
    publisher = kafka.publisher({ retry: { baseMs: 20, capMs: 200 } })
    const positions = new Map<number, bigint>()
    consumer = kafka.consumerDriver.createConsumer({
      groupId: 'faults',
      topics: [topic],
      resumeAt: async (_topic, partition, { low }) => positions.get(partition) ?? low,
      handle: async ({ partition, messages }: Batch) => {
        for (const { offset, value } of messages) {
          // As a database with a fence on the position would: what is below it is dropped.
          if (offset >= (positions.get(partition) ?? 0n)) handled[partition]?.add(String(value))
        }
        positions.set(partition, (messages.at(-1)?.offset ?? 0n) + 1n)
      },
    })
    await consumer.start()
    await eventually('the consumer is ready', () => consumer.health().ready, { deadlineMs: 30_000 })
  }, 120_000)

  afterAll(async () => {
    await consumer.close()
    await publisher.close()
    await kafka.close()
    await broker.close()
  }, 60_000)

  it.each(faults)(
    'given $name, nothing is lost and the order stands',
    { timeout: 120_000 },
    async ({ name, run }) => {
      const over = new AbortController()
      const publishing = (async () => {
        for (let call = 0; !over.signal.aborted; call += 1) {
          const messages = Array.from({ length: 30 }, (_, index) => ({
            key: 'k',
            value: Buffer.from(`${name}/${call}/${index}`),
            headers: {},
            partition: index % partitions,
          }))
          await publisher.publish(topic, messages, never)
          for (const { partition, value } of messages) acknowledged[partition]?.push(String(value))
        }
      })()
      await wait(300, never)
      const before = acknowledged[0]?.length ?? 0
      const failedBefore = failedAttempts
      await run(broker)
      await eventually('it publishes again', () => (acknowledged[0]?.length ?? 0) > before + 100, {
        deadlineMs: 60_000,
      })
      over.abort()
      await publishing
      await eventually(
        'everything acknowledged has been handled',
        () =>
          acknowledged.every((values, partition) => values.every((value) => handled[partition]?.has(value))),
        { deadlineMs: 60_000 },
      )
      for (const [partition, values] of acknowledged.entries()) {
        expect([...(handled[partition] ?? [])]).toEqual(values)
      }
      await eventually('the consumer is ready', () => consumer.health().ready, { deadlineMs: 30_000 })
      expect(publisher.health().ready).toBe(true)
      // Else the fault missed and the test has shown nothing.
      expect(failedAttempts).toBeGreaterThan(failedBefore)
    },
  )
})
