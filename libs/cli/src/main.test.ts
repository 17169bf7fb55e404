import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type StatusResponse, stageNames } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, type Asked, type FakeSynap, problem, startFakeSynap } from '../test/fake-synap.ts'
import { type Ended, runSynap } from '../test/run-synap.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../test/temporary-folder.ts'
import { exitCodes } from './exit-codes.ts'
import { buildProgram } from './program.ts'
import { repositoryRoot } from './repository.ts'

/** Each starts Node, which takes its time where other tests run beside. */
const timeoutMs = 60_000

const id = uuidv7()
const answerTo201 = {
  id,
  version: 1,
  sequence: 4,
  correlationId: 'a'.repeat(32),
  status: `/v1/entities/${id}/status`,
}
const statusOf = (complete: boolean): StatusResponse => ({
  id: id as StatusResponse['id'],
  version: 2,
  sequence: 5,
  complete,
  work: null,
  cost: null,
  stages: stageNames.map((stage, place) => ({
    stage,
    state: complete || place === 0 ? 'done' : 'pending',
    at: null,
    attempts: 0,
    error: null,
    nextRetryAt: null,
  })),
})
const entity = {
  id,
  type: 'task',
  title: 'Buy milk',
  preview: 'Buy milk tomorrow',
  summary: null,
  language: 'en',
  people: [],
  content: null,
  tags: [],
  task: { status: 'todo', priority: 0, due: '2020-01-02', completedAt: null },
  metadata: {},
  attachments: [],
  suggestions: [],
  provenance: {},
  version: 2,
  sequence: 5,
  createdAt: '2026-11-21T02:44:48.620Z',
  updatedAt: '2026-11-21T02:44:53.059Z',
}

/** Takes captures, and has them ready at once. */
function ready({ method, path }: Asked): Answer {
  if (method === 'POST') return { status: 201, body: answerTo201 }
  if (path.endsWith('/status')) return { status: 200, body: statusOf(true) }
  return { status: 200, body: entity, headers: { 'synap-sequence': '5' } }
}

