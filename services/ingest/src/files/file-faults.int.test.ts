import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTcpProxy, eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, createIngestStack, type IngestStack } from '../../test/ingest-stack.ts'
import { beginUpload, isNameless, note, openUploads, part, upload } from '../../test/upload.ts'

const run = promisify(execFile)
let stack: IngestStack
let ana: Account
let folder: string
/** A folder of 1 MiB; undefined where this machine does not let us make one. */
let smallDisk: string | undefined

beforeAll(async () => {
  stack = await createIngestStack()
  ana = await stack.createAccount()
  folder = await mkdtemp(join(tmpdir(), 'synap-uploads-test-'))
  const disk = await mkdtemp(join(tmpdir(), 'synap-disk-test-'))
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'synap-test', disk]).then(
    () => true,
    () => false,
  )
  if (mounted) smallDisk = disk
  else await rm(disk, { recursive: true })
}, 300_000)

afterAll(async () => {
  await stack?.close()
  await rm(folder, { recursive: true, force: true })
  if (smallDisk !== undefined) {
    await run('umount', [smallDisk])
    await rm(smallDisk, { recursive: true })
  }
})

const bytes = Buffer.alloc(700_000, Buffer.from([0, 1, 2, 250]))
const send = (service: { url: string }, idempotencyKey: string) =>
  upload(service, { bytes, name: 'a.bin' }, { account: ana, idempotencyKey })
const started = async (more: Record<string, string> = {}) => {
  const service = await stack.start({ UPLOAD_DIR: folder, ...more })
  await service.waitReady()
  return service
}
const one = async (sql: string) => (await stack.database.superuserSql(sql))[0] ?? ''
const eventsOf = (id: unknown) =>
  one(`select count(*) from write.outbox where aggregate_id = '${String(id)}'`)
const mintedFor = (key: string) =>
  one(`select ids ->> 'entityId' from write.idempotency where idempotency_key = '${key}'`)

describe('ingest killed during the capture of a file', () => {
  it('given a kill while the bytes come in, nothing is left of them, and the retry is as the first', async () => {
    const dying = await started()
    const { request, answered } = beginUpload(dying, { account: ana, idempotencyKey: 'during' })
    request.write(part('entity', note))
    request.write(part('file', bytes, 'a.bin').subarray(0, 600_000))
    await eventually('some of it is on the disk', () => openUploads(dying.pid).some(isNameless))
    dying.kill('SIGKILL')
    await expect(answered).rejects.toThrow(/socket hang up|ECONNRESET/)
    await dying.exited
    expect(await readdir(folder)).toEqual([])
    expect(await mintedFor('during')).toBe('')
    await using service = await started()
    expect((await send(service, 'during')).status).toBe(201)
  })

  it('given a kill between put and commit, the retry takes over with the same id, and there is one effect', async () => {
    const dying = await started({ SYNAP_CRASHPOINT: 'ingest.after_put' })
    await expect(send(dying, 'put')).rejects.toThrow('fetch failed')
    expect(await dying.exited).toMatchObject({ signal: 'SIGKILL' })
    const minted = await mintedFor('put')
    expect(await eventsOf(minted)).toBe('0')
    await using service = await started()
    expect((await send(service, 'put')).status).toBe(409)
    await stack.database.superuserSql(
      `update write.idempotency set lease_expires_at = clock_timestamp() where idempotency_key = 'put';`,
    )
    const retry = await send(service, 'put')
    expect(retry).toMatchObject({ status: 201, body: { id: minted } })
    expect((await send(service, 'put')).body).toEqual(retry.body)
    expect(await eventsOf(minted)).toBe('3')
    expect(await one(`select count(*) from write.objects where aggregate_id = '${minted}'`)).toBe('1')
  })

  it('given a kill after the commit, the retry is the stored answer', async () => {
    const dying = await started({ SYNAP_CRASHPOINT: 'ingest.after_commit' })
    await expect(send(dying, 'commit')).rejects.toThrow('fetch failed')
    await dying.exited
    const minted = await mintedFor('commit')
    await using service = await started()
    const retry = await send(service, 'commit')
    expect(retry).toMatchObject({ status: 201, body: { id: minted } })
    expect(retry.headers.get('idempotency-replayed')).toBe('true')
    expect(await eventsOf(minted)).toBe('3')
  })
})

describe('what an upload needs is away', () => {
  it('given a full disk, 503 with Retry-After before any effect; what needs no disk still goes', async (test) => {
    test.skip(smallDisk === undefined, 'no file system of 1 MiB can be mounted here')
    await using service = await started({ UPLOAD_DIR: smallDisk ?? '' })
    const large = Buffer.concat([bytes, bytes])
    const answer = await upload(service, { bytes: large }, { account: ana, idempotencyKey: 'full' })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10'])
    expect(await mintedFor('full')).toBe('')
    expect(openUploads(service.pid)).toEqual([])
    // The room is free again at once.
    expect((await send(service, 'fits')).status).toBe(201)
  })

  it('given a store that breaks off in the middle, 503 and no event; the retry goes on with the same id', async () => {
    const s3 = new URL(stack.env['S3_ENDPOINT'] ?? '')
    await using proxy = await createTcpProxy(Number(s3.port))
    await using service = await started({ S3_ENDPOINT: `http://127.0.0.1:${proxy.port}` })
    proxy.setMode('cut')
    const answer = await send(service, 'store')
    expect(answer.status).toBe(503)
    const minted = await mintedFor('store')
    expect(await eventsOf(minted)).toBe('0')
    expect(openUploads(service.pid)).toEqual([])
    proxy.setMode('pass')
    expect(await send(service, 'store')).toMatchObject({ status: 201, body: { id: minted } })
  })

  it('given a folder for uploads that cannot be used, it does not start and says so', async () => {
    const service = await stack.start({ UPLOAD_DIR: '/dev/null/uploads' })
    expect((await service.exited).code).toBe(78)
    expect(service.logs()).toContain('the folder for uploads cannot be used')
  })
})
