import type { OutboxStatus, ReconcileStatus } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, type Asked, type FakeSynap, problem, startFakeSynap } from '../../test/fake-synap.ts'
import { runSynap } from '../../test/run-synap.ts'
import { exitCodes } from '../exit-codes.ts'

const timeoutMs = 60_000
const userId = uuidv7()

const fine: OutboxStatus = {
  unpublished: 0,
  oldestUnpublishedAt: null,
  lastMinute: { accepted: 3, published: 3 },
  relayEpoch: 1,
  trouble: null,
  quarantined: [],
  partitions: [
    { name: 'outbox_000000', closed: false, rowsEstimate: 3, bytes: 8_192, newestPublishedAt: null },
  ],
  overdue: [],
  write: 'ok',
}
const reconciled: ReconcileStatus = {
  phase: 'done',
  alive: true,
  startedAt: null,
  finishedAt: null,
  topicRecords: 9,
  usersChecked: 2,
  usersMoved: 1,
  eventsFolded: 4,
  eventsUnfoldable: 0,
  detail: null,
  write: 'ok',
}

let status: OutboxStatus
let reconcile: Partial<ReconcileStatus>[]
const pages = [
  { events: 500, absent: 0, next: `${userId}:501` },
  { events: 20, absent: 1, next: null },
]

function answer({ method, path, body }: Asked): Answer {
  switch (`${method} ${path}`) {
    case 'GET /internal/outbox':
      return { status: 200, body: status }
    case 'POST /internal/outbox/republish':
      return { status: 200, body: pages[(body as { cursor?: string }).cursor === undefined ? 0 : 1] }
    case 'POST /internal/outbox/retry':
      return { status: 200, body: { released: 2 } }
    case 'POST /internal/write/reconcile':
      return { status: 202, body: { ...reconciled, phase: 'topic' } }
    case 'GET /internal/write/reconcile':
      return { status: 200, body: { ...reconciled, ...reconcile.shift() } }
    default:
      return problem(404, 'not found')
  }
}

let synap: FakeSynap
let env: Record<string, string>
beforeEach(async () => {
  status = fine
  reconcile = []
  synap = await startFakeSynap(answer)
  env = { SYNAP_INGEST_URL: synap.url, SYNAP_QUERY_URL: synap.url, SYNAP_API_KEY: `syn_${'o'.repeat(43)}` }
})
afterEach(() => synap[Symbol.asyncDispose]())

const posts = () => synap.asked.filter(({ method }) => method === 'POST').map(({ body }) => body)

describe('outbox', { timeout: timeoutMs }, () => {
  it('given nothing that needs a look, status exits with 0', async () => {
    expect(await runSynap(['outbox', 'status', '--json'], env)).toMatchObject({
      code: 0,
      stdout: `${JSON.stringify(fine)}\n`,
    })
  })

  it('given events that are held back, status names them and exits with 1', async () => {
    const since = new Date().toISOString()
    const held = { userId, eventId: uuidv7(), sequence: 7, reason: 'event.unencodable', since, waiting: 3 }
    status = { ...fine, quarantined: [held] } as OutboxStatus
    const { code, stdout, stderr } = await runSynap(['outbox', 'status'], env)
    expect(code).toBe(1)
    expect(stdout).toContain(userId)
    expect(stdout).toContain('event.unencodable')
    expect(stderr).toContain('outbox retry')
  })

  it('given more than one call’s worth, republish goes on to the end, and tells what nobody has', async () => {
    const args = ['outbox', 'republish', '--since', '2026-11-21T06:00Z', '--json']
    const { code, stdout } = await runSynap(args, env)
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toEqual({ events: 520, absent: 1, dryRun: false })
    const since = '2026-11-21T06:00:00.000Z'
    expect(posts()).toEqual([{ since }, { since, cursor: pages[0]?.next }])
  })

  it.each([
    { args: [], says: '--since TIME' },
    { args: ['--since', '1h', '--from-sequence', '3'], says: '--from-sequence needs --user' },
  ])('given republish $args, it says what is lacking and asks nothing', async ({ args, says }) => {
    const { code, stderr } = await runSynap(['outbox', 'republish', ...args], env)
    expect(code).not.toBe(0)
    expect(stderr).toContain(says)
    expect(posts()).toEqual([])
  })

  it('given retry, it tells how many flow again', async () => {
    expect((await runSynap(['outbox', 'retry'], env)).stdout).toBe('The events of 2 users flow again.\n')
  })
})

describe('write reconcile', { timeout: timeoutMs }, () => {
  it('given the known database, it begins nothing', async () => {
    const { code, stdout } = await runSynap(['write', 'reconcile'], env)
    expect([code, posts()]).toEqual([0, []])
    expect(stdout).toContain('Nothing to do')
  })

  it('given a restored one, it begins, waits and tells what was done', async () => {
    reconcile = [{ phase: 'none', write: 'restored' }, { phase: 'topic' }, { phase: 'users' }]
    const { code, stdout } = await runSynap(['write', 'reconcile'], env)
    expect([code, posts()]).toEqual([0, [{}]])
    expect(stdout).toContain('1 of 2 users were behind; 4 events folded.')
  })

  it('given one under way, it waits for that; given that it fails, it says why', async () => {
    reconcile = [
      { phase: 'users', write: 'unsettled' },
      { phase: 'failed', detail: 'the log is behind' },
    ]
    const { code, stderr } = await runSynap(['write', 'reconcile'], env)
    expect([code, posts()]).toEqual([exitCodes.failed, []])
    expect(stderr).toContain('the log is behind')
  })
})
