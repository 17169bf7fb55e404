import { randomBytes } from 'node:crypto'
import { sha256Hex, uuidv7 } from '@synap/core'
import { createS3Store, type ObjectStore } from '@synap/object-store'
import { createTcpProxy, eventually, type TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FolderIngest, startFolderIngest } from '../../test/folder-ingest.ts'
import {
  type Account,
  type Answer,
  call,
  createIngestStack,
  type IngestStack,
} from '../../test/ingest-stack.ts'
import { anyPng, peakMemory } from '../../test/upload.ts'

let stack: IngestStack
let service: TestService
let folder: FolderIngest
let s3: ObjectStore
let ana: Account
let bob: Account
const limits = { MAX_TEXT_BYTES: '200000', MAX_DIRECT_UPLOAD_BYTES: '300000000' }

beforeAll(async () => {
  stack = await createIngestStack(['ingest', 'events-writer'])
  service = await stack.start(limits)
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
  folder = await startFolderIngest(stack.database.url, {
    maxTextBytes: '200000',
    maxDirectUploadBytes: '300000000',
  })
}, 300_000)
afterAll(async () => {
  await folder?.close()
  await s3?.close()
  await stack?.close()
})

interface State {
  type: string
  title: string | null
  preview: string | null
  content: { key: string; sha256: string; fileType: string }
  attachments: object[]
}
interface Put {
  url: string
  headers: Record<string, string>
}
const one = async (sql: string) => (await stack.database.superuserSql(sql))[0] ?? ''
const stateOf = async (id: unknown) =>
  JSON.parse(await one(`select state from write.streams where aggregate_id = '${String(id)}'`)) as State
const eventsOf = (id: unknown) =>
  one(`select count(*) from write.outbox where aggregate_id = '${String(id)}'`)
const typesOf = (id: unknown) =>
  stack.database.superuserSql(
    `select event_type from write.outbox where aggregate_id = '${String(id)}' order by sequence`,
  )
const putOf = (answer: Answer) => answer.body['put'] as Put
const png = anyPng(100_000)
const describedAs = (bytes: Buffer, more: object = {}) => ({
  size: bytes.length,
  sha256: sha256Hex(bytes),
  target: { kind: 'capture', entity: { type: 'note' } },
  ...more,
})
const codeOf = ({ status, body }: Answer) => [status, body['code']]

