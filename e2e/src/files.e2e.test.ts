import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { EntityId } from '@synap/core'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, type Pipeline, ways } from './pipeline.ts'

const jpeg = Buffer.concat([
  Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'),
  randomBytes(3_000),
])

describe.each(ways)('files on their way through the pipeline: $way', ({ startPipeline }) => {
  let pipeline: Pipeline
  let ana: Account
  let folder: string

  beforeAll(async () => {
    pipeline = await startPipeline({ env: { MAX_PDF_BYTES: '5000' } })
    ana = await pipeline.createAccount('ana')
    folder = await mkdtemp(join(tmpdir(), 'synap-files-test-'))
  })
  afterAll(async () => {
    await pipeline?.[Symbol.asyncDispose]()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  const fileOf = async (name: string, bytes: Buffer | string) => {
    const path = join(folder, name)
    await writeFile(path, bytes)
    return path
  }
  const complete = (id: EntityId) =>
    eventually(
      'the item is complete',
      async () => {
        const status = await ana.client.status(id)
        expect(status.stages.filter(({ state }) => state !== 'done' && state !== 'skipped')).toEqual([])
        return status
      },
      { deadlineMs: 60_000 },
    )
  const capture = async (...args: string[]) => {
    const { stdout, stderr, code } = await pipeline.synap(ana, 'capture', ...args, '--no-wait', '--json')
    expect([code, stderr]).toEqual([0, ''])
    return (JSON.parse(stdout) as { id: EntityId }).id
  }
  const bytesOf = async (id: EntityId) => buffer((await ana.client.contentStream(id)).value.stream)

  it('given a photo, it is found by its name, marked as not readable, and comes back as it was', async () => {
    const id = await capture(await fileOf('harbour_at-dawn.jpg', jpeg), '--tag', 'trip')
    const status = await complete(id)
    const stage = (name: string) => status.stages.find((each) => each.stage === name)
    expect(stage('extracted')).toMatchObject({ state: 'skipped', error: 'unsupported_type' })
    expect(stage('enriched')).toMatchObject({ state: 'skipped' })
    const { value } = await ana.client.search({ q: 'harbour', minSequence: status.sequence })
    expect(value.items[0]?.entity).toMatchObject({
      id,
      type: 'note',
      title: 'harbour_at-dawn.jpg',
      summary: null,
      metadata: { fileName: 'harbour_at-dawn.jpg' },
      content: { fileType: 'image', contentType: 'image/jpeg', size: jpeg.length },
      tags: [{ name: 'trip' }],
    })
    expect((await bytesOf(id)).equals(jpeg)).toBe(true)
    const shown = await pipeline.synap(ana, 'get', id, '--json')
    expect(JSON.parse(shown.stdout)).toMatchObject({ status: { complete: true } })
  })

  it('given a page with a script, it comes as a download under its name, never as a page, ranges too', async () => {
    const page = '<!doctype html><script>alert(1)</script>'
    const id = await capture(await fileOf('Übersicht "1".html', page), '--title', 'Overview')
    await complete(id)
    const url = `${pipeline.service('query').url}/v1/entities/${id}/content`
    const headers = { authorization: `Bearer ${ana.apiKey}` }
    const answer = await fetch(url, { headers })
    expect(await answer.text()).toBe(page)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-disposition': `attachment; filename="bersicht-1.html"; filename*=UTF-8''%C3%9Cbersicht%20_1_.html`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    })
    const range = await fetch(url, { headers: { ...headers, range: 'bytes=2-8' } })
    expect([range.status, await range.text()]).toEqual([206, 'doctype'])
  })

  it('given a file of 20 MB, it goes in and comes back as a stream, and sending it again has no second effect', async () => {
    const bytes = randomBytes(20_000_000)
    const path = await fileOf('large.bin', bytes)
    const send = () =>
      ana.client.captureFile({ path }, { type: 'page' }, { idempotencyKey: 'large', name: 'large.bin' })
    const { id, sequence } = await send()
    expect(await send()).toMatchObject({ id, sequence })
    await complete(id)
    expect((await bytesOf(id)).equals(bytes)).toBe(true)
  })

  it('given a text file, it is read as before; one too large for its kind is refused with the number', async () => {
    const id = await capture(await fileOf('notes.md', '# Trains\n\nThe night train to Vienna'))
    const status = await complete(id)
    expect(status.stages.map(({ state }) => state)).toEqual(Array.from({ length: 7 }, () => 'done'))
    const { value } = await ana.client.getEntity(id)
    expect(value).toMatchObject({ content: { fileType: 'markdown' }, metadata: {} })
    const pdf = await fileOf('paper.pdf', Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(6_000)]))
    const refused = await pipeline.synap(ana, 'capture', pdf, '--no-wait')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('A file of the kind pdf may have 5,000 bytes at most')
  })
})
