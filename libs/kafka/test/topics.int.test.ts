import { topics } from '@synap/contracts'
import { silentLogger } from '@synap/messaging'
import { runProgram, useStack } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKafka, declaredTopics, type KafkaDriver } from '../src/index.ts'

const program = 'libs/kafka/src/create-topics.ts'

describe('creating topics', () => {
  let kafka: KafkaDriver
  let prefix: string
  let brokers: string
  beforeAll(async () => {
    const stack = await useStack('kafka')
    prefix = stack.topicPrefix
    brokers = stack.env.KAFKA_BROKERS
    kafka = createKafka({ brokers: brokers.split(','), clientId: 'topics-test', logger: silentLogger })
  })
  afterAll(() => kafka.close())

  it('given none, the program creates the declared topics; a second run changes nothing', async () => {
    const env = { KAFKA_BROKERS: brokers, TOPIC_PREFIX: prefix }
    const outcomes = async () => {
      const lines = (await runProgram(program, env)).trim().split('\n')
      return lines.map((line) => JSON.parse(line) as { topic: string; outcome: string })
    }
    const names = [`${prefix}${topics.events.name}`, `${prefix}${topics.derived.name}`]
    expect((await outcomes()).map(({ topic, outcome }) => [topic, outcome])).toEqual(
      names.map((name) => [name, 'created']),
    )
    expect((await outcomes()).map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged'])
    expect((await kafka.watermarks(names[0] ?? '')).size).toBe(topics.events.partitions)
  })

  it('given a wrong environment, the program lists every problem and ends with 1', async () => {
    const env = { KAFKA_BROKERS: 'nowhere', TOPIC_PREFIX: 'a/b' }
    const failure = await runProgram(program, env).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 1 })
    expect((failure as { stderr: string }).stderr).toMatch(/KAFKA_BROKERS[^]*TOPIC_PREFIX/)
  })

  it('given other settings, they become exactly the declared ones, and the report says what differed', async () => {
    const name = `${prefix}settings`
    await kafka.createTopics([
      { name, partitions: 1, config: { 'retention.ms': '1000', 'segment.ms': '5000' } },
    ])
    const [report] = await kafka.createTopics([
      { name, partitions: 1, config: { 'retention.ms': '2000', 'compression.type': 'gzip' } },
    ])
    expect(report).toEqual({
      topic: name,
      outcome: 'altered',
      changes: {
        'compression.type': { from: null, to: 'gzip' },
        'retention.ms': { from: '1000', to: '2000' },
        'segment.ms': { from: '5000', to: null },
      },
    })
  })

  it('given another number of partitions, fewer or more, it refuses before it touches any topic', async () => {
    const name = `${prefix}fixed`
    const other = `${prefix}untouched`
    await kafka.createTopics([{ name, partitions: 3, config: {} }])
    for (const partitions of [2, 4]) {
      const specs = [
        { name: other, partitions: 1, config: {} },
        { name, partitions, config: {} },
      ]
      await expect(kafka.createTopics(specs)).rejects.toMatchObject({
        code: 'topic.partitions_differ',
        class: 'configuration',
      })
    }
    const [report] = await kafka.createTopics([{ name: other, partitions: 1, config: {} }])
    expect(report?.outcome).toBe('created')
  })

  it('given the declared topics, every setting is one that this broker knows', async () => {
    const specs = declaredTopics(`${prefix}known.`)
    await kafka.createTopics(specs)
    const reports = await kafka.createTopics(specs)
    expect(reports.map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged'])
  })
})
