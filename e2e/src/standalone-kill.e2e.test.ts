import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { UserId } from '@synap/core'
import { startService, type TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountOf, runSynap } from './commands.ts'
import { importFolder } from './import-folder.ts'
import type { Account } from './pipeline.ts'
import { copyRealMarkdown, type MarkdownFolder } from './real-markdown.ts'
import { createRandom } from './seeded-random.ts'

const kills = 20
/**
 * Milliseconds from the moment it is ready, and from its very start, within which it is killed. Where a start takes longer than
 * that, all does: lives become longer, and every other one ends some documents, for one that is killed at three times is given up.
 */
const moments = { afterReady: 1_200, afterStart: 2_000 }
/** Milliseconds for all of it: two minutes on two idle cores, for each start takes 2 s of one of them. */
const patience = 900_000

describe('standalone, killed again and again', () => {
  const seed = Number(process.env['SYNAP_SEED'] ?? Date.now() % 1_000_000)
  let folder: string
  let files: MarkdownFolder
  let running: TestService
  let account: Account

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'synap-kill-'))
    files = await copyRealMarkdown(500)
    running = await startAt({})
    await running.waitReady({ deadlineMs: 120_000 })
    const keys = JSON.parse(await readFile(join(folder, 'data', 'keys.json'), 'utf8')) as { apiKey: string }
    account = accountOf(urls(), { userId: '' as UserId, key: keys.apiKey })
  })
  afterAll(async () => {
    await running.stop()
    await files[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const urls = () => ({ ingestUrl: running.url, queryUrl: running.url })
  const startAt = (ports: Record<string, string>) =>
    startService('standalone', { DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'warn', ...ports })
  const restart = () =>
    startAt({ PORT: new URL(running.url).port, ADMIN_PORT: new URL(running.adminUrl).port })
  const synap = (of: Account, ...args: string[]) =>
    runSynap({ urls: urls(), account: of, env: {}, stateDir: join(folder, 'state') }, args)

  /** Kills it at moments that the seed says, one in two while it starts, and starts it again each time. */
  async function killAgainAndAgain(isOver: () => boolean): Promise<number> {
    const random = createRandom(seed)
    let done = 0
    let startMs = 0
    for (let life = 0; done < kills && !isOver(); life += 1) {
      const least = life % 2 === 0 ? 0 : Math.max(0, startMs - moments.afterStart) / 3
      await sleep(least + random() * Math.max(moments.afterReady, startMs / 4))
      await kill()
      for (done += 1; random() < 0.5; done += 1) {
        running = await restart()
        await sleep(random() * moments.afterStart)
        await kill()
      }
      const began = performance.now()
      running = await restart()
      await running.waitReady({ deadlineMs: 120_000 })
      startMs = performance.now() - began
    }
    return done
  }

  async function kill(): Promise<void> {
    running.kill('SIGKILL')
    expect(await running.exited, running.logs()).toEqual({ code: null, signal: 'SIGKILL' })
  }

  /** What was acknowledged to the command: the ids in its journal. */
  async function acknowledged(): Promise<string[]> {
    const home = join(folder, 'state', 'synap', 'imports')
    const [journal = ''] = await readdir(home)
    const lines = (await readFile(join(home, journal), 'utf8')).trimEnd().split('\n')
    return lines.map((line) => (JSON.parse(line) as { id: string }).id)
  }

  async function listAll(): Promise<string[]> {
    const ids: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof account.client.list>> = await account.client.list({
        limit: 200,
        ...(cursor && { cursor }),
      })
      ids.push(...page.value.items.map(({ id }) => id))
      cursor = page.value.next
    }
    return ids
  }

  it(`given ${kills} SIGKILLs in the middle of one import, what was acknowledged is there once and the ledger agrees (seed ${seed})`, {
    timeout: patience,
  }, async () => {
    let isOver = false
    const importing = importFolder({ synap }, account, files, '--concurrency', '4').finally(() => {
      isOver = true
    })
    const [answer, done] = await Promise.all([importing, killAgainAndAgain(() => isOver)])
    expect(done, 'the import was over before').toBeGreaterThanOrEqual(kills)
    expect(answer.failed).toEqual([])
    expect(answer.imported + answer.empty).toBe(files.files)
    expect(answer.ledger.acknowledged.items).toBe(answer.imported)

    const ids = await acknowledged()
    expect(ids).toHaveLength(answer.imported)
    expect((await listAll()).toSorted()).toEqual(ids.toSorted())

    const again = await importFolder({ synap }, account, files)
    expect(again).toMatchObject({ imported: 0, known: answer.imported })
    expect(again.ledger.topic.events).toBe(answer.ledger.topic.events)
  })
})
