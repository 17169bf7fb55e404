import { SynapError } from '@synap/core'
import { eventually } from '@synap/testing'
import { describe, expect, it } from 'vitest'
import type { Batch } from '../src/index.ts'
import { type ContractTools, placeOf, valueOf } from './contract-tools.ts'

const patience = { deadlineMs: 30_000 }
const dependency = () => new SynapError('a server is away', { code: 'test.away', class: 'dependency' })

/** What several topics, partitions and groups may expect of each other. */
export function companyPromises(tools: () => ContractTools): void {
  it('given several topics, one consumer handles all of them, each with positions of its own', async () => {
    const { createTopic, publish, series, consume } = tools()
    const [events, derived] = [await createTopic(2), await createTopic(3)]
    await publish(events, [...series('e', 5, 0), ...series('e', 2, 1)])
    await publish(derived, [...series('d', 3, 2)])
    const { consumer, handled, positions, valuesOf } = await consume([events, derived])
    await eventually('all arrive', () => handled.length === 10, patience)
    expect(valuesOf(0, events)).toEqual(['e0', 'e1', 'e2', 'e3', 'e4'])
    expect(valuesOf(2, derived)).toEqual(['d0', 'd1', 'd2'])
    expect(positions.get(placeOf(events, 1))).toBe(2n)
    await eventually('every partition is known', () => consumer.health().partitions.length === 5, patience)
  })

  it('given several groups, each gets every record, and none waits for another', async () => {
    const { createTopic, publish, series, consume } = tools()
    const topic = await createTopic(1)
    await publish(topic, series('m', 4, 0))
    const failing = await consume(topic, { handle: async () => Promise.reject(dependency()) })
    const [one, other] = [await consume(topic), await consume(topic)]
    await eventually('both have all', () => one.handled.length === 4 && other.handled.length === 4, patience)
    for (const each of [one, other]) expect(each.valuesOf(0)).toEqual(['m0', 'm1', 'm2', 'm3'])
    await eventually('the first is not well', () => !failing.consumer.health().ready, patience)
  })

  it('given a handler that takes its time, what comes meanwhile waits for its turn: one batch of a partition at a time', async () => {
    const { createTopic, publish, series, consume } = tools()
    const topic = await createTopic(1)
    await publish(topic, series('m', 3, 0))
    const release = Promise.withResolvers<void>()
    let running = 0
    let most = 0
    const under = await consume(topic, {
      handle: async (batch: Batch) => {
        running += 1
        most = Math.max(most, running)
        await release.promise
        await under.store(batch)
        running -= 1
      },
    })
    await eventually('the first batch is at work', () => running === 1, patience)
    for (const round of [0, 1, 2]) await publish(topic, series(`n${round}.`, 2, 0))
    expect(under.valuesOf(0)).toEqual([])
    release.resolve()
    await eventually('it has all', () => under.valuesOf(0).length === 9, patience)
    expect(under.valuesOf(0)).toEqual(['m0', 'm1', 'm2', 'n0.0', 'n0.1', 'n1.0', 'n1.1', 'n2.0', 'n2.1'])
    expect(most).toBe(1)
  })

  it('given batches, each is of one partition, in order, never empty, and knows how far the partition goes', async () => {
    const { createTopic, publish, series, consume } = tools()
    const topic = await createTopic(2)
    await publish(topic, [...series('m', 700, 0), ...series('m', 700, 1)])
    const batches: Batch[] = []
    const under = await consume(topic, {
      handle: async (batch: Batch) => {
        batches.push(batch)
        await under.store(batch)
      },
    })
    await eventually('all arrive', () => under.handled.length === 1_400, patience)
    for (const { messages, partition, highWatermark, ...batch } of batches) {
      expect(batch.topic).toBe(topic)
      const offsets = messages.map(({ offset }) => offset)
      expect(offsets.length).toBeGreaterThan(0)
      expect(offsets).toEqual(offsets.toSorted((a, b) => Number(a - b)))
      expect(new Set(messages.map((message) => message.partition))).toEqual(new Set([partition]))
      expect(highWatermark).toBeGreaterThan(offsets.at(-1) ?? 0n)
      expect(highWatermark).toBeLessThanOrEqual(700n)
    }
  })
}

