import { eventually, runProgram } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importFolder } from './import-folder.ts'
import { type Account, type Pipeline, ways } from './pipeline.ts'
import { copyRealMarkdown, type MarkdownFolder } from './real-markdown.ts'

const patience = { deadlineMs: 180_000, everyMs: 500 }

interface Rebuilt {
  outcome: string
  from: number
  to: number
  rows: number
  differences: { explained: number; unexplained: number }
  found: object[]
  reason: string | null
}

/**
 * Writers that capture, and read each capture with its sequence, until they are stopped: every answer is at least as new
 * as the last one. Answers how many were captured.
 */
function startLoad({ client }: Account, writers: number) {
  let stopped = false
  const titles = new Map<string, string>()
  const run = async (number: number) => {
    let newest = 0
    for (let turn = 0; !stopped; turn += 1) {
      const title = `written by ${number}, ${turn}`
      const { id, sequence } = await client.capture({ type: 'note', title })
      titles.set(id, title)
      const read = await client.getEntity(id, { minSequence: sequence, waitMs: 10_000 })
      expect(read.value.title).toBe(title)
      expect(read.sequence).toBeGreaterThanOrEqual(Math.max(newest, sequence))
      newest = read.sequence
    }
  }
  const ended = Promise.all(Array.from({ length: writers }, (_, number) => run(number)))
  ended.catch(() => undefined)
  return {
    titles,
    async stop() {
      stopped = true
      await ended
    },
  }
}

