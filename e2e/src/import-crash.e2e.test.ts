import { eventually, type PrivateServers, startPrivateServers } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, type Pipeline, type ServiceName, startPipeline } from './pipeline.ts'
import { copyRealMarkdown, type MarkdownFolder } from './real-markdown.ts'

interface ImportAnswer {
  imported: number
  known: number
  empty: number
  failed: { path: string; reason: string }[]
  ledger: { acknowledged: { items: number }; topic: { events: number; repeated: number } }
}

/** At each of these points the process kills itself, the given time it passes there. */
const crashes: { service: ServiceName; point: string; when: string }[] = [
  { service: 'ingest', point: 'ingest.after_put:15', when: 'after the put, before the commit' },
  { service: 'ingest', point: 'ingest.after_commit:15', when: 'after the commit, before the answer' },
  { service: 'ingest', point: 'relay.after_append:3', when: "after the broker's append, before the mark" },
  { service: 'events-writer', point: 'events_writer.after_commit:3', when: 'after its commit' },
  { service: 'projector', point: 'projector.after_commit:3', when: 'after its commit' },
  { service: 'enricher', point: 'enricher.after_model:10', when: 'after the model has answered' },
  { service: 'enricher', point: 'enricher.after_publish:10', when: 'after the publication' },
]

describe('an import of real Markdown', () => {
  let broker: PrivateServers
  let pipeline: Pipeline
  let few: MarkdownFolder
  let many: MarkdownFolder

  beforeAll(async () => {
    broker = await startPrivateServers('kafka')
    pipeline = await startPipeline({
      servers: { KAFKA_BROKERS: broker.env.KAFKA_BROKERS },
      env: { RELAY_LEASE_MS: '2000', ENRICH_LEASE_MS: '3000' },
    })
    few = await copyRealMarkdown(80)
    many = await copyRealMarkdown(550)
  })
  afterAll(async () => {
    await pipeline[Symbol.asyncDispose]()
    await broker.close()
    await few[Symbol.asyncDispose]()
    await many[Symbol.asyncDispose]()
  })

  async function importFolder(account: Account, folder: MarkdownFolder): Promise<ImportAnswer> {
    const { stdout, stderr, code } = await pipeline.synap(account, 'import', folder.path, '--json')
    expect(code, `${stderr}\n${stdout}`).toBe(0)
    return JSON.parse(stdout) as ImportAnswer
  }

  it.each(crashes)(
    'given SIGKILL of $service $when, the ledger agrees after it is started again',
    async (crash) => {
      const account = await pipeline.createAccount(crash.point)
      await pipeline.end(crash.service)
      const doomed = await pipeline.start(crash.service, { SYNAP_CRASHPOINT: crash.point })
      const [answer] = await Promise.all([
        importFolder(account, few),
        doomed.exited.then((exit) => {
          expect(exit.signal).toBe('SIGKILL')
          return pipeline.start(crash.service)
        }),
      ])
      expect(answer.failed).toEqual([])
      expect(answer.imported + answer.empty).toBe(few.files)
      expect(answer.ledger.acknowledged.items).toBe(answer.imported)
    },
  )

  it('given the broker killed in the middle of 500 files, every capture is answered and the ledger agrees', async () => {
    const account = await pipeline.createAccount('broker-crash')
    const importing = importFolder(account, many)
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

    const again = await importFolder(account, many)
    expect(again).toMatchObject({ imported: 0, known: answer.imported })
    expect(again.ledger.topic.events).toBe(answer.ledger.topic.events)
  })
})
