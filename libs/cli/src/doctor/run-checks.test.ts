import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { contextOf, elsewhere } from '../../test/doctor-context.ts'
import { type Answer, type Asked, type FakeSynap, problem, startFakeSynap } from '../../test/fake-synap.ts'
import { createTemporaryFolder } from '../../test/temporary-folder.ts'
import { address } from './address.ts'
import { type Check, ok } from './check.ts'
import { wayOf } from './context.ts'
import { dataFolder } from './data-folder.ts'
import { key } from './key.ts'
import { model } from './model.ts'
import { pipeline } from './pipeline.ts'
import { summary, wrap } from './print-checks.ts'
import { type Checked, runChecks } from './run-checks.ts'
import { telemetry } from './telemetry.ts'
import { judgeWay } from './way.ts'

let synap: FakeSynap | undefined
afterEach(async () => {
  await synap?.[Symbol.asyncDispose]()
  synap = undefined
})

const start = async (answer: (asked: Asked) => Answer) => {
  synap = await startFakeSynap(answer)
  return synap.url
}

async function check(which: Check, context = contextOf()): Promise<Checked | undefined> {
  for await (const checked of runChecks([which], context)) return checked
  return undefined
}

/** Where nothing listens: port 1 is for root, and for a service nobody runs. */
const nowhere = 'http://127.0.0.1:1'

describe('checks that are run', () => {
  const checkOf = (name: string, run: Check['run'], deadlineMs = 60_000): Check => ({
    name,
    deadlineMs,
    otherwise: () => `mend ${name}`,
    run,
  })

  it('given one that rejects, one that hangs and one that does not apply, the others are told, in order', async () => {
    const outcomes: Checked[] = []
    const checks = [
      checkOf('broken', () => Promise.reject(new Error('it broke\nat length'))),
      checkOf('silent', () => new Promise(() => undefined), 20),
      checkOf('absent', () => Promise.resolve(undefined)),
      checkOf('well', () => Promise.resolve(ok('fine'))),
    ]
    for await (const checked of runChecks(checks, contextOf())) outcomes.push(checked)
    expect(outcomes).toEqual([
      { name: 'broken', state: 'failed', found: 'it broke', advice: 'mend broken' },
      { name: 'silent', state: 'failed', found: expect.any(String), advice: 'mend silent' },
      { name: 'well', state: 'ok', found: 'fine', advice: null },
    ])
    expect(summary(outcomes)).toBe('2 failed.')
  })

  it('given warnings alone, nothing failed', () => {
    expect(summary([{ state: 'ok' }, { state: 'warning' }])).toBe('Nothing failed, 1 thing worth knowing.')
    expect(summary([{ state: 'ok' }])).toBe('All is well.')
  })
})

it('given a narrow terminal, lines break between words, and a long word stays whole', () => {
  expect(wrap('one two /a/long/path three', 8)).toEqual(['one two', '/a/long/path', 'three'])
  expect(wrap('one two', Number.POSITIVE_INFINITY)).toEqual(['one two'])
})

describe('which way runs', () => {
  it('given addresses of somebody else, these count; then a standalone, then the stack', () => {
    const none = { isElsewhere: false, isStandalone: false, isStack: false }
    expect(wayOf({ isElsewhere: true, isStandalone: true, isStack: true })).toBe('elsewhere')
    expect(wayOf({ ...none, isStandalone: true, isStack: true })).toBe('standalone')
    expect(wayOf({ ...none, isStack: true })).toBe('stack')
    expect(wayOf(none)).toBe('none')
  })

  it('given nothing, it says how to start and is no failure', () => {
    expect(judgeWay(contextOf())).toMatchObject({
      state: 'warning',
      advice: expect.stringContaining('./synap start'),
    })
  })
})

describe('a server that answers, or not', () => {
  const openApi = { status: 200, body: { openapi: '3.1.0' } }

  it('given no server, something else, and a Synap, the address says so', async () => {
    expect(await check(address, contextOf(elsewhere(nowhere)))).toMatchObject({
      state: 'failed',
      found: `nothing answers at ${nowhere}`,
    })
    const other = await start(() => ({ status: 200, body: { hello: 'world' } }))
    expect((await check(address, contextOf(elsewhere(other))))?.found).toContain('is no Synap')
    await synap?.[Symbol.asyncDispose]()
    const real = await start(() => openApi)
    expect(await check(address, contextOf(elsewhere(real)))).toMatchObject({ state: 'ok' })
  })

  it('given a key that is refused, it says where the key came from', async () => {
    const url = await start(() => problem(401, 'unauthenticated'))
    expect(await check(key, contextOf(elsewhere(url)))).toMatchObject({
      state: 'failed',
      found: 'not accepted; it came from --api-key',
    })
    expect(await check(pipeline, contextOf(elsewhere(url)))).toBeUndefined()
  })
})

describe('the model that is named', () => {
  it('given a key it refuses, that is told and the key is not', async () => {
    const url = await start(({ headers }) =>
      headers.authorization === 'Bearer right'
        ? { status: 200, body: { data: [{ id: 'gpt' }] } }
        : problem(401, 'no'),
    )
    const ask = (token: string) =>
      check(model, contextOf({ environment: { OPENAI_BASE_URL: `${url}/v1/`, OPENAI_API_KEY: token } }))
    const refused = await ask('wrong')
    expect(refused).toMatchObject({ state: 'failed', found: expect.stringContaining(`${url}/v1/models`) })
    expect(JSON.stringify(refused)).not.toContain('wrong')
    expect(await ask('right')).toMatchObject({ state: 'ok', found: `${url}/v1/models answers with 1 model` })
  })

  it('given no server there, it fails; given none named, it is offline', async () => {
    expect(await check(model, contextOf({ environment: { OPENAI_BASE_URL: nowhere } }))).toMatchObject({
      state: 'failed',
    })
    expect((await check(model))?.found).toContain('offline')
  })
})

it('given a collector that does not listen, it is a warning and never a failure', async () => {
  const ask = (endpoint: string) =>
    check(telemetry, contextOf({ environment: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } }))
  expect((await ask(nowhere))?.state).toBe('warning')
  expect((await ask('collector'))?.state).toBe('warning')
  expect((await ask(await start(() => problem(404, 'no'))))?.state).toBe('ok')
  expect(await check(telemetry)).toBeUndefined()
})

it('given a data folder that others may read, then not, the check follows', async () => {
  await using folder = await createTemporaryFolder()
  const data = join(folder.path, 'data')
  const ask = () =>
    check(dataFolder, contextOf({ way: 'standalone', written: { SYNAP_STANDALONE_DATA: data } }))
  expect((await ask())?.found).toContain('is gone')
  await mkdir(data, { mode: 0o755 })
  await chmod(data, 0o755)
  expect((await ask())?.advice).toBe(`chmod 700 '${data}'`)
  await chmod(data, 0o700)
  expect((await ask())?.found).toContain('mode 700')
})
