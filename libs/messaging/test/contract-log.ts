import { eventually } from '@synap/testing'
import { expect, it } from 'vitest'
import type { ContractTools } from './contract-tools.ts'

const never = new AbortController().signal

/** What operators, migrations of topics and readiness rely on. */
export function logPromises(tools: () => ContractTools): void {
  it('given a topic that is not there yet, publisher and consumer wait for it and say so', async () => {
    const { harness, consume, newTopicName } = tools()
    const topic = newTopicName()
    const publisher = harness.log.publisher()
    expect(publisher.health()).toEqual({ ready: true, reason: null, attempts: 0 })
    const message = { key: 'k', value: Buffer.from('early'), headers: {}, partition: 0 }
    const published = publisher.publish(topic, [message], never)
    const { consumer, handled } = await consume(topic)
    const patience = { deadlineMs: 40_000 }
    await eventually(
      'both say so',
      () => consumer.health().reason !== null && !publisher.health().ready,
      patience,
    )
    expect(consumer.health().ready).toBe(false)
    expect(publisher.health().reason).not.toBeNull()
    expect(publisher.health().attempts).toBeGreaterThan(0)
    await harness.log.createTopics([{ name: topic, partitions: 1, config: {} }])
    await published
    await eventually('it arrives', () => handled.length > 0, patience)
    await eventually('both are well', () => publisher.health().ready && consumer.health().ready, patience)
    await publisher.close()
  }, 90_000)

  it('given topics, they are made once, brought in line after, and never given other partitions', async () => {
    const { log } = tools().harness
    const topic = { name: tools().newTopicName(), partitions: 2, config: { 'retention.ms': '3600000' } }
    expect(await log.createTopics([topic])).toMatchObject([{ topic: topic.name, outcome: 'created' }])
    expect(await log.createTopics([topic])).toEqual([
      { topic: topic.name, outcome: 'unchanged', changes: {} },
    ])
    const longer = { ...topic, config: { 'retention.ms': '7200000' } }
    expect(await log.createTopics([longer])).toEqual([
      {
        topic: topic.name,
        outcome: 'altered',
        changes: { 'retention.ms': { from: '3600000', to: '7200000' } },
      },
    ])
    for (const partitions of [1, 3]) {
      await expect(log.createTopics([{ ...longer, partitions }])).rejects.toMatchObject({
        class: 'configuration',
      })
    }
    expect(new Set((await log.watermarks(topic.name)).keys())).toEqual(new Set([0, 1]))
  })

  it('given records, the watermarks name the first and the next, by partition', async () => {
    const { harness, publish, createTopic, series } = tools()
    const topic = await createTopic(2)
    await publish(topic, series('m', 3, 1))
    const marks = await harness.log.watermarks(topic)
    expect(marks.get(0)).toEqual({ low: 0n, high: 0n })
    expect(marks.get(1)).toEqual({ low: 0n, high: 3n })
  })

  it('given what a group has handled, its lag is told, also of a group that nobody knows', async () => {
    const { harness, publish, createTopic, consume, series } = tools()
    const topic = await createTopic(2)
    await publish(topic, [...series('m', 2, 0), ...series('m', 1, 1)])
    const groupId = tools().newTopicName()
    const lags = async () =>
      (await harness.log.groupLag(groupId, [topic])).map(({ committed, high, lag }) => [committed, high, lag])
    expect(await lags()).toEqual([
      [null, 2n, 2n],
      [null, 1n, 1n],
    ])
    const { consumer, handled } = await consume(topic, { groupId })
    await eventually('all are handled', () => handled.length === 3, { deadlineMs: 30_000 })
    await consumer.close()
    await publish(topic, series('n', 1, 0))
    // A hint, and so never ahead of what was handled; after a close it is exact.
    expect(await lags()).toEqual([
      [2n, 3n, 1n],
      [1n, 1n, 0n],
    ])
  })

  it('given a working log, ping resolves; given a signal that aborted, everything that waits rejects with its reason', async () => {
    const { harness, createTopic } = tools()
    const { log } = harness
    await expect(log.ping()).resolves.toBeUndefined()
    const topic = await createTopic(1)
    const signal = AbortSignal.abort(new Error('stopping'))
    await expect(log.ping(signal)).rejects.toThrow('stopping')
    await expect(log.watermarks(topic, signal)).rejects.toThrow('stopping')
    await expect(log.groupLag('g', [topic], signal)).rejects.toThrow('stopping')
    await expect(log.consumerDriver.readAt(topic, 0, 0n, signal)).rejects.toThrow('stopping')
  })
}