describe.each([
  ['S3', () => ({ url: service.url, store: s3 })],
  ['a folder', () => folder],
])('uploads on %s', (_, ingest) => {
  const open = (body: object, options: { key?: string; idempotencyKey?: string } = {}) =>
    call(ingest(), '/v1/uploads', { body, key: ana.key, ...options })
  const send = ({ url, headers }: Put, bytes: Buffer) =>
    fetch(url, {
      method: 'PUT',
      headers: { ...headers, 'content-length': String(bytes.length) },
      body: bytes,
    })
  const complete = (id: unknown, options: { key?: string; headers?: Record<string, string> } = {}) =>
    call(ingest(), `/v1/uploads/${String(id)}:complete`, { method: 'POST', key: ana.key, ...options })
  const note = async () =>
    (await call(ingest(), '/v1/entities', { body: { type: 'note', content: 'first' }, key: ana.key })).body
  const keyOf = (id: unknown) => one(`select object_key from write.uploads where upload_id = '${String(id)}'`)

  it('given a file, it is announced, put, checked and captured as what its bytes are; completed once', async () => {
    const opened = await open(describedAs(png, { name: 'Ferien/Köln 1.txt', contentType: 'text/plain' }))
    expect(opened).toMatchObject({ status: 201, body: { status: 'pending', size: png.length } })
    const { id, entityId } = opened.body
    expect(opened.headers.get('location')).toBe(`/v1/uploads/${String(id)}`)
    expect(await eventsOf(entityId)).toBe('0')
    expect((await send(putOf(opened), png)).status).toBe(200)
    const done = await complete(id)
    expect(done).toMatchObject({ status: 201, body: { id: entityId, version: 3 } })
    expect(done.headers.get('location')).toBe(`/v1/entities/${String(entityId)}`)
    const state = await stateOf(entityId)
    expect(state).toMatchObject({
      type: 'note',
      title: 'Köln 1.txt',
      metadata: { fileName: 'Köln 1.txt' },
      preview: null,
      content: { sha256: sha256Hex(png), size: png.length, fileType: 'image', contentType: 'image/png' },
    })
    expect((await ingest().store.read(state.content.key, { maxBytes: 1e6 })).bytes.equals(png)).toBe(true)
    const again = await complete(id)
    expect(again).toMatchObject({ status: 201, body: done.body })
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await typesOf(entityId)).toEqual(['entity.created', 'entity.file_uploaded', 'entity.updated'])
    const view = await call(ingest(), `/v1/uploads/${String(id)}`, { key: ana.key })
    expect(view).toMatchObject({ status: 200, body: { status: 'completed', put: null } })
    expect(
      await one(`select count(*) from write.object_leases where object_key = '${state.content.key}'`),
    ).toBe('0')
  })

  it('given text, it has a preview; text that stops being text is none, however late', async () => {
    const text = Buffer.from(`# Plan\n${'Grüße, '.repeat(15_000)}`)
    const binary = Buffer.concat([text, Buffer.from([0])])
    const [asText, asBinary] = [
      await open(describedAs(text, { name: 'a.md' })),
      await open(describedAs(binary, { name: 'a.md' })),
    ]
    await send(putOf(asText), text)
    await send(putOf(asBinary), binary)
    expect((await complete(asText.body['id'])).status).toBe(201)
    expect((await complete(asBinary.body['id'])).status).toBe(201)
    const [first, second] = [await stateOf(asText.body['entityId']), await stateOf(asBinary.body['entityId'])]
    expect([first.content.fileType, first.preview?.slice(0, 6)]).toEqual(['markdown', '# Plan'])
    expect([second.content.fileType, second.preview]).toEqual(['other', null])
  })

  it('given nothing in the store, or other bytes than announced, no event; the right ones can still come', async () => {
    const bytes = randomBytes(3_000)
    const { body, ...opened } = await open(describedAs(bytes))
    expect(codeOf(await complete(body['id']))).toEqual([422, 'upload.not_arrived'])
    const key = await keyOf(body['id'])
    const type = { contentType: 'application/octet-stream' }
    await ingest().store.put(key, randomBytes(2_999), type)
    const wrongSize = await complete(body['id'])
    expect(codeOf(wrongSize)).toEqual([422, 'upload.wrong_size'])
    expect(wrongSize.body).toMatchObject({ announcedSize: 3_000, foundSize: 2_999 })
    const other = randomBytes(3_000)
    await ingest().store.put(key, other, type)
    const wrongHash = await complete(body['id'])
    expect(codeOf(wrongHash)).toEqual([422, 'upload.wrong_checksum'])
    expect(wrongHash.body['foundSha256']).toBe(sha256Hex(other))
    expect(await eventsOf(body['entityId'])).toBe('0')
    expect(await ingest().store.exists(key)).toBe(true)
    expect((await send(putOf({ body, ...opened }), bytes)).status).toBe(200)
    expect((await complete(body['id'])).status).toBe(201)
  })

  it('given a link, it takes the announced bytes and nothing else, without a credential', async () => {
    const bytes = randomBytes(2_000)
    const opened = await open(describedAs(bytes))
    const put = putOf(opened)
    expect((await send(put, randomBytes(2_000))).ok).toBe(false)
    expect((await send(put, Buffer.concat([bytes, bytes]))).ok).toBe(false)
    expect((await send({ ...put, headers: { ...put.headers, 'content-type': 'text/html' } }, bytes)).ok).toBe(
      false,
    )
    expect((await fetch(put.url)).ok).toBe(false)
    expect(await ingest().store.exists(await keyOf(opened.body['id']))).toBe(false)
    // A slow client gets another.
    const later = await call(ingest(), `/v1/uploads/${String(opened.body['id'])}`, { key: ana.key })
    expect((await send(putOf(later), bytes)).status).toBe(200)
  })

  it('given new content for an item, it replaces the old; If-Match is honoured; undo brings it back', async () => {
    const { id } = await note()
    const bytes = randomBytes(5_000)
    const opened = await open(
      describedAs(bytes, { target: { kind: 'content', entityId: id }, name: 'b.bin' }),
    )
    expect(opened.body['entityId']).toBe(id)
    await send(putOf(opened), bytes)
    const stale = await complete(opened.body['id'], { headers: { 'if-match': '"9"' } })
    expect(stale).toMatchObject({ status: 412, body: { currentVersion: 2 } })
    const done = await complete(opened.body['id'], { headers: { 'if-match': '"2"' } })
    expect(done).toMatchObject({ status: 200, body: { id, version: 3 } })
    expect((await stateOf(id)).content.sha256).toBe(sha256Hex(bytes))
    const event = await one(
      `select event_id from write.outbox where aggregate_id = '${String(id)}' and version = 3`,
    )
    const undone = await call(ingest(), `/v1/entities/${String(id)}:undo`, { body: { event }, key: ana.key })
    expect(undone.status).toBe(200)
    const { key } = (await stateOf(id)).content
    expect((await ingest().store.read(key, { maxBytes: 100 })).bytes.toString()).toBe('first')
  })

  it('given an attachment, it is one more file of the item', async () => {
    const { id } = await note()
    const opened = await open(
      describedAs(png, { target: { kind: 'attachment', entityId: id }, name: '../Mein "Bild".png' }),
    )
    await send(putOf(opened), png)
    expect((await complete(opened.body['id'])).status).toBe(200)
    expect((await stateOf(id)).attachments).toMatchObject([
      { name: 'Mein "Bild".png', sha256: sha256Hex(png), fileType: 'image', contentType: 'image/png' },
    ])
  })

  it('given the same request under a key, the same upload; another body is refused', async () => {
    const body = describedAs(randomBytes(10))
    const idempotencyKey = uuidv7()
    const first = await open(body, { idempotencyKey })
    const second = await open(body, { idempotencyKey })
    expect([second.status, second.body['id']]).toEqual([201, first.body['id']])
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect((await open({ ...body, size: 11 }, { idempotencyKey })).status).toBe(422)
    expect(await one(`select count(*) from write.uploads where sha256 = '\\x${body.sha256}'`)).toBe('1')
  })

  it('given somebody else, or an upload that is not there, 404 for every call', async () => {
    const { id } = (await open(describedAs(randomBytes(10)))).body
    const mine = (await note())['id']
    for (const [account, path] of [
      [bob, String(id)],
      [ana, uuidv7()],
    ] as const) {
      const answers = [
        await call(ingest(), `/v1/uploads/${path}`, { key: account.key }),
        await complete(path, { key: account.key }),
      ]
      for (const { status, body } of answers)
        expect([status, body['type']]).toEqual([404, 'urn:synap:problem:not-found'])
    }
    for (const kind of ['content', 'attachment']) {
      const body = describedAs(randomBytes(10), { target: { kind, entityId: mine } })
      expect((await open(body, { key: bob.key })).status).toBe(404)
    }
  })

  it('given an upload that has expired, 410 and no event; one that was completed before is answered again', async () => {
    const bytes = randomBytes(100)
    const [late, done] = [await open(describedAs(bytes)), await open(describedAs(bytes))]
    for (const opened of [late, done]) await send(putOf(opened), bytes)
    const first = await complete(done.body['id'])
    await stack.database.superuserSql(`update write.uploads set expires_at = clock_timestamp()`)
    for (const answer of [
      await complete(late.body['id']),
      await call(ingest(), `/v1/uploads/${String(late.body['id'])}`, { key: ana.key }),
    ])
      expect(codeOf(answer)).toEqual([410, 'upload.expired'])
    expect(await eventsOf(late.body['entityId'])).toBe('0')
    expect((await complete(done.body['id'])).body).toEqual(first.body)
  })

  it('given twenty completions at once, one effect, and all are told of it', async () => {
    const bytes = randomBytes(1_000)
    const { body, ...opened } = await open(describedAs(bytes))
    await send(putOf({ body, ...opened }), bytes)
    const answers = await Promise.all(Array.from({ length: 20 }, () => complete(body['id'])))
    for (const answer of answers) expect(answer.status).toBe(201)
    expect(new Set(answers.map((answer) => answer.body['sequence'])).size).toBe(1)
    expect(await eventsOf(body['entityId'])).toBe('2')
  })

  it('given what cannot be, it is refused before anything is put', async () => {
    const good = describedAs(randomBytes(10))
    for (const bad of [
      { ...good, size: 0 },
      { ...good, sha256: 'x' },
      { ...good, contentType: 'text/html\r\nx: y' },
      { ...good, target: { kind: 'capture' } },
      { ...good, target: { kind: 'capture', entity: { type: 'note', content: 'x' } } },
      { ...good, userId: ana.userId },
      { ...good, name: 'a\0b' },
    ]) {
      expect((await open(bad)).status).toBe(400)
    }
    const tooLarge = await open({ ...good, size: 300_000_001 })
    expect(tooLarge).toMatchObject({ status: 413, body: { limit: 300_000_000 } })
    expect((await open(good, { key: (await stack.createAccount('read')).key })).status).toBe(403)
  })

  it('given a text that is larger than its kind may be, 413 and no event', async () => {
    const text = Buffer.from('a'.repeat(200_001))
    const opened = await open(describedAs(text))
    await send(putOf(opened), text)
    const answer = await complete(opened.body['id'])
    expect(answer).toMatchObject({ status: 413, body: { limit: 200_000, fileType: 'text' } })
    expect(await eventsOf(opened.body['entityId'])).toBe('0')
  })

  it('given the document of the API, the calls are in it', async () => {
    const document = (await (await fetch(`${ingest().url}/openapi.json`)).json()) as {
      paths: Record<string, object>
    }
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/v1/uploads',
        '/v1/uploads/{id}',
        '/v1/uploads/{id}:complete',
        '/v1/entities/{id}/attachments',
        '/v1/entities/{id}/attachments/{key}',
      ]),
    )
    expect(Object.keys(document.paths).filter((path) => path.startsWith('/objects'))).toEqual([])
  })
})