/** What failures do, beyond a dependency that comes back. */
export function failurePromises(tools: () => ContractTools): void {
  it('given a paused partition, its health tells attempts, error and how far it is behind', async () => {
    const { createTopic, publish, series, consume } = tools()
    const topic = await createTopic(1)
    await publish(topic, series('m', 3, 0))
    const { consumer } = await consume(topic, { handle: async () => Promise.reject(dependency()) })
    const partition = await eventually(
      'it was tried twice',
      () => consumer.health().partitions.find(({ attempts }) => attempts >= 2),
      patience,
    )
    expect(partition).toMatchObject({ topic, partition: 0, position: 0n, highWatermark: 3n })
    expect(partition.error).toContain('a server is away')
  })

  it('given a handler that fails in the middle, it gets the same first record again, and all that follow, once stored', async () => {
    const { createTopic, publish, series, consume } = tools()
    const topic = await createTopic(1)
    await publish(topic, series('m', 6, 0))
    const seen: (string | null)[] = []
    let failures = 3
    const under = await consume(topic, {
      handle: async (batch: Batch) => {
        for (const message of batch.messages) {
          seen.push(valueOf(message))
          if (valueOf(message) === 'm3' && --failures >= 0) throw dependency()
        }
        await under.store(batch)
      },
    })
    await eventually('it is handled', () => under.valuesOf(0).length === 6, patience)
    const once = ['m0', 'm1', 'm2', 'm3']
    expect(seen).toEqual([...once, ...once, ...once, ...once, 'm4', 'm5'])
    expect(under.valuesOf(0)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5'])
  })

  describe('when the position is asked for', () => {
    it('given the refusal of a person’s making, it halts with the reason', async () => {
      const { createTopic, consume } = tools()
      const failure = new SynapError('the positions are of another topic', {
        code: 'test.position',
        class: 'configuration',
      })
      const { consumer, handled } = await consume(await createTopic(1), {
        resumeAt: async () => Promise.reject(failure),
      })
      await eventually('it halts', () => consumer.health().state === 'halted', patience)
      expect(consumer.health().reason).toContain(failure.message)
      expect(handled).toEqual([])
    })

    it('given a bug, it crashes with it', async () => {
      const { createTopic, consume } = tools()
      const { consumer } = await consume(await createTopic(1), {
        resumeAt: async () => Promise.reject(new TypeError('positions is undefined')),
      })
      await expect(consumer.finished).rejects.toThrow('positions is undefined')
      expect(consumer.health()).toMatchObject({ state: 'crashed', ready: false })
    })

    it('given a position before the first record, it halts and never begins elsewhere by itself', async () => {
      const { createTopic, publish, series, consume } = tools()
      const topic = await createTopic(1)
      await publish(topic, series('m', 2, 0))
      const { consumer, handled } = await consume(topic, { resumeAt: async () => -1n })
      await eventually('it halts', () => consumer.health().state === 'halted', patience)
      expect(handled).toEqual([])
    })
  })

  it('given a consumer that halted, when it is closed, then another of its group goes on where the positions say', async () => {
    const { createTopic, publish, series, consume, newTopicName } = tools()
    const topic = await createTopic(1)
    await publish(topic, series('m', 4, 0))
    const groupId = newTopicName()
    const failure = new SynapError('a table is missing', { code: 'test.table', class: 'configuration' })
    const first = await consume(topic, { groupId, handle: async () => Promise.reject(failure) })
    await eventually('it halts', () => first.consumer.health().state === 'halted', patience)
    await first.consumer.close()
    const second = await consume(topic, { groupId, resumeAt: async () => 1n })
    await eventually('the rest arrives', () => second.handled.length === 3, patience)
    expect(second.valuesOf(0)).toEqual(['m1', 'm2', 'm3'])
  })
}
