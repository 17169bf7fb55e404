import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startService } from '@synap/testing'
import { describe, expect, it } from 'vitest'
import { root } from './commands.ts'
import { compareAnswer, type Variables } from './docs-examples/compare-answer.ts'
import { parseExamples } from './docs-examples/read-examples.ts'
import { runExample, writeCurlConfig } from './docs-examples/run-example.ts'
import { readSteps } from './how-to/read-page.ts'
import { copyRepository, type RepositoryCopy } from './how-to/repository-copy.ts'

const readPage = (page: string) => readFile(join(root, page), 'utf8')

/** Standalone of the copy, on a new folder. */
async function startStandalone({ path }: RepositoryCopy, folder: string) {
  const dataDir = join(folder, 'data')
  const program = join(path, 'services', 'standalone', 'src', 'main.ts')
  const service = await startService('standalone', { DATA_DIR: dataDir, LOG_LEVEL: 'warn' }, { program })
  await service.waitReady({ deadlineMs: 60_000 })
  const { apiKey } = JSON.parse(await readFile(join(dataDir, 'keys.json'), 'utf8')) as { apiKey: string }
  return { service, url: service.url, apiKey }
}

/** Runs the calls of a page against it, one after the other; the variables that the page named. */
async function runCalls(
  page: string,
  { folder, url, apiKey }: { folder: string; url: string; apiKey: string },
): Promise<Variables> {
  await writeCurlConfig(folder)
  const variables: Variables = { SYNAP_URL: url, SYNAP_API_KEY: apiKey }
  for (const example of parseExamples(page, await readPage(page))) {
    const { output, complaints, calls } = await runExample(example, { folder, url, variables })
    const problems = [
      ...calls.filter(({ status }) => status !== 200 && status !== 201),
      ...(example.answer === undefined ? [] : compareAnswer(example.answer, output, variables)),
    ]
    expect(problems, `${page}:${example.line}\n${example.script}\n${output}\n${complaints}`).toEqual([])
    expect(calls.length).toBeGreaterThan(0)
  }
  return variables
}

describe('the pages about changing the code', () => {
  it('given the page about types of entities followed in a copy, a habit lives from its capture to its undo', async () => {
    const page = 'docs/how-to/add-an-entity-type.md'
    const folder = await mkdtemp(join(tmpdir(), 'synap-how-to-'))
    await using copy = await copyRepository()
    try {
      for (const step of readSteps(await readPage(page))) await copy.follow(step)
      expect(await copy.run('ls libs/contracts/avsc')).toContain('HabitStreakBroken.avsc')

      const { service, url, apiKey } = await startStandalone(copy, folder)
      await using _ = service
      const { HABIT: id = '' } = await runCalls(page, { folder, url, apiKey })
      const get = async (path: string) =>
        (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${apiKey}` } })).json()
      const { items } = (await get(`/v1/entities/${id}/history?min_sequence=6`)) as {
        items: { type: string; delta: object }[]
      }
      expect(items.map(({ type, delta }) => [type, delta])).toEqual([
        ['habit.corrected', { streak: 0, oldStreak: 1, ...days('2026-11-21', '2026-11-23') }],
        ['habit.completed', { streak: 1, oldStreak: 0, ...days('2026-11-23', '2026-11-21') }],
        ['habit.streak_broken', { oldStreak: 2 }],
        ['habit.completed', { streak: 2, oldStreak: 1, ...days('2026-11-21', '2026-11-20') }],
        ['habit.completed', { streak: 1, oldStreak: 0, ...days('2026-11-20', null) }],
        ['entity.created', { type: 'habit', title: 'Run' }],
      ])
      expect(await get(`/v1/entities/${id}?min_sequence=6`)).toMatchObject({
        particulars: { frequency: 'daily', streak: 0, lastCompleted: '2026-11-21' },
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

const days = (lastCompleted: string, oldLastCompleted: string | null) => ({ lastCompleted, oldLastCompleted })
