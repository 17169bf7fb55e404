import { randomBytes } from 'node:crypto'
import { SynapError, wait } from '@synap/core'
import { eventually } from '@synap/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type {
  Batch,
  BatchContext,
  Consumer,
  InboundMessage,
  OutboundMessage,
  Publisher,
} from '../src/index.ts'
import { companyPromises, failurePromises } from './contract-consuming.ts'
import { logPromises } from './contract-log.ts'
import {
  type ConsumerUnderTest,
  type ContractTools,
  type MessagingHarness,
  placeOf,
  valueOf,
} from './contract-tools.ts'

export { type RegistryHarness, registryContract } from './contract-registry.ts'
export type { MessagingHarness } from './contract-tools.ts'

const never = new AbortController().signal
const dependency = () => new SynapError('a server is away', { code: 'test.away', class: 'dependency' })
const configuration = () =>
  new SynapError('a table is missing', { code: 'test.table', class: 'configuration' })

const text = (value: string, partition?: number): OutboundMessage => ({
  key: 'key',
  value: Buffer.from(value),
  headers: {},
  ...(partition === undefined ? {} : { partition }),
})
const series = (prefix: string, count: number, partition: number) =>
  Array.from({ length: count }, (_, index) => text(`${prefix}${index}`, partition))

/** The promises that the rest of Synap builds on. Each driver of the messaging ports runs this suite. */
export function messagingContract(name: string, open: () => Promise<MessagingHarness>): void {
  describe(`messaging contract: ${name}`, () => {
    let harness: MessagingHarness
    let publisher: Publisher
    const consumers: Consumer[] = []

    beforeAll(async () => {
      harness = await open()
      publisher = harness.log.publisher()
    })
    afterEach(async () => {
      await Promise.all(consumers.splice(0).map((consumer) => consumer.close()))
    })
    afterAll(async () => {
      await publisher?.close()
      await harness?.close()
    })

    const newTopicName = () => `${harness.prefix ?? ''}contract.${randomBytes(5).toString('hex')}`
    const createTopic = async (partitions: number) => {
      const topic = newTopicName()
      const config = { 'max.message.bytes': String(harness.messageBytes) }
      await harness.log.createTopics([{ name: topic, partitions, config }])
      // Known everywhere: a call to a partition that is not ready yet would be sent again whole.
      const all = async () => (await harness.log.watermarks(topic, never)).size === partitions
      await eventually('the topic is ready', all)
      return topic
    }
    const publish = (topic: string, messages: readonly OutboundMessage[]) =>
      publisher.publish(topic, messages, never)

    const consume: ContractTools['consume'] = async (topics, options = {}) => {
      const under = underTest(typeof topics === 'string' ? [topics] : topics)
      const { topic, store, positions, asked, ...rest } = under
      const consumer = harness.log.consumerDriver.createConsumer({
        groupId: newTopicName(),
        topics: topic,
        resumeAt: async (name, partition, at) => {
          asked.push({ topic: name, partition, at })
          return positions.get(placeOf(name, partition)) ?? at.low
        },
        handle: store,
        ...options,
      })
      consumers.push(consumer)
      // Each test says itself what it expects of a crash; unobserved it would end the test run.
      consumer.finished.catch(() => undefined)
      await consumer.start()
      return { consumer, store, positions, asked, ...rest }
    }
    const becomesReady = (consumer: Consumer) =>
      eventually('the consumer is ready', () => consumer.health().ready, { deadlineMs: 30_000 })
    const tools = (): ContractTools => ({
      harness,
      newTopicName,
      createTopic,
      publish,
      series,
      consume,
      becomesReady,
    })

    describe('the log', () => {
      logPromises(tools)
    })
    describe('consumers in company', () => {
      companyPromises(tools)
    })
    describe('failures', () => {
      failurePromises(tools)
    })

    describe('publishing', () => {
      it('given a record with headers, text beyond ASCII and bytes, it arrives as it was sent', async () => {
        const topic = await createTopic(1)
        const before = Date.now()
        const value = Buffer.from([0, 255, 0, 1, 128])
        const headers = { traceparent: '00-ab-cd-01', 'synap-user': 'ü – 你好', empty: '' }
        await publish(topic, [{ key: 'clé', value, headers }])
        const { handled } = await consume(topic)
        await eventually('the record arrives', () => handled.length === 1)
        expect(handled[0]).toMatchObject({ topic, partition: 0, offset: 0n, key: 'clé', value, headers })
        expect(Math.abs((handled[0]?.timestamp ?? 0) - before)).toBeLessThan(60_000)
      })

      it('given a tombstone, its value arrives as null and not as empty bytes', async () => {
        const topic = await createTopic(1)
        await publish(topic, [
          { key: 'gone', value: null, headers: {} },
          { key: 'empty', value: Buffer.alloc(0), headers: {} },
        ])
        const { handled } = await consume(topic)
        await eventually('both arrive', () => handled.length === 2)
        expect(handled.map(({ value }) => value)).toEqual([null, Buffer.alloc(0)])
      })

      it("given keys of Kafka's own test vectors, they land where Java's client puts them", async () => {
        // org.apache.kafka.common.utils.UtilsTest#testMurmur2; partition = (hash & 0x7fffffff) % 12.
        const vectors: Record<string, number> = {
          '21': -973932308,
          foobar: -790332482,
          'a-little-bit-long-string': -985981536,
          'a-little-bit-longer-string': -1486304829,
          lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
          abc: 479470107,
        }
        const topic = await createTopic(12)
        await publish(
          topic,
          Object.keys(vectors).map((key) => ({ key, value: Buffer.from('v'), headers: {} })),
        )
        const { handled } = await consume(topic)
        // A call that reaches several partitions may be sent again whole, when one of them was not ready.
        const keys = () => new Set(handled.map(({ key }) => key))
        await eventually('all arrive', () => keys().size === Object.keys(vectors).length)
        const placed = Object.fromEntries(handled.map(({ key, partition }) => [key, partition]))
        const expected = Object.entries(vectors).map(([key, hash]) => [key, (hash & 0x7fffffff) % 12])
        expect(placed).toEqual(Object.fromEntries(expected))
      })

      it('given a partition number, it wins over the key; one that does not exist is refused', async () => {
        const topic = await createTopic(3)
        await publish(topic, [text('a', 2), text('b', 0)])
        const { handled } = await consume(topic)
        await eventually('both arrive', () => handled.length === 2)
        expect(new Set(handled.map((message) => `${valueOf(message)}${message.partition}`))).toEqual(
          new Set(['a2', 'b0']),
        )
        await expect(publish(topic, [text('c', 3)])).rejects.toMatchObject({
          code: 'partition.unknown',
          class: 'configuration',
        })
      })

      it('given concurrent calls, the records of a partition keep the order of the calls', async () => {
        const topic = await createTopic(2)
        const calls = Array.from({ length: 20 }, (_, call) => [
          ...series(`${call}.`, 10, 0),
          ...series(`${call}.`, 10, 1),
        ])
        await Promise.all(calls.map((messages) => publish(topic, messages)))
        const { handled, valuesOf } = await consume(topic)
        await eventually('all arrive', () => handled.length === 400)
        const expected = calls.flatMap((messages) => messages.slice(0, 10)).map(({ value }) => String(value))
        expect(valuesOf(0)).toEqual(expected)
        expect(valuesOf(1)).toEqual(expected)
      })

      it('given it resolved, the records can be read at once', async () => {
        const topic = await createTopic(1)
        await publish(topic, series('m', 3, 0))
        expect(
          valueOf((await harness.log.consumerDriver.readAt(topic, 0, 2n)) ?? ({} as InboundMessage)),
        ).toBe('m2')
      })

      it('given one message that is too large, the error names it and everything before it is stored', async () => {
        const topic = await createTopic(1)
        const large = { key: 'k', value: randomBytes(2 * harness.messageBytes), headers: {} }
        const failure = await publish(topic, [...series('m', 3, 0), large, text('after', 0)]).catch(
          (error: unknown) => error,
        )
        expect(failure).toMatchObject({ code: 'message.too_large', class: 'data', fields: { index: 3 } })
        expect((await harness.log.consumerDriver.readAt(topic, 0, 2n))?.value?.toString()).toBe('m2')
        await publish(topic, [text('next', 0)])
      })

      it('given many more bytes than one message may have, a call of small messages is stored whole', async () => {
        const topic = await createTopic(1)
        const value = randomBytes(Math.ceil(harness.messageBytes / 32))
        await publish(
          topic,
          Array.from({ length: 200 }, () => ({ key: 'k', value, headers: {} })),
        )
        expect(await harness.log.consumerDriver.readAt(topic, 0, 199n)).toBeDefined()
        expect(await harness.log.consumerDriver.readAt(topic, 0, 200n)).toBeUndefined()
      })

      it('given a signal that aborts, it rejects with its reason, before its turn and in it', async () => {
        const topic = await createTopic(1)
        const controller = new AbortController()
        const first = publisher.publish(topic, series('m', 100, 0), controller.signal)
        const second = publisher.publish(topic, [text('n', 0)], controller.signal)
        controller.abort(new Error('shutting down'))
        await expect(second).rejects.toThrow('shutting down')
        // The first was on its way: it may have been acknowledged before the signal.
        const [outcome] = await Promise.allSettled([first])
        const reason = outcome.status === 'rejected' ? String(outcome.reason) : 'Error: shutting down'
        expect(reason).toBe('Error: shutting down')
        await publish(topic, [text('later', 0)])
      })

      it('given nothing to send, it resolves and sends nothing', async () => {
        const topic = await createTopic(1)
        await publish(topic, [])
        expect(await harness.log.consumerDriver.readAt(topic, 0, 0n)).toBeUndefined()
      })

      it('given a closed publisher, it refuses and says so', async () => {
        const topic = await createTopic(1)
        const other = harness.log.publisher()
        await other.publish(topic, [text('a', 0)], never)
        await other.close()
        await expect(other.publish(topic, [text('b', 0)], never)).rejects.toMatchObject({
          code: 'publisher.closed',
        })
      })
    })

    describe('reading single records', () => {
      it('given an offset, it answers with that record or with nothing', async () => {
        const topic = await createTopic(2)
        await publish(topic, series('m', 50, 1))
        const found = await harness.log.consumerDriver.readAt(topic, 1, 31n)
        expect(found).toMatchObject({ topic, partition: 1, offset: 31n, key: 'key' })
        expect(found && valueOf(found)).toBe('m31')
        expect(await harness.log.consumerDriver.readAt(topic, 1, 50n)).toBeUndefined()
        expect(await harness.log.consumerDriver.readAt(topic, 1, 5_000n)).toBeUndefined()
        expect(await harness.log.consumerDriver.readAt(topic, 0, 0n)).toBeUndefined()
      })
    })

    describe('consuming', () => {
      it('given records before and after the start, each partition is handled in order, once', async () => {
        const topic = await createTopic(2)
        await publish(topic, [...series('m', 300, 0), ...series('m', 300, 1)])
        const { consumer, handled, valuesOf } = await consume(topic)
        await becomesReady(consumer)
        await publish(topic, [...series('n', 10, 0), ...series('n', 10, 1)])
        await eventually('all arrive', () => handled.length >= 620)
        const expected = [...series('m', 300, 0), ...series('n', 10, 0)].map(({ value }) => String(value))
        expect(valuesOf(0)).toEqual(expected)
        expect(valuesOf(1)).toEqual(expected)
        const health = consumer.health()
        expect(health).toMatchObject({ state: 'running', ready: true, reason: null })
        expect(health.partitions.map(({ position }) => position)).toEqual([310n, 310n])
      })

      it('given an idle consumer, a new record is handled within a second', async () => {
        const topic = await createTopic(1)
        const { consumer, handled } = await consume(topic)
        await becomesReady(consumer)
        await publish(topic, [text('hello', 0)])
        await eventually('the record arrives', () => handled.length === 1, { deadlineMs: 1_000 })
        expect(handled.map(valueOf)).toEqual(['hello'])
      })

      it('given a stored position, it goes on exactly there, also when that is older than what was handled', async () => {
        const topic = await createTopic(1)
        await publish(topic, series('m', 10, 0))
        const groupId = newTopicName()
        const first = await consume(topic, { groupId, resumeAt: async () => 6n })
        await eventually('the rest arrives', () => first.handled.length >= 4)
        expect(first.valuesOf(0)).toEqual(['m6', 'm7', 'm8', 'm9'])
        await first.consumer.close()
        const second = await consume(topic, { groupId, resumeAt: async () => 3n })
        await eventually('the rest arrives', () => second.handled.length >= 7)
        expect(second.valuesOf(0)).toEqual(['m3', 'm4', 'm5', 'm6', 'm7', 'm8', 'm9'])
      })

      it('given an assignment, it is told what the topic holds', async () => {
        const topic = await createTopic(2)
        await publish(topic, series('m', 7, 1))
        const { consumer, asked } = await consume(topic)
        await becomesReady(consumer)
        expect(asked.toSorted((a, b) => a.partition - b.partition)).toEqual([
          { topic, partition: 0, at: { low: 0n, high: 0n } },
          { topic, partition: 1, at: { low: 0n, high: 7n } },
        ])
      })

      it('given a position that the topic does not hold, it halts and never resets by itself', async () => {
        const topic = await createTopic(1)
        await publish(topic, series('m', 3, 0))
        const { consumer, handled } = await consume(topic, { resumeAt: async () => 4n })
        await eventually('it halts', () => consumer.health().state === 'halted', { deadlineMs: 30_000 })
        expect(consumer.health()).toMatchObject({ ready: false })
        expect(consumer.health().reason).toContain('4')
        expect(handled).toEqual([])
      })

      it('given a dependency that is away when the position is asked for, it asks again', async () => {
        const topic = await createTopic(1)
        await publish(topic, series('m', 2, 0))
        let asked = 0
        const { handled } = await consume(topic, {
          resumeAt: async () => {
            asked += 1
            if (asked < 3) throw dependency()
            return 1n
          },
        })
        await eventually('the rest arrives', () => handled.length === 1, { deadlineMs: 30_000 })
        expect(handled.map(valueOf)).toEqual(['m1'])
      })

      it('given a dependency away, the partition waits and gets the same records again; others flow', async () => {
        const topic = await createTopic(2)
        await publish(topic, [...series('m', 5, 0), ...series('m', 5, 1)])
        const attempts: string[] = []
        let away = true
        const { consumer, store, valuesOf } = await consume(topic, {
          handle: async (batch: Batch) => {
            if (batch.partition === 0) attempts.push(batch.messages.map(valueOf).join())
            if (batch.partition === 0 && away) throw dependency()
            await store(batch)
          },
        })
        await eventually('it has been tried three times', () => attempts.length >= 3, { deadlineMs: 30_000 })
        await publish(topic, series('n', 3, 1))
        await eventually('the other partition flows', () => valuesOf(1).length === 8)
        const paused = consumer.health()
        expect(paused).toMatchObject({ state: 'running', ready: false })
        expect(paused.reason).toContain('a server is away')
        expect(valuesOf(0)).toEqual([])
        away = false
        await eventually('it is handled', () => valuesOf(0).length === 5, { deadlineMs: 30_000 })
        expect(valuesOf(0)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4'])
        expect(new Set(attempts)).toEqual(new Set(['m0,m1,m2,m3,m4']))
        expect(consumer.health()).toMatchObject({ ready: true, reason: null })
      })

      it.each([
        ['configuration', configuration()],
        ['data that the handler let through', new SynapError('bad', { code: 'test.bad', class: 'data' })],
      ])(
        'given %s, it halts: alive, not ready, says why, and handles nothing more',
        async (_class, failure) => {
          const topic = await createTopic(2)
          await publish(topic, series('m', 1, 0))
          let calls = 0
          let ended = false
          const { consumer } = await consume(topic, {
            handle: async () => {
              calls += 1
              throw failure
            },
          })
          consumer.finished.then(
            () => (ended = true),
            () => (ended = true),
          )
          await eventually('it halts', () => consumer.health().state === 'halted', { deadlineMs: 30_000 })
          const handled = calls
          await publish(topic, [...series('n', 5, 0), ...series('n', 5, 1)])
          await wait(500, never)
          expect(calls).toBe(handled)
          expect(ended).toBe(false)
          expect(consumer.health()).toMatchObject({ state: 'halted', ready: false })
          expect(consumer.health().reason).toContain(failure.message)
        },
      )

      it('given a bug, it crashes: finished rejects with it', async () => {
        const topic = await createTopic(1)
        await publish(topic, series('m', 1, 0))
        const { consumer } = await consume(topic, {
          handle: async () => {
            throw new TypeError('undefined is not a function')
          },
        })
        await expect(consumer.finished).rejects.toThrow('undefined is not a function')
        expect(consumer.health()).toMatchObject({ state: 'crashed', ready: false })
      })

      it('given close during a batch, its signal aborts, and what was not handled comes again', async () => {
        const topic = await createTopic(1)
        await publish(topic, series('m', 3, 0))
        let begun = false
        const first = await consume(topic, {
          handle: async (_batch: Batch, { signal }: BatchContext) => {
            begun = true
            await wait(60_000, signal)
          },
        })
        await eventually('the handler runs', () => begun)
        const started = performance.now()
        await first.consumer.close()
        expect(performance.now() - started).toBeLessThan(5_000)
        await expect(first.consumer.finished).resolves.toBeUndefined()
        expect(first.consumer.health()).toMatchObject({ state: 'closed', ready: false })
        const second = await consume(topic)
        await eventually('all arrive', () => second.handled.length === 3)
      })

      it('given a handler that ignores its signal, close still ends within ten seconds', async () => {
        const topic = await createTopic(1)
        await publish(topic, series('m', 1, 0))
        let begun = false
        const release = new AbortController()
        const { consumer } = await consume(topic, {
          handle: async () => {
            begun = true
            await wait(60_000, release.signal).catch(() => undefined)
          },
        })
        await eventually('the handler runs', () => begun)
        const started = performance.now()
        await consumer.close()
        expect(performance.now() - started).toBeLessThan(10_000)
        release.abort()
      })

      it('given a long batch, heartbeats keep the partition', async () => {
        const topic = await createTopic(1)
        await publish(topic, series('m', 2, 0))
        let calls = 0
        const { positions, store } = await consume(topic, {
          handle: async (batch: Batch, context: BatchContext) => {
            calls += 1
            for (let beat = 0; beat < 20; beat += 1) {
              await context.heartbeat()
              await wait(100, context.signal)
            }
            await store(batch)
          },
        })
        await eventually('it is handled', () => positions.get(placeOf(topic, 0)) === 2n, {
          deadlineMs: 30_000,
        })
        expect(calls).toBe(1)
      })
    })
  })
}

function underTest(
  topic: readonly string[],
): Omit<ConsumerUnderTest, 'consumer'> & { topic: readonly string[] } {
  const positions: ConsumerUnderTest['positions'] = new Map()
  const handled: InboundMessage[] = []
  return {
    topic,
    positions,
    handled,
    asked: [],
    store: async ({ messages, topic: name, partition }) => {
      handled.push(...messages)
      positions.set(placeOf(name, partition), (messages.at(-1)?.offset ?? -1n) + 1n)
    },
    valuesOf: (partition, name) =>
      handled
        .filter(
          (message) => message.partition === partition && (name === undefined || message.topic === name),
        )
        .map(valueOf),
  }
}
