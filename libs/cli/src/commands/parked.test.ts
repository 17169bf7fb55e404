import type { ParkedEvent, ParkedGroup, ParkedStep } from '@synap/contracts'
import { type UserId, uuidv7 } from '@synap/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, type Asked, type FakeSynap, problem, startFakeSynap } from '../../test/fake-synap.ts'
import { runSynap } from '../../test/run-synap.ts'
import { exitCodes } from '../exit-codes.ts'

const timeoutMs = 60_000
const userId = uuidv7() as UserId
const at = '2026-11-21T08:00:00.000Z'

const group: ParkedGroup = {
  id: '3fa9c21b07de',
  consumer: 'projector',
  store: 'read_v1',
  kind: 'event',
  reason: 'refused_by_store',
  cause: 'postgres.check constraint=title',
  events: 2,
  waiting: 3,
  retrying: 0,
  retryable: 2,
  discarded: 0,
  users: 1,
  oldestAt: at,
  newestAt: at,
  upTo: 87,
  exampleType: 'entity.created',
  meaning: 'It was refused.',
  advice: 'Repair it.',
  ifDiscarded: 'Search goes on without.',
}
const other: ParkedGroup = { ...group, id: '3fb000000000', consumer: 'enricher', cause: null }
const event: ParkedEvent = {
  id: 5,
  state: 'open',
  reason: 'refused_by_store',
  detail: 'postgres.check constraint=title',
  userId,
  aggregateId: uuidv7(),
  aggregateType: 'entity',
  version: 4,
  sequence: 12,
  eventId: uuidv7(),
  type: 'entity.title_changed',
  record: { topic: 'synap.events.v1', partition: 3, offset: 99 },
  key: userId,
  headers: { 'synap-sequence': '12' },
  bytes: { length: 107, sha256: 'a'.repeat(64) },
  decoded: { outcome: 'decoded', note: null, envelope: {}, fields: { title: 'text (17 characters)' } },
  attempts: 1,
  waiting: 3,
  parkedAt: at,
  history: [
    {
      at,
      step: 'parked',
      reason: 'undecodable',
      detail: 'frame: magic',
      byUser: null,
      byKey: null,
      why: null,
      times: 1,
      lastAt: at,
    },
    {
      at,
      step: 'tried',
      reason: 'refused_by_store',
      detail: null,
      byUser: null,
      byKey: null,
      why: null,
      times: 4,
      lastAt: at,
    },
  ],
}

/** What the lists of open and of closed groups answer, one after the other; the last one stays. */
let open: ParkedGroup[][]
let closed: ParkedGroup[][]
let events: ParkedEvent[][]
let unknown: string[]
const next = <T>(lists: T[][]): T[] => (lists.length > 1 ? lists.shift() : lists[0]) ?? []

function answer({ method, path, body }: Asked): Answer {
  const marked = { group: group.id, dryRun: false, events: 2, waiting: 3, ...(body as object | undefined) }
  const { dryRun, waiting } = marked
  const of = { group: group.id, dryRun, events: marked.events, waiting }
  switch (`${method} ${path.split('?')[0]}`) {
    case 'GET /v1/parked':
      return { status: 200, body: { items: next(path.includes('closed') ? closed : open), unknown } }
    case `GET /v1/parked/${group.id}/events`:
      return { status: 200, body: { items: next(events), next: null } }
    case `POST /v1/parked/${group.id}:retry`:
      return { status: 200, body: { ...of, ifDiscarded: null } }
    case `POST /v1/parked/${group.id}:discard`:
      return { status: 200, body: { ...of, ifDiscarded: group.ifDiscarded } }
    default:
      return problem(404, 'not found')
  }
}

let synap: FakeSynap
let env: Record<string, string>
beforeEach(async () => {
  open = [[group, other]]
  closed = [[]]
  events = [[event]]
  unknown = []
  synap = await startFakeSynap(answer)
  env = { SYNAP_INGEST_URL: synap.url, SYNAP_QUERY_URL: synap.url, SYNAP_API_KEY: `syn_${'o'.repeat(43)}` }
})
afterEach(() => synap[Symbol.asyncDispose]())

const run = (...args: string[]) => runSynap(['parked', ...args], env)
const posted = () =>
  synap.asked.filter(({ method }) => method === 'POST').map(({ path, body }) => [path, body])

