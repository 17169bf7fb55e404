import type { EventView } from '@synap/contracts'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importFolder } from './import-folder.ts'
import { type Account, type Pipeline, ways } from './pipeline.ts'
import { copyRealMarkdown, type MarkdownFolder } from './real-markdown.ts'

/** 60 real files by default; 500 once in a while: `ENRICH_CRASH_FILES=500`. */
const files = Number(process.env['ENRICH_CRASH_FILES'] ?? 60)
const patience = { deadlineMs: 600_000, everyMs: 100 }

describe.each(ways)('an import that is enriched: $way', ({ way, startPipeline }) => {
  let pipeline: Pipeline
  let folder: MarkdownFolder
  beforeAll(async () => {
    pipeline = await startPipeline({ env: { ENRICH_LEASE_MS: '3000', RELAY_LEASE_MS: '2000' } })
    folder = await copyRealMarkdown(files)
  })
  afterAll(async () => {
    await pipeline?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  it('given SIGKILL in the middle, when it is started again, then each item is analysed once and none is lost', {
    timeout: patience.deadlineMs,
  }, async () => {
    const account = await pipeline.createAccount('enriched')
    const middle = Math.floor(files / 3)
    let before = 0
    const crash = async () => {
      await eventually(
        'a third is analysed',
        async () => (before = (await analysesOf(account)).length) >= middle,
        patience,
      )
      await pipeline.end('enricher', 'SIGKILL')
      await pipeline.start('enricher')
    }
    const [answer] = await Promise.all([importFolder(pipeline, account, folder), crash()])
    expect(before).toBeLessThan(answer.imported)
    expect(answer.failed).toEqual([])

    const stats = await eventually(
      'nothing waits any more',
      async () => {
        const { value } = await account.client.stats()
        return value.coverage?.waiting === 0 && value.coverage.items === answer.imported ? value : undefined
      },
      patience,
    )
    expect(stats.failures).toEqual([])
    expect(stats.coverage).toMatchObject({ searchable: answer.imported, waiting: 0, failed: 0 })

    const analyses = await analysesOf(account)
    const items = new Set(analyses.map(({ delta }) => delta['entityId']))
    expect({ analyses: analyses.length, items: items.size }).toEqual({
      analyses: answer.imported,
      items: answer.imported,
    })
    const uploads = await eventsOf(account, 'entity.file_uploaded')
    const itemOf = new Map(uploads.map(({ id, aggregateId }) => [id, aggregateId]))
    for (const { causationId, delta } of analyses) {
      expect(causationId === null ? null : itemOf.get(causationId)).toBe(delta['entityId'])
    }
    const applied = (await eventsOf(account, 'ai.enrichment_applied')).map(({ aggregateId }) => aggregateId)
    expect(new Set(applied).size).toBe(applied.length)
    await report(way, account, answer.imported, before)
  })
})

const analysesOf = (account: Account) => eventsOf(account, 'ai.analysis_completed')

async function eventsOf({ client }: Account, type: string): Promise<EventView[]> {
  const found: EventView[] = []
  let cursor: string | undefined
  do {
    const page = (
      await client.events({ types: [type], limit: 200, ...(cursor === undefined ? {} : { cursor }) })
    ).value
    found.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return found
}

/** Only at full size: what the tags of the items came to. */
async function report(way: string, account: Account, items: number, before: number): Promise<void> {
  if (process.env['ENRICH_CRASH_FILES'] === undefined) return
  const applied = await eventsOf(account, 'ai.enrichment_applied')
  const uses = new Map<string, number>()
  let suggested = 0
  for (const { delta } of applied) {
    for (const { name } of delta['tagsAdded'] as { name: string }[]) uses.set(name, (uses.get(name) ?? 0) + 1)
    suggested += (delta['suggestions'] as { field: string }[]).filter(({ field }) => field === 'tag').length
  }
  const once = [...uses.values()].filter((count) => count === 1).length
  process.stdout.write(
    JSON.stringify({
      way,
      items,
      analysedBeforeTheKill: before,
      applied: applied.length,
      tags: uses.size,
      once,
      suggested,
    }),
  )
}
