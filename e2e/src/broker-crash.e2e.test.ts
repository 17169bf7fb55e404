import { eventually, type PrivateServers, startPrivateServers } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importFolder } from './import-folder.ts'
import type { Pipeline } from './pipeline.ts'
import { copyRealMarkdown, type MarkdownFolder } from './real-markdown.ts'
import { startServicesPipeline } from './services-pipeline.ts'

/** One way only: standalone has no broker that could be away, its log is the database it stands on. */
describe('an import while Kafka is down', () => {
  let broker: PrivateServers
  let pipeline: Pipeline
  let many: MarkdownFolder

  beforeAll(async () => {
    broker = await startPrivateServers('kafka')
    pipeline = await startServicesPipeline({ servers: { KAFKA_BROKERS: broker.env.KAFKA_BROKERS } })
    many = await copyRealMarkdown(550)
  })
  afterAll(async () => {
    await pipeline?.[Symbol.asyncDispose]()
    await broker?.close()
    await many?.[Symbol.asyncDispose]()
  })

  it('given the broker killed in the middle of 500 files, every capture is answered and the ledger agrees', async () => {
    const account = await pipeline.createAccount('broker-crash')
    const importing = importFolder(pipeline, account, many)
    await eventually(
      'a part of it has arrived',
      async () => (await account.client.list({ limit: 200 })).value.items.length >= 50,
      { deadlineMs: 60_000 },
    )
    await broker.stop('kafka', 'killed')
    const whileDown = await account.client.capture({ type: 'note', content: 'captured while Kafka is down' })
    const status = await account.client.status(whileDown.id)
    expect(status.stages.find(({ stage }) => stage === 'stored')?.state).toBe('done')
    expect(status.stages.find(({ stage }) => stage === 'relayed')?.state).toBe('pending')
    await broker.start('kafka')

    const answer = await importing
    expect(answer.failed).toEqual([])
    expect(answer.imported).toBeGreaterThanOrEqual(500)
    expect(answer.ledger.acknowledged.items).toBe(answer.imported + 1)

    const again = await importFolder(pipeline, account, many)
    expect(again).toMatchObject({ imported: 0, known: answer.imported })
    expect(again.ledger.topic.events).toBe(answer.ledger.topic.events)
  })
})