describe('links to objects of a folder', () => {
  const key = `users/${uuidv7()}/notes/x.html`
  const link = async (store: ObjectStore) => {
    await store.put(key, Buffer.from('<script>alert(1)</script>'), { contentType: 'text/html' })
    return (await store.presignGet(key, { downloadName: 'a "b".html' })).url
  }

  it('given a link, anybody gets the object, to be saved and never to be shown', async () => {
    const answer = await fetch(await link(folder.store))
    expect([answer.status, await answer.text()]).toEqual([200, '<script>alert(1)</script>'])
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; /)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-security-policy')).toContain('sandbox')
  })

  it('given a link that was changed, or none, 403; of an object that is gone, 404', async () => {
    const url = await link(folder.store)
    const changed = [
      url.replace('x.html', 'y.html'),
      url.replace(/expires=\d+/, 'expires=9999999999'),
      url.replace(/&signature=.*/, ''),
      `${url}&type=text/html`,
      `${folder.url}/objects/${key}`,
      `${folder.url}/objects/..%2f..%2fkeys.json?expires=1&signature=x`,
    ]
    for (const each of changed) {
      const { status, headers } = await fetch(each)
      expect([each, status, headers.get('content-type')]).toEqual([each, 403, 'application/problem+json'])
    }
    for (const method of ['PUT', 'DELETE', 'POST', 'HEAD'])
      expect([403, 404, 405]).toContain(
        (await fetch(url, { method, ...(method === 'HEAD' ? {} : { body: 'x' }) })).status,
      )
    expect((await fetch(url)).status).toBe(200)
    await folder.store.delete(key)
    expect((await fetch(url)).status).toBe(404)
  })

  it('given a server that has an object store of its own, there is no such path', async () => {
    expect((await fetch(`${service.url}/objects/${key}`)).status).toBe(404)
  })
})