describe('parked', () => {
  it(
    'given groups, list shows each with its numbers and what to do',
    async () => {
      const { code, stdout } = await run('list')
      expect(code).toBe(exitCodes.ok)
      const [, first] = stdout.split('\n')
      expect(first?.split(/\s{2,}/)).toEqual([
        group.id,
        'projector',
        '2',
        '3',
        '1',
        expect.any(String),
        'entity.created',
        'refused_by_store: postgres.check constraint=title',
      ])
      expect(stdout).toContain(`${group.id}  Repair it.`)
    },
    timeoutMs,
  )

  it(
    'given a consumer that cannot be asked, list names it and fails',
    async () => {
      open = [[]]
      unknown = ['enricher']
      const { code, stdout, stderr } = await run('list')
      expect([code, stdout]).toEqual([exitCodes.failed, 'Nothing is parked.\n'])
      expect(stderr).toContain('enricher')
    },
    timeoutMs,
  )

  it(
    'given the beginning of an id, show tells place, shape and every attempt',
    async () => {
      const { code, stdout } = await run('show', '3FA9')
      expect(code).toBe(exitCodes.ok)
      for (const part of [
        'It was refused.',
        `number 12 of user ${userId}, version 4 of entity ${event.aggregateId}`,
        'synap.events.v1/3 at 99',
        'title=text (17 characters)',
        'synap-sequence=12',
        'parked: undecodable, frame: magic',
        'tried, 4 times',
      ])
        expect(stdout).toContain(part)
      const json = await run('show', group.id, '--json')
      expect(JSON.parse(json.stdout)).toEqual({ group, events: [event], next: null })
    },
    timeoutMs,
  )

  it(
    'given a beginning that two groups have, or none, it says so',
    async () => {
      expect(await run('show', '3f')).toMatchObject({
        code: exitCodes.failed,
        stderr: expect.stringContaining('2 groups'),
      })
      expect(await run('show', 'ff')).toMatchObject({ code: exitCodes.failed, stdout: '' })
      unknown = ['projector']
      expect(await run('show', 'ff')).toMatchObject({ code: exitCodes.unavailable })
    },
    timeoutMs,
  )

  it(
    'given a dry run, it says what would be tried',
    async () => {
      const { code, stdout } = await run('retry', group.id, '--dry-run')
      expect([code, stdout]).toEqual([0, '2 would be tried, and 3 behind them as far as they go.\n'])
      expect(posted()).toEqual([[`/v1/parked/${group.id}:retry`, { dryRun: true, upTo: 87 }]])
    },
    timeoutMs,
  )

  it(
    'given a retry, it waits until all are tried, and tells how many were applied',
    async () => {
      open = [[group], [{ ...group, retrying: 2 }], [{ ...group, retrying: 1 }], []]
      closed = [[{ ...group, events: 4, discarded: 3 }], [{ ...group, events: 6, discarded: 3 }]]
      const { code, stdout } = await run('retry', group.id, '--json')
      expect(code).toBe(exitCodes.ok)
      expect(JSON.parse(stdout)).toEqual({
        group: group.id,
        dryRun: false,
        events: 2,
        waiting: 3,
        applied: 2,
      })
    },
    timeoutMs,
  )

  it(
    'given bytes that have killed a process, it waits for what comes after the beginning of their try',
    async () => {
      const killer: ParkedGroup = { ...group, reason: 'killer', events: 1 }
      const [first] = event.history
      const started = { ...event, history: [{ ...first, step: 'started' } as ParkedStep] }
      open = [[killer], [{ ...killer, retrying: 1 }], [killer]]
      closed = [[], [{ ...killer, events: 2 }]]
      events = [[started], [{ ...started, id: group.upTo + 1 }]]
      const { code, stdout } = await run('retry', group.id, '--json')
      expect(code).toBe(exitCodes.ok)
      expect(JSON.parse(stdout)).toMatchObject({ applied: 2 })
      const looks = synap.asked.filter(({ path }) => path.includes('/events')).length
      expect(looks).toBe(2)
    },
    timeoutMs,
  )

  it(
    'given a retry of which one is refused again, it fails and says where to look',
    async () => {
      open = [[group], [{ ...group, events: 1 }]]
      closed = [[], [{ ...group, events: 1 }]]
      const { code, stdout } = await run('retry', group.id)
      expect(code).toBe(exitCodes.failed)
      expect(stdout).toMatch(/^1 of 2 applied.*parked list/)
    },
    timeoutMs,
  )

  it(
    'given a discard, it needs a reason and a yes, and says what it means first',
    async () => {
      expect(await run('discard', group.id, '--yes')).toMatchObject({ code: exitCodes.usage })
      const unsure = await run('discard', group.id, '--reason', 'a forgery')
      expect(unsure).toMatchObject({ code: exitCodes.usage, stderr: expect.stringContaining('--yes') })
      expect(unsure.stderr).toContain('Search goes on without.')
      expect(posted()).toEqual([])

      const dry = await run('discard', group.id, '--reason', 'a forgery', '--dry-run')
      expect(dry.stdout).toBe(
        '2 would be given up. 3 behind them go on without them. Search goes on without.\n',
      )
      const done = await run('discard', group.id, '--reason', 'a forgery', '--yes')
      expect([done.code, done.stdout]).toEqual([0, '2 given up. 3 behind them go on without them.\n'])
      expect(posted().map(([, body]) => body)).toEqual([
        { reason: 'a forgery', upTo: 87, dryRun: true },
        { reason: 'a forgery', upTo: 87, dryRun: false },
      ])
    },
    timeoutMs,
  )
})
