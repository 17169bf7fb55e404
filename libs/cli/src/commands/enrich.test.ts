import type { EnrichmentStatus } from '@synap/contracts'
import { type UserId, uuidv7 } from '@synap/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Asked, type FakeSynap, problem, startFakeSynap } from '../../test/fake-synap.ts'
import { runSynap } from '../../test/run-synap.ts'
import { exitCodes } from '../exit-codes.ts'

const timeoutMs = 60_000
const user = uuidv7() as UserId
const item = uuidv7()
const status: EnrichmentStatus = {
  user,
  day: '2026-11-21',
  nextDayAt: '2026-11-22T00:00:00.000Z',
  today: { calls: 12, tokens: 3_400, cost: 0.0021, unpricedCalls: 2 },
  total: { calls: 13, tokens: 3_500, cost: null, unpricedCalls: 13 },
  limits: { calls: 1_000, tokens: null, cost: 1.5, own: true },
  paused: [
    { kind: 'embed', user: null, byOperator: true, why: 'the bill', since: '2026-11-21T08:00:00.000Z' },
  ],
  open: 7,
  embedding: { model: 'new-model', searchedBy: 'old-model', change: null },
  waiting: [
    { step: 'embed', state: 'deferred', reason: 'enrichment.paused', items: 7, nextAt: null },
    { step: 'analyse', state: 'failed', reason: 'model.refused', items: 1, nextAt: null },
  ],
}
const retried = { steps: 8, byReason: [{ step: 'analyse', reason: 'model.refused', items: 8 }] }

function answer({ method, path, body }: Asked) {
  const ok = (value: unknown) => ({ status: 200, body: value })
  switch (`${method} ${path}`) {
    case 'GET /v1/enrichment':
    case 'GET /v1/enrichment?all=true':
      return ok(status)
    case 'POST /v1/enrichment:retry':
      return ok({ ...retried, dryRun: (body as { dryRun: boolean }).dryRun })
    case 'POST /v1/enrichment:pause':
      return ok({ changed: 1, paused: status.paused })
    case 'POST /v1/enrichment:resume':
      return ok({ changed: 0, paused: [] })
    case `PUT /v1/enrichment/budgets/${user}`:
      return ok(status)
    case `DELETE /v1/enrichment/budgets/${user}`:
      return { status: 204, body: null }
    default:
      return problem(404, 'not found')
  }
}

let synap: FakeSynap
let env: Record<string, string>
beforeEach(async () => {
  synap = await startFakeSynap(answer)
  env = { SYNAP_INGEST_URL: synap.url, SYNAP_QUERY_URL: synap.url, SYNAP_API_KEY: `syn_${'o'.repeat(43)}` }
})
afterEach(() => synap[Symbol.asyncDispose]())

const run = (...args: string[]) => runSynap(['enrich', ...args], env)
const asked = () => synap.asked.map(({ method, path, body }) => [method, path, body])

describe('enrich status', () => {
  it(
    'given costs, limits, a pause and what waits, a person reads all of it, and what is not known is said',
    async () => {
      const { code, stdout } = await run('status')
      expect(code).toBe(exitCodes.ok)
      expect(stdout).toContain('12 calls, 3,400 tokens, $0.0021 and what 2 calls without a price cost')
      expect(stdout).toContain('13 calls, 3,500 tokens, price unknown')
      expect(stdout).toContain('1,000 calls, $1.50 a day, a budget of their own.')
      expect(stdout).toContain('Embedding is paused for everybody')
      expect(stdout).toContain('by old-model; the settings name new-model (./synap enrich run --embeddings)')
      expect(stdout).toContain('the bill')
      expect(stdout).toMatch(/analyse +failed +model\.refused +1 +\.\/synap enrich retry/)
    },
    timeoutMs,
  )

  it(
    'given --json, it is the answer as it came',
    async () => {
      const { stdout } = await run('status', '--all-users', '--json')
      expect(JSON.parse(stdout)).toEqual(status)
      expect(asked()).toEqual([['GET', '/v1/enrichment?all=true', undefined]])
    },
    timeoutMs,
  )
})

describe('enrich retry', () => {
  it(
    'given --dry-run, it says what would be tried; without it, what is',
    async () => {
      const dry = await run('retry', '--all', '--dry-run')
      expect(dry.stdout).toContain('8 steps would be tried again.')
      const done = await run('retry', '--item', item, '--reason', 'model.refused', '--json')
      expect(JSON.parse(done.stdout)).toEqual({ ...retried, dryRun: false })
      expect(asked()).toEqual([
        ['POST', '/v1/enrichment:retry', { dryRun: true }],
        ['POST', '/v1/enrichment:retry', { entity: item, reason: 'model.refused', dryRun: false }],
      ])
    },
    timeoutMs,
  )

  it(
    'given nothing that says what, it is refused and nobody is asked',
    async () => {
      const { code, stderr } = await run('retry')
      expect(code).toBe(exitCodes.usage)
      expect(stderr).toContain('--item ID, --reason WORD or --all')
      expect(asked()).toEqual([])
    },
    timeoutMs,
  )
})

describe('enrich pause and resume', () => {
  it(
    'given a kind, a reason and everybody, it asks for that and tells what is paused now',
    async () => {
      const paused = await run('pause', '--kind', 'embed', '--why', 'the bill', '--all-users')
      expect(paused.stdout).toContain('Embedding is paused for everybody')
      const resumed = await run('resume', '--user', user)
      expect(resumed.stdout).toContain('There was nothing to resume.')
      expect(asked()).toEqual([
        ['POST', '/v1/enrichment:pause', { kind: 'embed', why: 'the bill', all: true }],
        ['POST', '/v1/enrichment:resume', { user }],
      ])
      expect((await run('pause', '--kind', 'both')).code).toBe(exitCodes.usage)
    },
    timeoutMs,
  )
})

describe('enrich budget', () => {
  it(
    'given limits, what is not named has none; --default takes them away; both at once are refused',
    async () => {
      expect((await run('budget', user, '--cost', '1.50')).code).toBe(exitCodes.ok)
      expect((await run('budget', user, '--default')).stdout).toContain(
        'The limits of the settings hold again.',
      )
      expect((await run('budget', user, '--default', '--calls', '3')).code).toBe(exitCodes.usage)
      expect((await run('budget', 'nobody', '--unlimited')).code).toBe(exitCodes.usage)
      expect(asked()).toEqual([
        ['PUT', `/v1/enrichment/budgets/${user}`, { calls: null, tokens: null, cost: 1.5 }],
        ['DELETE', `/v1/enrichment/budgets/${user}`, undefined],
      ])
    },
    timeoutMs,
  )
})