describe('uploads when something breaks', () => {
  const opened = (bytes: Buffer, on: { url: string }) =>
    call(on, '/v1/uploads', { body: describedAs(bytes), key: ana.key })
  const complete = (on: { url: string }, id: unknown) =>
    call(on, `/v1/uploads/${String(id)}:complete`, { method: 'POST', key: ana.key })

  it('given a kill after the commit, completing again is the stored answer', async () => {
    const bytes = randomBytes(1_000)
    const { body } = await opened(bytes, service)
    const { url, headers } = body['put'] as Put
    await fetch(url, { method: 'PUT', headers, body: bytes })
    const dying = await stack.start({ SYNAP_CRASHPOINT: 'ingest.after_commit' })
    await dying.waitReady()
    await expect(complete(dying, body['id'])).rejects.toThrow('fetch failed')
    await dying.exited
    const again = await complete(service, body['id'])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await eventsOf(body['entityId'])).toBe('2')
  })

  it('given a store that is away, 503 and no event; then it goes on', async () => {
    const s3 = new URL(stack.env['S3_ENDPOINT'] ?? '')
    await using proxy = await createTcpProxy(Number(s3.port))
    await using behind = await stack.start({ S3_ENDPOINT: `http://127.0.0.1:${proxy.port}` })
    await behind.waitReady()
    const bytes = randomBytes(1_000)
    const { body } = await opened(bytes, service)
    const { url, headers } = body['put'] as Put
    await fetch(url, { method: 'PUT', headers, body: bytes })
    proxy.setMode('cut')
    const answer = await complete(behind, body['id'])
    expect([answer.status, answer.headers.get('retry-after') === null]).toEqual([503, false])
    expect(await eventsOf(body['entityId'])).toBe('0')
    proxy.setMode('pass')
    await eventually('it is completed', async () => (await complete(behind, body['id'])).status === 201)
  })

  it('given a large file, it does not pass through the memory of ingest', { timeout: 180_000 }, async () => {
    const bytes = Buffer.alloc(200_000_000, Buffer.from([0, 1, 2, 250]))
    const { body } = await opened(bytes, service)
    const { url, headers } = body['put'] as Put
    expect((await fetch(url, { method: 'PUT', headers, body: bytes })).status).toBe(200)
    const before = peakMemory(service.pid)
    expect((await complete(service, body['id'])).status).toBe(201)
    expect(peakMemory(service.pid) - before).toBeLessThan(30_000_000)
  })
})