describe('the command', () => {
  let folder: TemporaryFolder
  let synap: FakeSynap
  let answer: (asked: Asked) => Answer
  let env: Record<string, string>

  beforeEach(async () => {
    folder = await createTemporaryFolder()
    answer = ready
    synap = await startFakeSynap((asked) => answer(asked))
    env = {
      SYNAP_INGEST_URL: synap.url,
      SYNAP_QUERY_URL: synap.url,
      SYNAP_API_KEY: 'syn_a',
      XDG_STATE_HOME: folder.path,
      // Continuous integration is no reason for colours in a pipe.
      CI: 'true',
    }
  })
  afterEach(async () => {
    await synap[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  const expectFailure = ({ code, stdout, stderr }: Ended, expected: number, message: string) => {
    expect(stderr).toContain(message)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
  }

  it(
    'given a wrong call, it exits 2 and says how it is used',
    async () => {
      const calls = [['frobnicate'], ['capture'], ['list', '-n', 'x'], ['get', 'no-id'], ['capture', ' ']]
      const [unknown, missing, invalid, noId, empty] = await Promise.all(
        calls.map((call) => runSynap(call, env)),
      )
      expectFailure(unknown as Ended, 2, "synap: unknown command 'frobnicate'")
      expectFailure(missing as Ended, 2, './synap help capture says how it is used.')
      expectFailure(invalid as Ended, 2, 'a whole number above 0')
      expectFailure(noId as Ended, 2, '"no-id" is not an id')
      expectFailure(empty as Ended, 2, 'nothing to capture')
      expect(synap.asked).toEqual([])
    },
    timeoutMs,
  )

  it(
    'given help, it exits 0; every command has an example in it',
    async () => {
      const ended = await runSynap(['help', 'import'])
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(ended.stdout).toContain('$ ./synap import ~/notes')
      for (const command of buildProgram().commands) {
        let text = ''
        command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
        expect(text, command.name()).toMatch(/\n {2}\$ \.\/synap /)
      }
    },
    timeoutMs,
  )

  it(
    'given a Synap that is away, refuses the key or does not know the item, it exits 69, 78, 1',
    async () => {
      const gone = await freeAddress()
      const away = { ...env, SYNAP_INGEST_URL: gone, SYNAP_QUERY_URL: gone }
      answer = ({ headers }) => problem(headers.authorization === 'Bearer syn_a' ? 404 : 401, 'no')
      const [refused, key, item] = await Promise.all([
        runSynap(['list'], away),
        runSynap(['list', '--api-key', 'syn_b'], env),
        runSynap(['get', id], env),
      ])
      expectFailure(refused, exitCodes.unavailable, `No answer from ${gone}: nothing listens there`)
      expectFailure(key, exitCodes.configuration, 'The API key is not accepted. It came from --api-key.')
      expectFailure(item, exitCodes.failed, 'There is no such item in this account.')
      expect(synap.asked.map(({ method }) => method)).not.toContain('POST')
    },
    timeoutMs,
  )

  it(
    'given particulars that it has no words for, they are shown all the same',
    async () => {
      const particulars = { frequency: 'daily', lastCompleted: '2026-11-21', note: null }
      answer = (asked) =>
        asked.path.endsWith('/status')
          ? ready(asked)
          : { status: 200, body: { ...entity, type: 'idea', task: null, particulars } }
      const { code, stdout } = await runSynap(['get', id], env)
      expect(code).toBe(0)
      expect(stdout).toMatch(/frequency\s+daily\n/)
      expect(stdout).toMatch(/last completed\s+2026-11-21\n/)
      expect(stdout).not.toContain('note')
    },
    timeoutMs,
  )

  it(
    'given a capture, stdout is the id, and what became of it is told beside',
    async () => {
      const { code, stdout, stderr } = await runSynap(
        ['capture', 'Buy', 'milk', 'tomorrow', '--tag', 'home'],
        env,
      )
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${id}\n` })
      expect(stderr).toMatch(/^task: Buy milk \(due \d+ years ago, 2020-01-02\)\n$/)
      expect(synap.asked[0]?.body).toEqual({ type: 'note', content: 'Buy milk tomorrow', tags: ['home'] })
    },
    timeoutMs,
  )

  it(
    'given --time-zone, the capture says it; without, none',
    async () => {
      await runSynap(['capture', 'Call Ana tomorrow', '--time-zone', 'America/New_York', '--no-wait'], env)
      await runSynap(['capture', 'Call Ana tomorrow', '--no-wait'], env)
      expect(synap.asked.map(({ headers }) => headers['synap-time-zone'])).toEqual([
        'America/New_York',
        undefined,
      ])
    },
    timeoutMs,
  )

  it(
    'given a time zone that is none, it exits 2 and nothing is sent',
    async () => {
      const refused = await runSynap(['capture', 'Call Ana', '--time-zone', 'Mars/Olympus'], env)
      expectFailure(refused, exitCodes.usage, 'an IANA time zone, such as Europe/Berlin')
      expect(synap.asked).toEqual([])
    },
    timeoutMs,
  )

  it(
    'given --json, stdout is one document with the item, or with null as long as it is not there',
    async () => {
      const whole = await runSynap(['capture', 'Buy milk', '--json'], env)
      const { id: _, status: __, ...kept } = answerTo201
      expect(JSON.parse(whole.stdout)).toEqual({ id, ...kept, status: statusOf(true), entity })
      const unseen = await runSynap(['capture', 'Buy milk', '--json', '--no-wait'], env)
      expect(JSON.parse(unseen.stdout)).toEqual({ id, ...kept, status: null, entity: null })
      expect(`${whole.stderr}${unseen.stderr}`).toBe('')
    },
    timeoutMs,
  )

  it(
    'given a pipeline that stands still, a capture is kept, exits 0, and says where it stands and how to look again',
    async () => {
      answer = (asked) =>
        asked.path.endsWith('/status') ? { status: 200, body: statusOf(false) } : ready(asked)
      const { code, stdout, stderr } = await runSynap(['capture', '-'], env, (child) =>
        child.stdin?.end('Buy milk\n'),
      )
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${id}\n` })
      expect(stderr).toContain('It is kept, and on its way it stands before "relayed" (pending).')
      expect(stderr).toContain(`./synap get ${id}`)
    },
    timeoutMs,
  )

  it(
    'given Ctrl-C in an import, it exits 130 without a stack, and the next run goes on',
    async () => {
      await folder.write(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`notes/${i}.md`, `${i}`])))
      const args = ['import', join(folder.path, 'notes'), '--no-ledger', '--concurrency', '1', '--json']
      let interrupt = () => undefined as unknown
      answer = (asked) => {
        if (synap.asked.length === 10) interrupt()
        // From here on nothing is kept, however late the signal comes.
        return synap.asked.length > 10 ? problem(503, 'slow') : ready(asked)
      }
      const first = await runSynap(args, env, (child) => (interrupt = () => child.kill('SIGINT')))
      expect(first.code).toBe(exitCodes.interrupted)
      expect(first.stderr).toBe('Interrupted. Run the same command again to go on.\n')
      const { imported } = JSON.parse(first.stdout) as { imported: number }
      expect(imported).toBeGreaterThanOrEqual(9)
      answer = ready
      const second = await runSynap(args, env)
      expect(second.code).toBe(0)
      expect(JSON.parse(second.stdout)).toMatchObject({
        imported: 30 - imported,
        known: imported,
        ledger: null,
      })
    },
    timeoutMs,
  )
})

it('given the table of exit codes, the reference shows the same', async () => {
  const text = await readFile(join(repositoryRoot, 'docs', 'reference', 'cli.md'), 'utf8')
  const told = [...text.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
  expect(told).toEqual(Object.values(exitCodes))
  for (const command of buildProgram().commands) expect(text).toContain(`\`${command.name()}`)
})

/** An address where nothing listens. */
async function freeAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}
