import type { Agreement, LedgerFinding } from '@synap/contracts'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importFolder } from './import-folder.ts'
import { type Account, type Pipeline, ways } from './pipeline.ts'
import { copyRealMarkdown, type MarkdownFolder } from './real-markdown.ts'

type Comparison = Agreement & { findings: LedgerFinding[] }

describe.each(ways)('the ledger of all stores: $way', ({ startPipeline }) => {
  let pipeline: Pipeline
  let few: MarkdownFolder
  let account: Account

  beforeAll(async () => {
    pipeline = await startPipeline({ env: { RELAY_LEASE_MS: '2000' } })
    few = await copyRealMarkdown(20)
    account = await pipeline.createAccount('ledger', ['read', 'write', 'admin', 'operate'])
  })
  afterAll(async () => {
    await pipeline?.[Symbol.asyncDispose]()
    await few?.[Symbol.asyncDispose]()
  })

  const compare = async (...args: string[]): Promise<Comparison & { code: number }> => {
    const { stdout, stderr, code } = await pipeline.synap(account, 'ledger', '--json', ...args)
    if (stdout === '') throw new Error(stderr)
    return { ...(JSON.parse(stdout) as Comparison), code }
  }

  it('given SIGKILL between the append to the topic and its mark, every store has every event', async () => {
    await pipeline.end('ingest')
    const doomed = await pipeline.start('ingest', { SYNAP_CRASHPOINT: 'relay.after_append:3' })
    await Promise.all([
      importFolder(pipeline, account, few),
      doomed.exited.then((exit) => {
        expect(exit.signal).toBe('SIGKILL')
        return pipeline.start('ingest')
      }),
    ])
    const comparison = await eventually(
      'nothing is on its way',
      async () => {
        const now = await compare()
        return now.found.some(({ kind }) => kind === 'in_flight') ? undefined : now
      },
      { deadlineMs: 120_000, everyMs: 1_000 },
    )
    expect(comparison).toMatchObject({ agrees: true, code: 0, oldestInFlightAt: null })
    const { events, held } = comparison
    expect(events).toBeGreaterThan(40)
    expect(held).toMatchObject({ outbox: events, log: events, readModel: events })
    // What was sent twice is on the topic twice, and nowhere else.
    const repeated = comparison.found.find(({ kind }) => kind === 'repeated')?.events ?? 0
    expect(repeated).toBeGreaterThan(0)
    expect(held.topic?.records).toBe(events + repeated)
    const own = await compare('--user', account.userId)
    expect(own).toMatchObject({ agrees: true, users: 1, userId: account.userId })
  })

  it('given a terminal, it says so in words', async () => {
    const { stdout, code } = await pipeline.synap(account, 'ledger')
    expect(stdout).toContain('The stores agree')
    expect(code).toBe(0)
  })
})
