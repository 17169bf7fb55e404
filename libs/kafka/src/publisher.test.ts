import { wait } from '@synap/core'
import { type OutboundMessage, type Publisher, silentLogger } from '@synap/messaging'
import { afterEach, describe, expect, it } from 'vitest'
import { notLeader, type StubCluster, startStubCluster } from '../test/stub-broker/stub-cluster.ts'
import { createPublisher } from './publisher.ts'

const topic = 'topic'
const never = new AbortController().signal

/** Messages for partition 0, then for partition 1: `a0 … b0 …`. */
const batch = (count: number, prefix = ''): OutboundMessage[] =>
  [0, 1].flatMap((partition) =>
    Array.from({ length: count }, (_, index) => ({
      key: 'k',
      value: Buffer.from(`${prefix}${partition === 0 ? 'a' : 'b'}${index}`),
      headers: {},
      partition,
    })),
  )
const valuesOf = (messages: readonly OutboundMessage[], partition: number) =>
  messages.filter((message) => message.partition === partition).map(({ value }) => String(value))

describe('the publisher against brokers that misbehave', () => {
  let cluster: StubCluster
  let publisher: Publisher
  /** Codes of the attempts that our own loop counted as failed. */
  let failures: unknown[]
  afterEach(async () => {
    await publisher.close()
    await cluster.close()
  })

  const open = async () => {
    cluster = await startStubCluster(topic, { 0: 1, 1: 2 })
    failures = []
    const logger = {
      ...silentLogger,
      warn: (fields: Record<string, unknown>, message: string) => {
        if (message.startsWith('publish failed')) failures.push(fields['code'])
      },
    }
    publisher = createPublisher(
      { brokers: cluster.brokers, clientId: 'test', logger, deadlines: { request: 300, attempt: 1_000 } },
      { gzipAboveBytes: Number.POSITIVE_INFINITY, retry: { baseMs: 5, capMs: 20 } },
    )
  }
  /** Everything that was published is stored, and its first copies are in order. */
  const expectStored = (messages: readonly OutboundMessage[]) => {
    for (const partition of [0, 1]) {
      const stored = [...new Set(cluster.logs[partition])]
      expect(stored).toEqual(valuesOf(messages, partition))
    }
  }

  it('given brokers that behave, one request each stores all: acks of all replicas, not idempotent', async () => {
    await open()
    await publisher.publish(topic, batch(3), never)
    expectStored(batch(3))
    expect(cluster.requests.map(({ acks, producerIds }) => ({ acks, producerIds }))).toEqual([
      { acks: -1, producerIds: [-1n] },
      { acks: -1, producerIds: [-1n] },
    ])
    expect(publisher.health()).toEqual({ ready: true, reason: null, attempts: 0 })
  })

  it('given a leader that moves to the broker that has answered already, its partition is not left out', async () => {
    await open()
    cluster.onProduce = ({ node }) => {
      if (node === 2) cluster.leaders[1] = 1
      return undefined
    }
    await publisher.publish(topic, batch(3), never)
    expectStored(batch(3))
    // Counted by our own loop. With retries inside kafkajs it would have gone on with the answer of one broker only.
    expect(failures).toEqual(['kafka.unavailable'])
    expect(cluster.requests.at(-1)?.values).toEqual({ 0: ['a0', 'a1', 'a2'], 1: ['b0', 'b1', 'b2'] })
  })

  it.each([
    ['the connection is cut', 'cut'],
    ['silence', 'never'],
  ] as const)(
    'given the records are stored but the answer is lost (%s), it sends the same batch over new connections',
    async (_how, answer) => {
      await open()
      let lost = 0
      cluster.onProduce = ({ node }) => (node === 1 && lost++ < 2 ? { answer } : undefined)
      await publisher.publish(topic, batch(2), never)
      await publisher.publish(topic, batch(2, 'next-'), never)
      expectStored([...batch(2), ...batch(2, 'next-')])
      expect(cluster.logs[0]?.filter((value) => value === 'a0')).toHaveLength(3)
      expect(failures).toHaveLength(2)
      const toFirst = cluster.requests.filter(({ node }) => node === 1).slice(0, 3)
      expect(new Set(toFirst.map(({ connection }) => connection)).size).toBe(3)
      expect(toFirst.map(({ values }) => values)).toEqual(
        Array.from({ length: 3 }, () => ({ 0: ['a0', 'a1'] })),
      )
    },
  )

  it('given an answer that lacks a partition, it does not count as acknowledged', async () => {
    await open()
    cluster.leaders[1] = 1
    cluster.onProduce = (_request, count) => (count <= 2 ? { omit: [1] } : undefined)
    await publisher.publish(topic, batch(2), never)
    expectStored(batch(2))
    expect(failures).toEqual(['kafka.answer_incomplete', 'kafka.answer_incomplete'])
  })

  it.each([
    ['NOT_LEADER_OR_FOLLOWER', notLeader],
    ['LEADER_NOT_AVAILABLE', 5],
    ['UNKNOWN_TOPIC_OR_PARTITION', 3],
    ['REQUEST_TIMED_OUT', 7],
    ['NOT_ENOUGH_REPLICAS', 19],
    ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 20],
    ['KAFKA_STORAGE_ERROR', 56],
    ['UNKNOWN_SERVER_ERROR', -1],
    ['a code that did not exist when kafkajs was written', 99],
  ])('given %s for one partition, three times, it goes on until all is stored', async (_name, code) => {
    await open()
    let failed = 0
    cluster.onProduce = ({ node }) => (node === 2 && failed++ < 3 ? { errors: { 1: code } } : undefined)
    await publisher.publish(topic, batch(2), never)
    expectStored(batch(2))
    expect(failures).toHaveLength(3)
  })

  it('given an answer still awaited, nothing else is sent', async () => {
    await open()
    const release = Promise.withResolvers<void>()
    cluster.onProduce = async (_request, count) => {
      if (count === 1) await release.promise
      return {}
    }
    const first = publisher.publish(topic, valuesOnly(batch(1), 0), never)
    const second = publisher.publish(topic, valuesOnly(batch(1, 'second-'), 0), never)
    while (cluster.requests.length === 0) await wait(1, never)
    await wait(100, never)
    expect(cluster.requests).toHaveLength(1)
    release.resolve()
    await Promise.all([first, second])
    expect(cluster.logs[0]).toEqual(['a0', 'second-a0'])
  })

  it('given a broker that refuses the topic, it rejects: a person must act', async () => {
    await open()
    cluster.onProduce = () => ({ errors: { 0: 29, 1: 29 } })
    await expect(publisher.publish(topic, batch(1), never)).rejects.toMatchObject({
      code: 'kafka.forbidden',
      class: 'configuration',
    })
    expect(publisher.health().ready).toBe(false)
  })

  it('given a batch that is too large for one partition, it is halved until the message is found', async () => {
    await open()
    cluster.onProduce = ({ values }) => (values[1]?.includes('b2') ? { errors: { 1: 10 } } : undefined)
    await expect(publisher.publish(topic, batch(4), never)).rejects.toMatchObject({
      code: 'message.too_large',
      class: 'data',
      fields: { index: 6 },
    })
    expect([...new Set(cluster.logs[1])]).toEqual(['b0', 'b1'])
  })

  it('given silence, the signal ends it at once; health has said why; the next batch goes through', async () => {
    await open()
    cluster.onProduce = () => ({ answer: 'never' })
    const controller = new AbortController()
    const publishing = publisher.publish(topic, batch(1), controller.signal)
    publishing.catch(() => undefined)
    while (failures.length < 1) await wait(5, never)
    expect(publisher.health()).toMatchObject({ ready: false, attempts: 1 })
    const started = performance.now()
    controller.abort(new Error('shutting down'))
    await expect(publishing).rejects.toThrow('shutting down')
    expect(performance.now() - started).toBeLessThan(100)
    cluster.onProduce = () => undefined
    await publisher.publish(topic, batch(1, 'later-'), never)
    expect(cluster.logs[0]?.at(-1)).toBe('later-a0')
  })

  it('given no broker at all, it waits for one', async () => {
    await open()
    const brokers = cluster.brokers
    await cluster.close()
    const other = createPublisher({ brokers, clientId: 'test', logger: silentLogger })
    const controller = new AbortController()
    const publishing = other.publish(topic, batch(1), controller.signal)
    publishing.catch(() => undefined)
    while (other.health().ready) await wait(5, never)
    expect(other.health().reason).toContain('ECONNREFUSED')
    controller.abort(new Error('enough'))
    await expect(publishing).rejects.toThrow('enough')
    await other.close()
  })
})

function valuesOnly(messages: readonly OutboundMessage[], partition: number): OutboundMessage[] {
  return messages.filter((message) => message.partition === partition)
}