describe.each(ways)('a rebuild of the read model: $way', ({ way, startPipeline }) => {
  let pipeline: Pipeline
  let folder: MarkdownFolder
  let account: Account
  beforeAll(async () => {
    pipeline = await startPipeline()
    folder = await copyRealMarkdown(12)
    account = await pipeline.createAccount('rebuild', ['read', 'write', 'admin', 'operate'])
    await importFolder(pipeline, account, folder)
    await atRest()
  }, 300_000)
  afterAll(async () => {
    await pipeline?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  const ledger = async () => {
    const { stdout, stderr } = await pipeline.synap(account, 'ledger', '--json')
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as { agrees: boolean; found: { kind: string }[] }
  }
  const atRest = () =>
    eventually(
      'nothing is on its way',
      async () => ((await ledger()).found.every(({ kind }) => kind !== 'in_flight') ? true : undefined),
      patience,
    )
  const rebuild = async (...flags: string[]): Promise<Rebuilt> => {
    const { stdout, stderr } = await pipeline.synap(account, 'rebuild', '--json', ...flags)
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as Rebuilt
  }

  it('given writers and readers meanwhile, nothing is lost, nobody reads anything older, and the new one is read', {
    timeout: 300_000,
  }, async () => {
    const load = startLoad(account, 3)
    const rebuilt = await rebuild()
    await load.stop()
    expect(rebuilt).toMatchObject({
      outcome: 'switched',
      from: 1,
      to: 2,
      differences: { unexplained: 0 },
      found: [],
      reason: null,
    })
    expect(load.titles.size).toBeGreaterThan(3)
    await atRest()
    expect(await ledger()).toMatchObject({ agrees: true })
    for (const [id, title] of load.titles) {
      expect((await account.client.getEntity(id as never)).value.title).toBe(title)
    }
    const { stdout } = await pipeline.synap(account, 'rebuild', 'status')
    expect(stdout).toMatch(/^1 .*is kept level {2}.*the way back until/m)
    expect(stdout).toMatch(/^2 .*is read$/m)
  })

  it('given nobody who could ask a model, vectors and words are those that were there', {
    timeout: 300_000,
  }, async () => {
    // What is still being embedded would be found after the switch, and not before it.
    await eventually(
      'everything is found by meaning',
      async () =>
        (await account.client.stats()).value.stages.every(({ state }) => state === 'level') || undefined,
      patience,
    )
    if (way !== 'standalone') await pipeline.end('enricher')
    const search = () => account.client.search({ q: 'how is it installed', mode: 'semantic' })
    const before = (await search()).value.items.map(({ entity, score }) => [entity.id, score])
    expect(before.length).toBeGreaterThan(0)
    expect(await rebuild('--derived', 'topic')).toMatchObject({
      outcome: 'switched',
      to: 3,
      differences: { unexplained: 0 },
    })
    expect((await search()).value.items.map(({ entity, score }) => [entity.id, score])).toEqual(before)
    if (way !== 'standalone') await pipeline.start('enricher')
  })

  it('given the way back, the one before is read again and has what was written since', {
    timeout: 120_000,
  }, async () => {
    const { id, sequence } = await account.client.capture({ type: 'note', title: 'after the switch' })
    await account.client.getEntity(id, { minSequence: sequence, waitMs: 10_000 })
    const back = await eventually(
      'it is level',
      async () => {
        const { stdout, stderr } = await pipeline.synap(account, 'rebuild', 'back', '--json')
        if (stdout === '') throw new Error(stderr)
        const result = JSON.parse(stdout) as Rebuilt
        return result.outcome === 'switched' ? result : undefined
      },
      patience,
    )
    expect(back).toMatchObject({ from: 3, to: 2 })
    expect((await account.client.getEntity(id)).value.title).toBe('after the switch')
    const { stdout } = await pipeline.synap(account, 'rebuild', 'discard')
    expect(stdout).toBe('Read model 3 is about to go.\n')
    await eventually(
      'it is gone',
      async () =>
        (await pipeline.synap(account, 'rebuild', 'status')).stdout.includes('\n3 ') ? undefined : true,
      patience,
    )
  })
})

const points = [
  'rebuild.planned',
  'rebuild.in_slice',
  'rebuild.in_indexes:4',
  'rebuild.in_words',
  'rebuild.followed',
  'rebuild.before_switch',
]

describe('a rebuild that is killed', () => {
  const [services] = ways
  let pipeline: Pipeline
  let account: Account
  beforeAll(async () => {
    if (services === undefined) throw new TypeError('no way to run')
    pipeline = await services.startPipeline()
    account = await pipeline.createAccount('killed', ['read', 'write', 'admin', 'operate'])
  }, 300_000)
  afterAll(async () => {
    await pipeline?.[Symbol.asyncDispose]()
  })

  it('given SIGKILL at every point, and of the projector, it goes on each time, and the rows are the same', {
    timeout: 600_000,
  }, async () => {
    const load = startLoad(account, 2)
    const request = JSON.stringify({ action: 'run' })
    for (const point of points) {
      const env = { ...pipeline.env, SYNAP_CRASHPOINT: point }
      await expect(
        runProgram('services/projector/src/rebuild/main.ts', env, [request]),
      ).rejects.toMatchObject({
        signal: 'SIGKILL',
      })
      const { stdout } = await pipeline.synap(account, 'rebuild', 'status', '--json')
      const { readModels } = JSON.parse(stdout) as { readModels: { n: number; active: boolean }[] }
      expect([point, readModels]).toMatchObject([
        point,
        [
          { n: 1, active: true },
          { n: 2, active: false },
        ],
      ])
      if (point === 'rebuild.followed') {
        await pipeline.end('projector', 'SIGKILL')
        await pipeline.start('projector')
      }
    }
    const output = await runProgram('services/projector/src/rebuild/main.ts', pipeline.env, [request])
    await load.stop()
    const last = JSON.parse(output.trim().split('\n').at(-1) ?? '{}') as { rebuild: Rebuilt }
    expect(last.rebuild).toMatchObject({
      outcome: 'switched',
      from: 1,
      to: 2,
      differences: { unexplained: 0 },
    })
    for (const [id, title] of load.titles) {
      expect((await account.client.getEntity(id as never)).value.title).toBe(title)
    }
  })
})
