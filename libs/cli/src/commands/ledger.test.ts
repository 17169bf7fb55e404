import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Agreement, AgreementLine, LedgerFinding } from '@synap/contracts'
import { type UserId, uuidv7 } from '@synap/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runSynap } from '../../test/run-synap.ts'
import { exitCodes } from '../exit-codes.ts'

const timeoutMs = 60_000
const userId = uuidv7() as UserId
const lost: LedgerFinding = {
  kind: 'lost',
  store: 'log',
  userId,
  sequence: 7,
  events: 1,
  aggregateId: uuidv7(),
  version: 2,
  detail: 'the log does not hold it',
}
const fine: Agreement = {
  agrees: true,
  userId: null,
  startedAt: '2026-11-21T08:00:00.000Z',
  finishedAt: '2026-11-21T08:00:01.000Z',
  users: 2,
  events: 1_200,
  held: { outbox: 1_200, topic: { records: 1_203, unplaced: 0, passes: 1 }, log: 1_198, readModel: 1_200 },
  found: [
    { kind: 'in_flight', store: 'log', events: 2 },
    { kind: 'repeated', store: 'topic', events: 3 },
  ],
  oldestInFlightAt: new Date().toISOString(),
}

let lines: AgreementLine[] | number
let asked: string[]
let server: Server
let env: Record<string, string>
beforeEach(async () => {
  lines = [{ progress: { phase: 'topic', done: 5, of: 9 } }, { agreement: fine }]
  asked = []
  server = createServer(({ url = '' }, response) => {
    asked.push(url)
    if (typeof lines === 'number') return response.writeHead(lines).end('{}')
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    return response.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  env = { SYNAP_URL: url, SYNAP_API_KEY: `syn_${'o'.repeat(43)}` }
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

describe('ledger', { timeout: timeoutMs }, () => {
  it('given stores that agree but for what is on its way, it says so and exits with 0', async () => {
    const { code, stdout } = await runSynap(['ledger'], env)
    expect(code).toBe(0)
    expect(stdout).toContain('The stores agree')
    expect(stdout).toContain('2 in flight')
    expect(stdout).toContain('3 sent twice')
    expect(stdout).toContain('just now')
    expect(asked).toEqual(['/internal/ledger/agreement?limit=20'])
  })

  it('given a loss, it is named, and the exit code is 1; what is not told is counted', async () => {
    const found = [{ kind: 'lost', store: 'log', events: 4 } as const]
    lines = [{ finding: lost }, { agreement: { ...fine, agrees: false, found, oldestInFlightAt: null } }]
    const { code, stdout, stderr } = await runSynap(
      ['ledger', '--user', userId, '--no-topic', '--limit', '1'],
      env,
    )
    expect(code).toBe(exitCodes.failed)
    for (const text of ['do not agree', '4 lost', userId, lost.aggregateId ?? '', lost.detail])
      expect(stdout).toContain(text)
    expect(stderr).toContain('3 more')
    expect(asked).toEqual([`/internal/ledger/agreement?user=${userId}&limit=1&topic=false`])
  })

  it('given --json, one document has the sums and the findings', async () => {
    lines = [{ finding: lost }, { agreement: { ...fine, agrees: false } }]
    const { code, stdout } = await runSynap(['ledger', '--json'], env)
    expect(code).toBe(exitCodes.failed)
    expect(JSON.parse(stdout)).toEqual({ ...fine, agrees: false, findings: [lost] })
  })

  it('given an answer that breaks off, it is no agreement', async () => {
    lines = [{ finding: lost }]
    const { code, stdout } = await runSynap(['ledger'], env)
    expect([code, stdout]).toEqual([exitCodes.unavailable, ''])
  })

  it('given a Synap that does not tell it, it says what is needed', async () => {
    lines = 404
    const { code, stderr } = await runSynap(['ledger'], env)
    expect(code).toBe(exitCodes.configuration)
    expect(stderr).toContain('DATABASE_URL')
  })

  it('given servers in the environment and no Synap, the servers are read', async () => {
    // In place of what this checkout may run.
    const folder = await mkdtemp(join(tmpdir(), 'synap-ledger-'))
    const profile = join(folder, 'profile')
    await writeFile(profile, '', { mode: 0o600 })
    const nothing = { SYNAP_PROFILE: profile }
    const servers = { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none', KAFKA_BROKERS: '127.0.0.1:9' }
    const { code, stderr } = await runSynap(['ledger'], { ...nothing, ...servers })
    const without = await runSynap(['ledger'], nothing)
    await rm(folder, { recursive: true })
    expect(code).toBe(exitCodes.unavailable)
    expect(stderr).toContain('127.0.0.1:9')
    expect(without).toMatchObject({
      code: exitCodes.configuration,
      stderr: expect.stringContaining('where Synap is'),
    })
  })

  it('given something that is no user, it asks nothing', async () => {
    expect((await runSynap(['ledger', '--user', 'ana'], env)).code).toBe(exitCodes.usage)
    expect(asked).toEqual([])
  })
})
