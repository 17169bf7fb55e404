import { sha256Hex, uuidv7 } from '@synap/core'
import { createS3Store, type ObjectStore } from '@synap/object-store'
import type { TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FolderIngest, startFolderIngest } from '../../test/folder-ingest.ts'
import {
  type Account,
  type Answer,
  call,
  createIngestStack,
  type IngestStack,
} from '../../test/ingest-stack.ts'
import { anyPng, type FormOptions, formEnd, note, part, sendForm } from '../../test/upload.ts'

let stack: IngestStack
let service: TestService
let folder: FolderIngest
let s3: ObjectStore
let ana: Account
let bob: Account

beforeAll(async () => {
  stack = await createIngestStack(['ingest', 'events-writer'])
  service = await stack.start({ MAX_IMAGE_BYTES: '150000' })
  const { env } = stack
  s3 = createS3Store({
    endpoint: env['S3_ENDPOINT'] ?? '',
    region: env['S3_REGION'] ?? '',
    bucket: stack.bucket,
    accessKeyId: env['S3_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: env['S3_SECRET_ACCESS_KEY'] ?? '',
  })
  ana = await stack.createAccount()
  bob = await stack.createAccount()
  await service.waitReady()
  folder = await startFolderIngest(stack.database.url, { maxImageBytes: '150000' })
}, 300_000)
afterAll(async () => {
  await folder?.close()
  await s3?.close()
  await stack?.close()
})

const sql = (statement: string) => stack.database.superuserSql(statement)
const one = async (statement: string) => (await sql(statement))[0] ?? ''
const png = (size = 1_000) => anyPng(size)
interface Attached {
  key: string
  name: string
  sha256: string
}
const attachmentsOf = async (id: string) => {
  const state = JSON.parse(await one(`select state from write.streams where aggregate_id = '${id}'`)) as {
    attachments: Attached[]
  }
  return state.attachments
}
const eventsOf = (id: string) => one(`select count(*) from write.outbox where aggregate_id = '${id}'`)
const attached = (answer: Answer) => answer.body['attachment'] as Attached

describe.each([
  ['S3', () => ({ url: service.url, store: s3 })],
  ['a folder', () => folder],
])('attachments on %s', (_, ingest) => {
  const item = async () =>
    String(
      (await call(ingest(), '/v1/entities', { body: { type: 'note', title: 'x' }, key: ana.key })).body['id'],
    )
  const attach = (
    id: string,
    { bytes, name }: { bytes: Buffer; name?: string },
    options: Partial<FormOptions> = {},
  ) =>
    sendForm(ingest(), [part('file', bytes, name), formEnd], {
      account: ana,
      path: `/v1/entities/${id}/attachments`,
      ...options,
    })
  const remove = (
    id: string,
    key: string,
    options: { key?: string; headers?: Record<string, string> } = {},
  ) => call(ingest(), `/v1/entities/${id}/attachments/${key}`, { method: 'DELETE', key: ana.key, ...options })

  it('given a file, it is attached under its name, as what its bytes are', async () => {
    const [id, bytes] = [await item(), png()]
    const answer = await attach(id, { bytes, name: '../Mein Bild.TXT' })
    const sha256 = sha256Hex(bytes)
    const key = `${id}-${sha256.slice(0, 16)}-Mein-Bild.TXT`
    const facts = {
      name: 'Mein Bild.TXT',
      sha256,
      size: bytes.length,
      fileType: 'image',
      contentType: 'image/png',
    }
    expect(answer).toMatchObject({ status: 201, body: { id, version: 2, attachment: { key, ...facts } } })
    expect(answer.headers.get('location')).toBe(`/v1/entities/${id}/attachments/${key}`)
    expect(answer.headers.get('etag')).toBe('"2"')
    const whole = `users/${ana.userId}/attachments/${key}`
    expect(await attachmentsOf(id)).toMatchObject([{ key: whole, ...facts }])
    expect((await ingest().store.read(whole, { maxBytes: 1e6 })).bytes.equals(bytes)).toBe(true)
    expect(await one(`select count(*) from write.object_leases where object_key = '${whole}'`)).toBe('0')
  })

  it('given the same file once more, nothing changes; under another name it is another attachment', async () => {
    const [id, bytes] = [await item(), png()]
    const first = await attach(id, { bytes, name: 'a.png' })
    const again = await attach(id, { bytes, name: 'a.png' })
    expect(again).toMatchObject({ status: 200, body: { version: 2, attachment: first.body['attachment'] } })
    expect((await attach(id, { bytes, name: 'b.png' })).body['version']).toBe(3)
    expect((await attachmentsOf(id)).map(({ name }) => name)).toEqual(['a.png', 'b.png'])
  })

  it('given names that would do harm, or none, harmless ones come out', async () => {
    const id = await item()
    for (const name of ['..', '/etc/passwd', 'x\u202Egpj.exe', 'CON.png', 'a b.tar.gz', undefined]) {
      const answer = await attach(id, { bytes: png(), ...(name === undefined ? {} : { name }) })
      expect([name, answer.status]).toEqual([name, 201])
      const { key } = attached(answer)
      expect(key).toMatch(/^[0-9a-f-]{36}-[0-9a-f]{16}-[A-Za-z0-9_-][A-Za-z0-9._-]*$/)
      expect(attached(answer).name).not.toMatch(/[/\\\u202E]/)
    }
    expect((await attachmentsOf(id)).at(-1)?.name).toBe('file.png')
  })

  it('given an attachment that is taken off, it is gone and stays readable; undo puts it back', async () => {
    const [id, bytes] = [await item(), png()]
    const { key } = attached(await attach(id, { bytes, name: 'a.png' }))
    const stale = await remove(id, key, { headers: { 'if-match': '"1"' } })
    expect(stale).toMatchObject({ status: 412, body: { currentVersion: 2 } })
    expect(await remove(id, key, { headers: { 'if-match': '"2"' } })).toMatchObject({
      status: 200,
      body: { version: 3 },
    })
    expect(await attachmentsOf(id)).toEqual([])
    expect((await remove(id, key)).status).toBe(404)
    const event = await one(`select event_id from write.outbox where aggregate_id = '${id}' and version = 3`)
    const undone = await call(ingest(), `/v1/entities/${id}:undo`, { body: { event }, key: ana.key })
    expect(undone.status).toBe(200)
    expect(await attachmentsOf(id)).toHaveLength(1)
    expect(await ingest().store.exists(`users/${ana.userId}/attachments/${key}`)).toBe(true)
  })

  it('given an Idempotency-Key, one effect; the same key with another file is refused', async () => {
    const [id, bytes] = [await item(), png()]
    const idempotencyKey = uuidv7()
    const first = await attach(id, { bytes, name: 'a.png' }, { idempotencyKey })
    const again = await attach(id, { bytes, name: 'a.png' }, { idempotencyKey })
    expect(again).toMatchObject({ status: 201, body: first.body })
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect((await attach(id, { bytes: png(), name: 'a.png' }, { idempotencyKey })).status).toBe(422)
    expect((await attach(id, { bytes, name: 'b.png' }, { idempotencyKey })).status).toBe(422)
    expect(await eventsOf(id)).toBe('2')
  })

  it('given If-Match on another version, 412 and no event', async () => {
    const id = await item()
    const answer = await attach(id, { bytes: png() }, { headers: { 'if-match': '"7"' } })
    expect(answer).toMatchObject({ status: 412, body: { currentVersion: 1 } })
    expect(await eventsOf(id)).toBe('1')
    expect((await attach(id, { bytes: png() }, { headers: { 'if-match': '"1"' } })).status).toBe(201)
  })

  it('given twenty files at once, each is attached once', async () => {
    const id = await item()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        attach(id, { bytes: png(), name: `${n}.png` }, { idempotencyKey: uuidv7() }),
      ),
    )
    const lost = answers.filter(({ status }) => status !== 201)
    // Who lost five times against the others is told to come again.
    for (const { status } of lost) expect(status).toBe(409)
    expect(await attachmentsOf(id)).toHaveLength(20 - lost.length)
  })

  it('given an item of somebody else, or none, or a deleted one, nothing is stored', async () => {
    const id = await item()
    const { key } = attached(await attach(id, { bytes: png(), name: 'a.png' }))
    const objects = `select count(*) from write.objects where user_id = '${bob.userId}'`
    expect((await attach(id, { bytes: png() }, { account: bob })).status).toBe(404)
    expect((await remove(id, key, { key: bob.key })).status).toBe(404)
    expect((await attach(uuidv7(), { bytes: png() })).status).toBe(404)
    expect(await one(objects)).toBe('0')
    await call(ingest(), `/v1/entities/${id}`, { method: 'DELETE', key: ana.key })
    const deleted = await attach(id, { bytes: png() })
    expect([deleted.status, deleted.body['code']]).toEqual([422, 'entity.deleted'])
    expect((await remove(id, '..%2f..%2fx')).status).toBe(400)
  })

  it('given a form that is not one file, 400 says what is wrong; a file too large is 413', async () => {
    const id = await item()
    const send = (parts: Buffer[]) =>
      sendForm(ingest(), parts, { account: ana, path: `/v1/entities/${id}/attachments` })
    const errors = async (parts: Buffer[]) => {
      const { status, body } = await send(parts)
      return [
        status,
        (body['errors'] as { path: string; message: string }[] | undefined)?.map(({ path }) => path),
      ]
    }
    expect(await errors([part('entity', note), part('file', png()), formEnd])).toEqual([400, ['body.entity']])
    expect(await errors([formEnd])).toEqual([400, ['body.file']])
    expect(await errors([part('file', ''), formEnd])).toEqual([400, ['body.file']])
    expect(await errors([part('file', png()), part('file', png()), formEnd])).toEqual([400, ['body.file']])
    expect((await attach(id, { bytes: png(200_000) })).body).toMatchObject({ status: 413, limit: 150_000 })
    const json = await call(ingest(), `/v1/entities/${id}/attachments`, { body: {}, key: ana.key })
    expect(json.status).toBe(415)
    expect(await eventsOf(id)).toBe('1')
  })
})

describe('an attachment and a crash', () => {
  it('given a kill between put and commit, the retry takes over, and there is one attachment', async () => {
    const id = String(
      (await call(service, '/v1/entities', { body: { type: 'note', title: 'x' }, key: ana.key })).body['id'],
    )
    const bytes = png()
    const send = (on: { url: string }) =>
      sendForm(on, [part('file', bytes, 'a.png'), formEnd], {
        account: ana,
        idempotencyKey: 'crash',
        path: `/v1/entities/${id}/attachments`,
      })
    const dying = await stack.start({ SYNAP_CRASHPOINT: 'ingest.after_put' })
    await dying.waitReady()
    await expect(send(dying)).rejects.toThrow('fetch failed')
    await dying.exited
    expect(await eventsOf(id)).toBe('1')
    expect((await send(service)).status).toBe(409)
    await sql(
      `update write.idempotency set lease_expires_at = clock_timestamp() where idempotency_key = 'crash'`,
    )
    expect((await send(service)).status).toBe(201)
    expect(await attachmentsOf(id)).toHaveLength(1)
    expect(await one(`select count(*) from write.objects where aggregate_id = '${id}'`)).toBe('1')
  })
})
