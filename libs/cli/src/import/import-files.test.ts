import { createClient } from '@synap/client'
import { problems } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, type Asked, type FakeSynap, problem, startFakeSynap } from '../../test/fake-synap.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../../test/temporary-folder.ts'
import { findMarkdown } from './find-files.ts'
import { importFiles } from './import-files.ts'
import { openJournal } from './journal.ts'

const kept = (): Answer => {
  const id = uuidv7()
  const body = {
    id,
    version: 1,
    sequence: 1,
    correlationId: 'a'.repeat(32),
    status: `/v1/entities/${id}/status`,
  }
  return { status: 201, body }
}
const pathOf = ({ body }: Asked) => (body as { metadata: { path: string } }).metadata.path

describe('importing files', () => {
  let folder: TemporaryFolder
  let home: TemporaryFolder
  let synap: FakeSynap
  let answer: (asked: Asked) => Answer | Promise<Answer>

  beforeEach(async () => {
    folder = await createTemporaryFolder()
    home = await createTemporaryFolder()
    answer = kept
    synap = await startFakeSynap((asked) => answer(asked))
  })
  afterEach(async () => {
    for (const each of [folder, home, synap]) await each[Symbol.asyncDispose]()
  })

  async function run(
    options: { signal?: AbortSignal; concurrency?: number; attempts?: number; timeZone?: string } = {},
  ) {
    const account = { ingestUrl: synap.url, apiKey: 'syn_a' }
    const progress: number[] = []
    const result = await importFiles({
      folder: folder.path,
      files: await findMarkdown(folder.path),
      client: createClient({ ...account, queryUrl: synap.url, attempts: options.attempts ?? 2 }),
      journal: await openJournal(home.path, folder.path, account),
      concurrency: options.concurrency ?? 2,
      timeZone: options.timeZone,
      signal: options.signal ?? new AbortController().signal,
      onProgress: (done) => progress.push(done),
    })
    return { ...result, progress }
  }

  it('given a second run, nothing is sent; given one more file, only that one', async () => {
    await folder.write({ 'a.md': 'A', 'b/c.md': 'C' })
    const first = await run()
    expect(first.report).toEqual({ imported: 2, known: 0, changed: [], empty: 0, failed: [] })
    expect(first.progress).toEqual([1, 2])
    expect((await run()).report).toMatchObject({ imported: 0, known: 2 })
    await folder.write({ 'd.md': 'D' })
    expect((await run()).report).toMatchObject({ imported: 1, known: 2 })
    expect(synap.asked.map(pathOf).toSorted()).toEqual(['a.md', 'b/c.md', 'd.md'])
  })

  it('given a time zone, each file says it', async () => {
    await folder.write({ 'a.md': 'A', 'b.md': 'B' })
    expect((await run({ timeZone: 'Asia/Tokyo' })).report).toMatchObject({ imported: 2 })
    expect(synap.asked.map(({ headers }) => headers['synap-time-zone'])).toEqual(['Asia/Tokyo', 'Asia/Tokyo'])
  })

  it('given a file that was sent with another time zone and got no answer, it is not sent under another key, and the reason says what to do', async () => {
    await folder.write({ 'a.md': 'A' })
    const away = { status: 503, body: { type: 'urn:synap:problem:unavailable', title: 'away', status: 503 } }
    answer = () => away
    await run({ timeZone: 'Asia/Tokyo', attempts: 1 })
    const { type, status, title } = problems.idempotencyMismatch
    answer = () => ({ status, body: { type, status, title } })
    const { report } = await run({ timeZone: 'Europe/Berlin' })
    expect(report.failed).toMatchObject([{ path: 'a.md', reason: expect.stringContaining('--time-zone') }])
    const keys = synap.asked.map(({ headers }) => headers['idempotency-key'])
    expect(new Set(keys).size).toBe(1)
  })

  it('given a file changed since, it is named and left as it is', async () => {
    await folder.write({ 'a.md': 'A' })
    await run()
    await folder.write({ 'a.md': 'A, changed' })
    expect((await run()).report).toMatchObject({ imported: 0, known: 0, changed: ['a.md'] })
    expect(synap.asked).toHaveLength(1)
  })

  it('given an empty file and one that is no UTF-8, the one is counted, the other reported, neither sent', async () => {
    await folder.write({
      'blank.md': ' \n',
      'latin.md': new Uint8Array([0x63, 0x61, 0x66, 0xe9]),
      'a.md': 'A',
    })
    const { report } = await run()
    expect(report).toMatchObject({ imported: 1, empty: 1 })
    expect(report.failed).toEqual([{ path: 'latin.md', reason: 'it is not text in UTF-8' }])
    expect(synap.asked.map(pathOf)).toEqual(['a.md'])
  })

  it.each([400, 500])(
    'given a file that is answered with %i, it is reported and the others go on',
    async (status) => {
      await folder.write({ 'a.md': 'A', 'bad.md': 'B', 'c.md': 'C' })
      answer = (asked) => (pathOf(asked) === 'bad.md' ? problem(status, 'not this one') : kept())
      const { report, stopped } = await run()
      expect(report.imported).toBe(2)
      expect(report.failed).toEqual([{ path: 'bad.md', reason: expect.stringContaining('not this one') }])
      expect(stopped).toBeUndefined()
      answer = kept
      expect((await run()).report).toMatchObject({ imported: 1, known: 2, failed: [] })
    },
  )

  it.each([401, 503])(
    'given a Synap that answers %i to all, it stops instead of failing file by file',
    async (status) => {
      await folder.write(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i}.md`, `${i}`])))
      answer = () => problem(status, 'no')
      const { report, stopped } = await run({ attempts: 1 })
      expect(stopped).toMatchObject({ status })
      expect(report).toMatchObject({ imported: 0, failed: [] })
      expect(synap.asked.length).toBeLessThanOrEqual(2)
    },
  )

  it('given an answer that got lost, the next run sends the same key again', async () => {
    await folder.write({ 'a.md': 'A' })
    const interrupted = new AbortController()
    answer = () => {
      interrupted.abort(new Error('interrupted'))
      return kept()
    }
    const first = await run({ signal: interrupted.signal })
    expect(first.report).toEqual({ imported: 0, known: 0, changed: [], empty: 0, failed: [] })
    answer = kept
    expect((await run()).report).toMatchObject({ imported: 1, known: 0 })
    const keys = synap.asked.map(({ headers }) => headers['idempotency-key'])
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(1)
  })

  it('given an interruption half-way, the next run does the rest and nothing twice', async () => {
    await folder.write(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}.md`, `${i}`])))
    const interrupted = new AbortController()
    answer = () => {
      if (synap.asked.length === 5) interrupted.abort(new Error('interrupted'))
      return kept()
    }
    const first = await run({ signal: interrupted.signal, concurrency: 1 })
    expect(first.report).toMatchObject({ imported: 4, failed: [] })
    answer = kept
    expect((await run()).report).toMatchObject({ imported: 6, known: 4 })
    const keys = synap.asked.map(({ headers }) => headers['idempotency-key'])
    expect(new Set(keys).size).toBe(10)
  })
})
