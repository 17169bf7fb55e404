import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from './commands.ts'
import { compareAnswer, type Variables } from './docs-examples/compare-answer.ts'
import { parseExamples } from './docs-examples/read-examples.ts'
import { runExample, writeCurlConfig } from './docs-examples/run-example.ts'
import { readSteps } from './how-to/read-page.ts'
import { copyRepository, type RepositoryCopy } from './how-to/repository-copy.ts'

const pages = { entity: 'docs/how-to/add-an-entity-type.md', event: 'docs/how-to/add-an-event-type.md' }
const readPage = (page: string) => readFile(join(root, page), 'utf8')

type Standalone = Awaited<ReturnType<typeof startStandalone>>

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

interface History {
  items: { type: string; delta: object }[]
}

const days = (lastCompleted: string, oldLastCompleted: string | null) => ({ lastCompleted, oldLastCompleted })

describe('the pages about changing the code, both followed in one copy of the repository', () => {
  let folder: string
  let copy: RepositoryCopy
  let synap: Standalone

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'synap-how-to-'))
    copy = await copyRepository()
    const steps = (await Promise.all([pages.event, pages.entity].map(readPage))).flatMap(readSteps)
    for (const step of steps) if (step.do !== 'run') await copy.follow(step)
    const scripts = new Set(steps.flatMap((step) => (step.do === 'run' ? [step.script] : [])))
    for (const script of scripts) await copy.run(script)
    synap = await startStandalone(copy, folder)
  }, 300_000)
  afterAll(async () => {
    await synap?.service.stop()
    await copy?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  const read = async (path: string) => {
    const headers = { authorization: `Bearer ${synap.apiKey}` }
    return (await fetch(`${synap.url}${path}`, { headers })).json()
  }
  const historyOf = async (id: string | undefined, sequence: number) =>
    ((await read(`/v1/entities/${id}/history?min_sequence=${sequence}`)) as History).items

  it('given the page about types of entities, a habit lives from its capture to its undo', async () => {
    const { HABIT: id, SEQUENCE } = await runCalls(pages.entity, { ...synap, folder })
    const last = Number(SEQUENCE)
    const history = await historyOf(id, last + 1)
    expect(history.map(({ type, delta }) => [type, delta])).toEqual([
      ['habit.corrected', { streak: 0, oldStreak: 1, ...days('2026-11-21', '2026-11-23') }],
      ['habit.completed', { streak: 1, oldStreak: 0, ...days('2026-11-23', '2026-11-21') }],
      ['habit.streak_broken', { oldStreak: 2 }],
      ['habit.completed', { streak: 2, oldStreak: 1, ...days('2026-11-21', '2026-11-20') }],
      ['habit.completed', { streak: 1, oldStreak: 0, ...days('2026-11-20', null) }],
      ['entity.created', { type: 'habit', title: 'Run', timeZone: null }],
    ])
    expect(await read(`/v1/entities/${id}?min_sequence=${last + 1}`)).toMatchObject({
      particulars: { frequency: 'daily', streak: 0, lastCompleted: '2026-11-21' },
    })
    expect(await read(`/v1/entities/${id}?as_of=${last}&min_sequence=${last}`)).toMatchObject({
      particulars: { frequency: 'daily', streak: 1, lastCompleted: '2026-11-23' },
    })
  })

  it('given the page about types of events, an item is archived with a reason', async () => {
    const { BOAT: id, SEQUENCE } = await runCalls(pages.event, { ...synap, folder })
    const last = Number(SEQUENCE)
    const archive = { archived: true, reason: 'Too small a lake' }
    expect((await historyOf(id, last))[0]).toMatchObject({
      type: 'entity.archived',
      delta: { reason: archive.reason },
    })
    const now = (await read(`/v1/entities/${id}?min_sequence=${last}`)) as { particulars: object }
    expect(now.particulars).toEqual({ archive })
    expect(await read(`/v1/entities/${id}?as_of=${last - 1}`)).not.toHaveProperty('particulars')
  })
})
