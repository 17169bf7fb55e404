import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Hex } from '@synap/core'
import { createS3Store, type ObjectStore } from '@synap/object-store'
import { eventually, type TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, createIngestStack, type IngestStack } from '../../test/ingest-stack.ts'
import {
  beginUpload,
  formEnd,
  isNameless,
  note,
  openUploads,
  part,
  peakMemory,
  sendForm,
  upload,
} from '../../test/upload.ts'

let stack: IngestStack
let service: TestService
let store: ObjectStore
let folder: string
let ana: Account

const limits = { MAX_IMAGE_BYTES: '400000', MAX_TEXT_BYTES: '300000', MAX_OTHER_BYTES: '128000000' }

beforeAll(async () => {
  stack = await createIngestStack()
  folder = await mkdtemp(join(tmpdir(), 'synap-uploads-test-'))
  // What a kill between making a file and taking its name away leaves behind.
  await writeFile(join(folder, 'synap-upload-left'), '')
  service = await stack.start({ ...limits, UPLOAD_DIR: folder })
  const { env } = stack
  store = createS3Store({
    endpoint: env['S3_ENDPOINT'] ?? '',
    region: env['S3_REGION'] ?? '',
    bucket: stack.bucket,
    accessKeyId: env['S3_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: env['S3_SECRET_ACCESS_KEY'] ?? '',
  })
  ana = await stack.createAccount()
  await service.waitReady()
}, 300_000)

afterAll(async () => {
  await store?.close()
  await stack?.close()
  await rm(folder, { recursive: true, force: true })
})

const png = Buffer.concat([
  Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex'),
  Buffer.alloc(2_000),
])
const binary = (size: number) => Buffer.alloc(size, Buffer.from([0, 1, 2, 3, 250]))

/** Rows of the user: events, objects, requests under a key, leases of puts. */
const storedOf = async (account: Account) => {
  const tables = ['outbox', 'objects', 'idempotency']
  const rows = tables.map(
    (table) => `(select count(*) from write.${table} where user_id = '${account.userId}')`,
  )
  rows.push(`(select count(*) from write.object_leases where object_key like 'users/${account.userId}/%')`)
  const [line = ''] = await stack.database.superuserSql(`select ${rows.join(', ')}`)
  return line
}
const nothing = '0|0|0|0'
const stateOf = async (id: unknown) => {
  const [text = '{}'] = await stack.database.superuserSql(
    `select state from write.streams where aggregate_id = '${String(id)}'`,
  )
  return JSON.parse(text) as {
    title: string | null
    preview: string | null
    metadata: Record<string, unknown>
    content: { key: string; sha256: string; size: number; contentType: string; fileType: string }
  }
}

describe('the capture of a file', () => {
  it('given files of each kind, they are stored as what their bytes are, under their name', async () => {
    const files = [
      {
        name: 'Ferien 2026 Köln.JPG',
        bytes: png,
        fileType: 'image',
        contentType: 'image/png',
        extension: 'png',
      },
      {
        name: 'paper.txt',
        bytes: Buffer.from('%PDF-1.7\n%x'),
        fileType: 'pdf',
        contentType: 'application/pdf',
        extension: 'pdf',
      },
      {
        name: 'a.bin',
        bytes: Buffer.from('<!doctype html><p>x'),
        fileType: 'html',
        contentType: 'text/html; charset=utf-8',
        extension: 'html',
      },
      {
        name: 'big.dat',
        bytes: binary(1_000_000),
        fileType: 'other',
        contentType: 'application/octet-stream',
        extension: 'bin',
      },
    ]
    for (const { name, bytes, fileType, contentType, extension } of files) {
      const answer = await upload(service, { bytes, name }, { account: ana })
      expect(answer.status).toBe(201)
      const id = String(answer.body['id'])
      const state = await stateOf(id)
      expect(state).toMatchObject({ title: name, preview: null, metadata: { fileName: name } })
      const sha256 = sha256Hex(bytes)
      const key = `users/${ana.userId}/notes/${id}.${sha256.slice(0, 16)}.${extension}`
      expect(state.content).toMatchObject({ key, sha256, size: bytes.length, fileType, contentType })
      expect((await store.head(key)).contentType).toBe(contentType)
      expect((await store.read(key, { maxBytes: 2_000_000 })).bytes.equals(bytes)).toBe(true)
    }
  })

  it('given text, it has a preview; given a title and metadata, they stay', async () => {
    const entity = {
      type: 'task',
      title: 'Read this',
      tags: ['x'],
      task: { priority: 2 },
      metadata: { a: 1 },
    }
    const bytes = Buffer.from('# Plan\n\nBuy milk.')
    const answer = await upload(service, { bytes, name: 'dir/Plan.md' }, { account: ana, entity })
    expect(answer).toMatchObject({ status: 201 })
    expect(await stateOf(answer.body['id'])).toMatchObject({
      title: 'Read this',
      preview: '# Plan Buy milk.',
      metadata: { a: 1, fileName: 'Plan.md' },
      content: { fileType: 'markdown' },
    })
    const nameless = await upload(service, { bytes }, { account: ana, entity: { metadata: { fileName: 7 } } })
    expect(await stateOf(nameless.body['id'])).toMatchObject({ title: null, metadata: { fileName: 7 } })
  })

  it('given the forms that clients send by themselves, they are understood', async () => {
    const form = new FormData()
    form.append('entity', new Blob([note], { type: 'application/json' }))
    form.append('file', new Blob([png], { type: 'text/plain' }), 'x\u202Egnp.exe')
    const headers = { authorization: `Bearer ${ana.key}` }
    const response = await fetch(`${service.url}/v1/entities`, { method: 'POST', headers, body: form })
    expect(response.status).toBe(201)
    const { id } = (await response.json()) as { id: string }
    expect(await stateOf(id)).toMatchObject({ title: 'xgnp.exe', content: { fileType: 'image' } })
  })

  it('given the same key again, the first effect; another file or name is refused', async () => {
    const eve = await stack.createAccount()
    const options = { account: eve, idempotencyKey: 'file-1' }
    const first = await upload(service, { bytes: png, name: 'a.png' }, options)
    const stored = await storedOf(eve)
    const again = await upload(service, { bytes: png, name: 'a.png' }, options)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect((await upload(service, { bytes: png, name: 'b.png' }, options)).status).toBe(422)
    expect((await upload(service, { bytes: binary(10), name: 'a.png' }, options)).status).toBe(422)
    expect(await storedOf(eve)).toBe(stored)
  })
})

describe('a form that is not as it must be', () => {
  const entity = part('entity', note)
  const file = part('file', 'bytes', 'a.txt')
  const cases: [what: string, parts: Buffer[], errors: string[]][] = [
    ['nothing', [], ['body.entity is needed', 'body.file is needed']],
    ['no file', [entity], ['body.file is needed']],
    ['no entity', [file], ['body.file must come after the part entity', 'body.entity is needed']],
    [
      'the wrong order',
      [file, entity],
      ['body.file must come after the part entity', 'body.entity must come before the part file'],
    ],
    ['two files', [entity, file, file], ['body.file must come once']],
    ['an empty file', [entity, part('file', '', 'a.txt')], ['body.file must not be empty']],
    [
      'unknown parts',
      [part('x', '1'), entity, file, part('y', '2', 'y')],
      ['body.x is not known', 'body.y is not known'],
    ],
    ['no JSON', [part('entity', '{'), file], ['body.entity The body is not JSON.']],
    [
      'no UTF-8',
      [part('entity', Buffer.from([0x22, 0xff, 0x22])), file],
      ['body.entity The body is not UTF-8.'],
    ],
    [
      'an endless entity',
      [part('entity', ' '.repeat(70_000)), file],
      ['body.entity must not be longer than 65536 bytes'],
    ],
    [
      'several mistakes at once',
      [
        part('entity', JSON.stringify({ type: 'thing', content: 'x', tags: [''] })),
        part('z', '1'),
        file,
        file,
      ],
      [
        'body.entity.type',
        'body.entity.tags.0',
        'body.entity.content is not known',
        'body.z is not known',
        'body.file must come once',
      ],
    ],
  ]
  it('given it, 400 names everything that is wrong, and nothing is stored', async () => {
    const bob = await stack.createAccount()
    for (const [what, parts, expected] of cases) {
      const answer = await sendForm(service, [...parts, formEnd], { account: bob })
      expect([what, answer.status]).toEqual([what, 400])
      const errors = (answer.body['errors'] ?? []) as { path: string; message: string }[]
      const said = errors.map(({ path, message }) => `${path} ${message}`)
      for (const error of expected)
        expect([what, said]).toEqual([what, expect.arrayContaining([expect.stringContaining(error)])])
    }
    expect(await storedOf(bob)).toBe(nothing)
    expect(openUploads(service.pid)).toEqual([])
  })

  it('given a form that breaks off or is none, 400, and nothing is stored', async () => {
    const bob = await stack.createAccount()
    const body = [entity, part('file', binary(700_000), 'a.bin')]
    for (const broken of [
      body,
      [...body, Buffer.from('--synap')],
      [Buffer.from('hello')],
      [Buffer.alloc(0)],
    ]) {
      expect((await sendForm(service, broken, { account: bob })).status).toBe(400)
    }
    const headers = { 'content-type': 'multipart/form-data' }
    expect((await sendForm(service, [...body, formEnd], { account: bob, headers })).status).toBe(400)
    expect(await storedOf(bob)).toBe(nothing)
    expect(openUploads(service.pid)).toEqual([])
  })

  it('given more than a file of its kind may have, 413 with the number, and nothing is stored', async () => {
    const bob = await stack.createAccount()
    const large = Buffer.concat([png, Buffer.alloc(5_000_000)])
    const image = await upload(service, { bytes: large, name: 'a.png' }, { account: bob })
    expect(image).toMatchObject({ status: 413, body: { limit: 400_000, fileType: 'image' } })
    expect(image.body['detail']).toContain('400,000 bytes')
    const text = await upload(service, { bytes: Buffer.alloc(300_001, 'a') }, { account: bob })
    expect(text).toMatchObject({ status: 413, body: { limit: 300_000, fileType: 'text' } })
    expect(await storedOf(bob)).toBe(nothing)
    const just = await upload(service, { bytes: Buffer.alloc(300_000, 'a') }, { account: bob })
    expect(just.status).toBe(201)
  })
})

describe('uploads that do not end well', () => {
  const body = [part('entity', note), part('file', binary(600_000), 'a.bin').subarray(0, 500_000)]

  it('given what a kill left in the folder, the next start removes it', async () => {
    expect(await readdir(folder)).toEqual([])
  })

  it('given a client that leaves in the middle, the bytes are gone and nothing is stored', async () => {
    const bob = await stack.createAccount()
    const { request, answered } = beginUpload(service, { account: bob, idempotencyKey: 'left' })
    for (const chunk of body) request.write(chunk)
    await eventually('the bytes lie in a file without a name', () =>
      openUploads(service.pid).some(isNameless),
    )
    expect(await readdir(folder)).toEqual([])
    request.destroy()
    await expect(answered).rejects.toThrow('socket hang up')
    await eventually('the bytes are gone', () => openUploads(service.pid).length === 0)
    expect(await storedOf(bob)).toBe(nothing)
    const retry = await upload(
      service,
      { bytes: binary(600_000), name: 'a.bin' },
      { account: bob, idempotencyKey: 'left' },
    )
    expect(retry.status).toBe(201)
  })

  it('given a body that never ends, 408, and the bytes are gone', async () => {
    const bob = await stack.createAccount()
    await using quick = await stack.start({ UPLOAD_DIR: folder, UPLOAD_TIMEOUT_MS: '1500' })
    await quick.waitReady()
    const { request, answered } = beginUpload(quick, { account: bob })
    for (const chunk of body) request.write(chunk)
    expect(await answered).toBe(408)
    await eventually('the bytes are gone', () => openUploads(quick.pid).length === 0)
    expect(await storedOf(bob)).toBe(nothing)
    request.destroy()
  })

  it('given a credential that is none, 401 before any of the body', async () => {
    const nobody = { ...ana, key: `syn_${'x'.repeat(43)}` }
    const { request, answered } = beginUpload(service, { account: nobody })
    request.flushHeaders()
    expect(await answered).toBe(401)
    request.destroy()
  })

  it('given no more room for uploads, 503 before any effect; small ones still go', async () => {
    const bob = await stack.createAccount()
    await using narrow = await stack.start({ UPLOAD_DIR: folder, UPLOAD_SPOOL_BYTES: '1000000' })
    await narrow.waitReady()
    for (let turn = 0; turn < 3; turn += 1) {
      const answer = await upload(narrow, { bytes: binary(1_200_000) }, { account: bob })
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10'])
    }
    expect(await storedOf(bob)).toBe(nothing)
    expect((await upload(narrow, { bytes: binary(900_000) }, { account: bob })).status).toBe(201)
  })
})

describe('memory', () => {
  it('given files of 100 MB, one after the other, ingest grows by far less than one of them (ADR 0011)', async () => {
    await upload(service, { bytes: binary(600_000) }, { account: ana })
    const before = peakMemory(service.pid)
    for (const last of [1, 2]) {
      const bytes = Buffer.concat([binary(100_000_000), Buffer.from([last])])
      const answer = await upload(service, { bytes, name: 'large.bin' }, { account: ana })
      expect(answer.status).toBe(201)
      const { content } = await stateOf(answer.body['id'])
      expect((await store.head(content.key)).size).toBe(bytes.length)
    }
    expect(peakMemory(service.pid) - before).toBeLessThan(85_000_000)
    expect(peakMemory(service.pid)).toBeLessThan(220_000_000)
  }, 180_000)
})
