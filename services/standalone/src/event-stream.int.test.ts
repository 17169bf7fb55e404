import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, type SynapClient } from '@synap/client'
import { eventually, startService, type TestService } from '@synap/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const patience = { deadlineMs: 120_000, everyMs: 100 }

/** `synap start`, whose one port serves streams of events too. */
describe('the stream of events of standalone', () => {
  let dataDir: string
  let service: TestService | undefined
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'synap-stream-'))
  })
  afterEach(async () => {
    await service?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  const start = async (port: string): Promise<{ service: TestService; url: string; client: SynapClient }> => {
    const started = await startService(
      'standalone',
      {},
      {
        program: join('libs', 'cli', 'src', 'main.ts'),
        arguments: ['start', '--data', dataDir, '--port', port, '--json', '--quiet', '--no-profile'],
      },
    )
    service = started
    const ready = await eventually(
      'it is ready',
      () => started.logLines().find((line) => 'apiKey' in line),
      patience,
    )
    const url = String(ready['url'])
    const apiKey = String(ready['apiKey'])
    const client = createClient({ ingestUrl: url, queryUrl: url, apiKey, deadlineMs: 60_000 })
    return { service: started, url, client }
  }

  /** Sixteen at once, each in its own order; the highest sequence that was acknowledged. */
  const write = async (client: SynapClient, each: number): Promise<number> => {
    const writer = async (writerNumber: number) => {
      let highest = 0
      for (let n = 0; n < each; n += 1) {
        const { sequence } = await client.capture({ type: 'note', title: `note ${writerNumber}/${n}` })
        highest = Math.max(highest, sequence)
      }
      return highest
    }
    return Math.max(...(await Promise.all(Array.from({ length: 16 }, (_, number) => writer(number)))))
  }

  it('given sixteen writers and a kill, followers get every event once and in order, and SIGTERM ends it in peace', {
    timeout: 300_000,
  }, async () => {
    const first = await start('0')
    const stop = new AbortController()
    const told = [0, 1, 2].map(() => new Array<number>())
    const following = told.map(async (sequences) => {
      for await (const { sequence } of first.client.followEvents({ since: 0, signal: stop.signal }))
        sequences.push(sequence)
    })
    const before = await write(first.client, 4)
    await eventually(
      'some of it is told',
      () => told.every((sequences) => sequences.length >= before / 2),
      patience,
    )
    first.service.kill('SIGKILL')
    await first.service.exited
    const second = await start(new URL(first.url).port)
    const after = await write(second.client, 4)
    expect(after).toBeGreaterThan(before)
    await eventually(
      'all of it is told',
      () => told.every((sequences) => (sequences.at(-1) ?? 0) >= after),
      patience,
    )
    for (const sequences of told) expect(sequences).toEqual(sequences.map((_, index) => index + 1))
    // three streams are open
    expect(await second.service.stop()).toEqual({ code: 0, signal: null })
    stop.abort()
    await Promise.all(following)
  })

  it('given a capture, its history and its chain say what became of it', { timeout: 300_000 }, async () => {
    const { client } = await start('0')
    const { id } = await client.capture({ type: 'note', content: 'Buy milk tomorrow' })
    const history = await eventually(
      'it is enriched',
      async () => {
        const { value } = await client.history(id)
        return value.items.some(({ type }) => type === 'ai.enrichment_applied') ? value.items : undefined
      },
      patience,
    )
    expect(history.at(-1)?.summary).toMatch(/^Captured as note/)
    const applied = history.find(({ type }) => type === 'ai.enrichment_applied')
    expect(applied?.who).toMatchObject({ kind: 'ai', model: expect.any(String) })
    expect(applied?.changes).toContainEqual({ field: 'type', from: 'note', to: 'task' })
    if (applied === undefined) throw new TypeError('not applied')
    const { value: chain } = await client.eventChain(applied.id)
    expect(chain.event.sequence).toBe(applied.sequence)
    const { value: counts } = await client.eventCounts()
    const { value: list } = await client.events({ limit: 200 })
    expect(counts.total).toBe(list.items.length)
  })
})
