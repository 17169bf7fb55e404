import { sha256Hex, uuidv7 } from '@synap/core'
import { createS3Store, type ObjectStore } from '@synap/object-store'
import type { TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, call, createIngestStack, type IngestStack } from '../../test/ingest-stack.ts'
import { anyPng, formEnd, note, part, sendForm } from '../../test/upload.ts'

let stack: IngestStack
let service: TestService
let store: ObjectStore
let ana: Account
let bob: Account

beforeAll(async () => {
  stack = await createIngestStack(['ingest', 'events-writer'])
  service = await stack.start({ MAX_IMAGE_BYTES: '150000' })
  ana = await stack.createAccount()
  bob = await stack.createAccount()
  const { env, bucket } = stack
  store = createS3Store({
    endpoint: env['S3_ENDPOINT'] ?? '',
    region: env['S3_REGION'] ?? '',
    bucket,
    accessKeyId: env['S3_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: env['S3_SECRET_ACCESS_KEY'] ?? '',
  })
  await service.waitReady()
}, 300_000)
afterAll(async () => {
  await store?.close()
  await stack?.close()
})

interface State {
  title: string | null
  preview: string | null
  content: { key: string; sha256: string; fileType: string } | null
}
const one = async (sql: string) => (await stack.database.superuserSql(sql))[0] ?? ''
const stateOf = async (id: string) =>
  JSON.parse(await one(`select state from write.streams where aggregate_id = '${id}'`)) as State
const objectsOf = (id: string) => one(`select count(*) from write.objects where aggregate_id = '${id}'`)
const item = async (body: object = { type: 'note', content: 'first' }) =>
  String((await call(service, '/v1/entities', { body, key: ana.key })).body['id'])
const put = (
  id: string,
  content: unknown,
  options: { key?: string; idempotencyKey?: string; headers?: Record<string, string> } = {},
) =>
  call(service, `/v1/entities/${id}/content`, { method: 'PUT', body: { content }, key: ana.key, ...options })
const putFile = (id: string, parts: Buffer[], headers: Record<string, string> = {}) =>
  sendForm(service, parts, { account: ana, method: 'PUT', path: `/v1/entities/${id}/content`, headers })

describe('new content of an item', () => {
  it('given text, it is the content, with its preview; what was there stays, and undo brings it back', async () => {
    const id = await item()
    const answer = await put(id, 'second  *thought*')
    expect(answer).toMatchObject({ status: 200, body: { id, version: 3 } })
    expect(answer.headers.get('etag')).toBe('"3"')
    expect(await stateOf(id)).toMatchObject({
      preview: 'second *thought*',
      content: { sha256: sha256Hex('second  *thought*'), fileType: 'markdown' },
    })
    expect(await objectsOf(id)).toBe('2')
    const event = await one(`select event_id from write.outbox where aggregate_id = '${id}' and version = 3`)
    await call(service, `/v1/entities/${id}:undo`, { body: { event }, key: ana.key })
    expect(await stateOf(id)).toMatchObject({ preview: 'first', content: { sha256: sha256Hex('first') } })
  })

  it('given a file, it is the content, as what its bytes are; one too large changes nothing', async () => {
    const id = await item()
    const bytes = anyPng(1_000)
    expect((await putFile(id, [part('file', bytes, 'x.md'), formEnd])).body).toMatchObject({ id, version: 3 })
    const sha256 = sha256Hex(bytes)
    const key = `users/${ana.userId}/notes/${id}.${sha256.slice(0, 16)}.png`
    expect(await stateOf(id)).toMatchObject({ preview: null, content: { key, sha256, fileType: 'image' } })
    const large = await putFile(id, [part('file', anyPng(200_000)), formEnd])
    expect(large).toMatchObject({ status: 413, body: { limit: 150_000 } })
    expect((await putFile(id, [part('entity', note), part('file', bytes), formEnd])).status).toBe(400)
    expect((await stateOf(id)).content?.sha256).toBe(sha256)
  })

  it('given null, there is none; not for an item without a title, of which nothing would be left', async () => {
    const [titled, untitled] = [await item({ type: 'note', title: 'x', content: 'y' }), await item()]
    expect((await put(titled, null)).status).toBe(200)
    expect(await stateOf(titled)).toMatchObject({ content: null, preview: null })
    const refused = await put(untitled, null)
    expect([refused.status, refused.body['code']]).toEqual([422, 'entity.empty'])
    for (const bad of ['', 7, undefined]) expect((await put(untitled, bad)).status).toBe(400)
  })

  it('given the content it has already, nothing changes', async () => {
    const id = await item()
    expect(await put(id, 'first')).toMatchObject({ status: 200, body: { version: 2 } })
    expect(await objectsOf(id)).toBe('1')
  })

  it('given an Idempotency-Key, one effect, also once the item has changed on', async () => {
    const id = await item()
    const idempotencyKey = uuidv7()
    const first = await put(id, 'second', { idempotencyKey, headers: { 'if-match': '"2"' } })
    await put(id, 'third')
    const again = await put(id, 'second', { idempotencyKey, headers: { 'if-match': '"2"' } })
    expect(again).toMatchObject({ status: 200, body: first.body })
    expect((await put(id, 'another', { idempotencyKey })).status).toBe(422)
    expect((await stateOf(id)).content?.sha256).toBe(sha256Hex('third'))
  })

  it('given twenty changes of one version, exactly one wins; the others are told the version there is', async () => {
    const id = await item()
    const headers = { 'if-match': '"2"' }
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => put(id, `thought ${n}`, { headers })),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status, body } of answers.filter((answer) => answer.status !== 200))
      expect([status, body['currentVersion']]).toEqual([412, 3])
    const won = answers.findIndex(({ status }) => status === 200)
    expect((await stateOf(id)).content?.sha256).toBe(sha256Hex(`thought ${won}`))
    expect(await objectsOf(id)).toBe('2')
  })

  it('given a version that is over, 412 before anything is put, and the key is free for another try', async () => {
    const id = await item()
    const listed = () => stack.database.superuserSql('select object_key from write.object_leases')
    const idempotencyKey = uuidv7()
    const stale = await put(id, 'never stored', { idempotencyKey, headers: { 'if-match': '"1"' } })
    expect([stale.status, stale.body['currentVersion']]).toEqual([412, 2])
    const leased = (await listed()).find((key) => key.includes(id)) ?? ''
    expect(leased).toContain(sha256Hex('never stored').slice(0, 16))
    expect(await store.exists(leased)).toBe(false)
    const again = await put(id, 'never stored', { idempotencyKey, headers: { 'if-match': '"2"' } })
    expect(again).toMatchObject({ status: 200, body: { version: 3 } })
    expect(await store.exists(leased)).toBe(true)
  })

  it('given a kill after the put or the commit, the retry has the one effect, under the key that was put first', async () => {
    for (const [point, waits] of [
      ['ingest.after_put', true],
      ['ingest.after_commit', false],
    ] as const) {
      const id = await item()
      const dying = await stack.start({ SYNAP_CRASHPOINT: point })
      await dying.waitReady()
      const idempotencyKey = uuidv7()
      const send = (to: { url: string }) =>
        call(to, `/v1/entities/${id}/content`, {
          method: 'PUT',
          body: { content: point },
          key: ana.key,
          idempotencyKey,
        })
      await expect(send(dying)).rejects.toThrow('fetch failed')
      expect(await dying.exited).toMatchObject({ signal: 'SIGKILL' })
      const kept = `from write.idempotency where idempotency_key = '${idempotencyKey}'`
      const key = await one(`select object_key ${kept}`)
      if (waits) {
        expect((await send(service)).status).toBe(409)
        await one(
          `update write.idempotency set lease_expires_at = clock_timestamp() where idempotency_key = '${idempotencyKey}';`,
        )
      }
      const retry = await send(service)
      expect(retry).toMatchObject({ status: 200, body: { id, version: 3 } })
      expect(retry.headers.get('idempotency-replayed')).toBe(waits ? null : 'true')
      expect((await stateOf(id)).content?.key).toBe(key)
      expect(await objectsOf(id)).toBe('2')
    }
  })

  it('given an item of somebody else, or none, 404, and nothing is put', async () => {
    const id = await item()
    const leases = await one('select count(*) from write.object_leases')
    expect((await put(id, 'mine now', { key: bob.key })).status).toBe(404)
    expect((await put(uuidv7(), 'x')).status).toBe(404)
    expect((await putFile(uuidv7(), [part('file', anyPng(10)), formEnd])).status).toBe(404)
    expect(await one('select count(*) from write.object_leases')).toBe(leases)
  })
})
