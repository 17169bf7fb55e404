import { randomBytes } from 'node:crypto'
import { type Consumer, type ConsumerOptions, type InboundMessage, silentLogger } from '@synap/messaging'
import { createPool, type Pool, query } from '@synap/postgres'
import { createTestDatabase, eventually, type TestDatabase } from '@synap/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createLocalLog, type LocalLog } from './local-log.ts'

const never = new AbortController().signal
const pausePolicy = { baseMs: 10, capMs: 50 }
const text = (value: string, partition = 0) => ({
  key: 'key',
  value: Buffer.from(value),
  headers: {},
  partition,
})

describe('the local log', () => {
  let database: TestDatabase
  let pool: Pool
  let log: LocalLog
  const consumers: Consumer[] = []
  const newPool = () => createPool({ url: database.url, applicationName: 'local-log', max: 1 })
  const newName = () => `t${randomBytes(5).toString('hex')}`
  const newTopic = async (partitions: number) => {
    const name = newName()
    await log.createTopics([{ name, partitions, config: {} }])
    return name
  }
  const consume = async (from: LocalLog, topic: string, options: Partial<ConsumerOptions> = {}) => {
    const handled: InboundMessage[] = []
    const consumer = from.consumerDriver.createConsumer({
      groupId: newName(),
      topics: [topic],
      resumeAt: async (_topic, _partition, at) => at.low,
      handle: async ({ messages }) => void handled.push(...messages),
      ...options,
    })
    consumers.push(consumer)
    await consumer.start()
    return { consumer, handled, values: () => handled.map(({ value }) => String(value)) }
  }
  const publish = async (
    topic: string,
    messages: Parameters<ReturnType<LocalLog['publisher']>['publish']>[1],
  ) => {
    const publisher = log.publisher()
    await publisher.publish(topic, messages, never)
    await publisher.close()
  }

  beforeAll(async () => {
    database = await createTestDatabase()
    pool = newPool()
    log = await createLocalLog({ pool, logger: silentLogger, pausePolicy, hintEveryMs: 20 })
  })
  afterEach(async () => {
    await Promise.all(consumers.splice(0).map((consumer) => consumer.close()))
  })
  afterAll(async () => {
    await log.close()
    await pool.end()
    await database.close()
  })

  it('given characters that SQL, arrays and JSON take for their own, records keep them', async () => {
    const topic = await newTopic(1)
    const odd = `' " \\ {} , $1 $2 NULL \u0000 \u{1f600} ${String.fromCharCode(0xd800)}`
    const messages = [odd, 'NULL', '', '4'].map((key) => ({
      key,
      value: Buffer.from(key),
      headers: { [odd]: odd, plain: 'x' },
    }))
    await publish(topic, messages)
    const { handled } = await consume(log, topic)
    await eventually('all arrive', () => handled.length === 4)
    // Half a surrogate pair is no character: UTF-8 has none for it.
    const kept = odd.toWellFormed()
    expect(handled.map(({ key }) => key)).toEqual([kept, 'NULL', '', '4'])
    expect(handled.map(({ value }) => String(value))).toEqual([kept, 'NULL', '', '4'])
    expect(handled.map(({ headers }) => headers)).toEqual(messages.map(() => ({ [kept]: kept, plain: 'x' })))
  })

  it('given a pool of one connection, handlers use it, and publish, while consumers wait', async () => {
    const [topic, next] = [await newTopic(2), await newTopic(2)]
    const publisher = log.publisher()
    const handle: ConsumerOptions['handle'] = async ({ messages, partition }) => {
      const [row] = await query<{ one: number }>(pool, { text: 'select 1::int as one' })
      await publisher.publish(
        next,
        messages.map(({ value }) => text(`${row?.one}${String(value)}`, partition)),
        never,
      )
    }
    await consume(log, topic, { handle })
    const { values } = await consume(log, next)
    await publish(topic, [text('a'), text('b', 1), text('c')])
    await eventually('all came through', () => values().length === 3)
    expect(values().toSorted()).toEqual(['1a', '1b', '1c'])
    await publisher.close()
  })

  it('given a topic that is not there yet, publisher and consumer wait for it and say so', async () => {
    const topic = newName()
    const publisher = log.publisher()
    const published = publisher.publish(topic, [text('early')], never)
    const { consumer, values } = await consume(log, topic)
    await eventually('both say so', () => consumer.health().reason !== null && !publisher.health().ready)
    expect(consumer.health()).toMatchObject({ state: 'joining', ready: false })
    expect(publisher.health().reason).toContain('topic')
    await log.createTopics([{ name: topic, partitions: 1, config: {} }])
    await published
    await eventually('it arrives', () => values().length === 1)
    expect(publisher.health()).toEqual({ ready: true, reason: null, attempts: 0 })
    expect(consumer.health()).toMatchObject({ ready: true, reason: null })
    await publisher.close()
  })

  it('given records of another process, it finds them without being told', async () => {
    const topic = await newTopic(1)
    const otherPool = newPool()
    const other = await createLocalLog({ pool: otherPool, logger: silentLogger, pollMs: 50 })
    const { consumer, values } = await consume(other, topic)
    await eventually('it waits', () => consumer.health().ready)
    await publish(topic, [text('from elsewhere')])
    await eventually('it arrives', () => values().length === 1, { deadlineMs: 2_000 })
    expect(values()).toEqual(['from elsewhere'])
    await consumer.close()
    await other.close()
    await otherPool.end()
  })

  it('given a second consumer of a group, it halts with the reason, and runs once the first is closed', async () => {
    const topic = await newTopic(1)
    const groupId = newName()
    const first = await consume(log, topic, { groupId })
    const second = await consume(log, topic, { groupId })
    await eventually('it halts', () => second.consumer.health().state === 'halted')
    expect(second.consumer.health().reason).toContain('group')
    await first.consumer.close()
    const third = await consume(log, topic, { groupId })
    await eventually('it runs', () => third.consumer.health().ready)
  })

  it('given what a group has handled, its lag is shown, after a close exactly', async () => {
    const topic = await newTopic(2)
    await publish(topic, [text('a'), text('b'), text('c', 1)])
    const groupId = newName()
    expect((await log.groupLag(groupId, [topic])).map(({ committed, lag }) => [committed, lag])).toEqual([
      [null, 2n],
      [null, 1n],
    ])
    const { consumer, handled } = await consume(log, topic, { groupId })
    await eventually('all are handled', () => handled.length === 3)
    await consumer.close()
    await publish(topic, [text('d')])
    expect(await log.groupLag(groupId, [topic])).toEqual([
      { topic, partition: 0, committed: 2n, high: 3n, lag: 1n },
      { topic, partition: 1, committed: 1n, high: 1n, lag: 0n },
    ])
  })

  it('given limits of a batch, none has more records, or more bytes and a record', async () => {
    const topic = await newTopic(1)
    const otherPool = newPool()
    const limits = { batchRecords: 4, batchBytes: 1_500 }
    const other = await createLocalLog({ pool: otherPool, logger: silentLogger, limits })
    const large = { key: 'k', value: randomBytes(1_000), headers: {}, partition: 0 }
    await publish(topic, [
      ...Array.from({ length: 9 }, () => text('small')),
      ...Array.from({ length: 5 }, () => large),
    ])
    const sizes: number[] = []
    const { consumer } = await consume(other, topic, {
      handle: async ({ messages }) => void sizes.push(messages.length),
    })
    await eventually('all are handled', () => sizes.reduce((sum, size) => sum + size, 0) === 14)
    expect(sizes).toEqual([4, 4, 3, 2, 1])
    await consumer.close()
    await other.close()
    await otherPool.end()
  })

  it('given topics that are there, only their settings change, and never the number of partitions', async () => {
    const name = newName()
    const spec = { name, partitions: 2, config: { 'retention.ms': '1000' } }
    expect(await log.createTopics([spec])).toMatchObject([{ outcome: 'created' }])
    expect(await log.createTopics([spec])).toEqual([{ topic: name, outcome: 'unchanged', changes: {} }])
    expect(await log.createTopics([{ ...spec, config: { 'cleanup.policy': 'compact' } }])).toEqual([
      {
        topic: name,
        outcome: 'altered',
        changes: {
          'cleanup.policy': { from: null, to: 'compact' },
          'retention.ms': { from: '1000', to: null },
        },
      },
    ])
    const unmade = { name: newName(), partitions: 1, config: {} }
    await expect(log.createTopics([unmade, { ...spec, partitions: 3 }])).rejects.toMatchObject({
      code: 'topic.partitions_differ',
      class: 'configuration',
    })
    await expect(log.watermarks(unmade.name)).rejects.toMatchObject({ code: 'topic.unknown' })
  })
})
