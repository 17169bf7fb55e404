import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Hex } from '@synap/core'
import { createFolderStore, type ObjectStore } from '@synap/object-store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FileLimits } from '../files/upload-config.ts'
import { inspectUpload } from './inspect-upload.ts'

let folder: string
let store: ObjectStore
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'synap-inspect-test-'))
  store = createFolderStore(folder)
})
afterAll(() => rm(folder, { recursive: true }))

const kinds = ['markdown', 'text', 'html', 'pdf', 'image', 'audio', 'video', 'other']
const limits = Object.fromEntries(kinds.map((kind) => [kind, 500_000])) as FileLimits
const key = 'users/u/notes/x'
/** A store that keeps what it is told and computes nothing, as some do. */
const trusting = (said: string | null): ObjectStore => ({
  ...store,
  head: async (...call) => ({ ...(await store.head(...call)), sha256: said, sha256Verified: false }),
})
const announced = (bytes: Buffer, name: string | null = null) => ({
  object_key: key,
  size_bytes: bytes.length,
  sha256: sha256Hex(bytes),
  file_name: name,
})
const inspect = (from: ObjectStore, upload: ReturnType<typeof announced>, most = limits) =>
  inspectUpload(from, upload, most, AbortSignal.timeout(20_000))
const put = (bytes: Buffer) => store.put(key, bytes, { contentType: 'text/plain' })
const counting = (from: ObjectStore) => {
  const read: string[] = []
  const counted: ObjectStore = {
    ...from,
    get: (each, options) => {
      read.push(options?.range === undefined ? 'all' : 'beginning')
      return from.get(each, options)
    },
  }
  return { counted, read }
}

describe('looking at an upload', () => {
  it('given a store that hashed the bytes itself, only the beginning is read, unless it is text', async () => {
    const binary = Buffer.concat([Buffer.from([0, 255, 1]), randomBytes(100_000)])
    await put(binary)
    const first = counting(store)
    expect((await inspect(first.counted, announced(binary))).kind.fileType).toBe('other')
    expect(first.read).toEqual(['beginning'])
    const text = Buffer.from('a'.repeat(100_000))
    await put(text)
    const second = counting(store)
    expect(await inspect(second.counted, announced(text, 'a.md'))).toMatchObject({
      kind: { fileType: 'markdown' },
    })
    expect(second.read).toEqual(['beginning', 'all'])
  })

  it('given a store that cannot tell, the bytes are read once, whatever anybody says of them', async () => {
    for (const size of [10, 100_000]) {
      const [bytes, others] = [randomBytes(size), randomBytes(size)]
      await put(bytes)
      const { counted, read } = counting(trusting(null))
      expect((await inspect(counted, announced(bytes))).kind.fileType).toBe('other')
      expect(read).toEqual(['beginning', 'all'])
      const said = announced(others)
      await expect(inspect(trusting(said.sha256), said)).rejects.toMatchObject({
        kind: 'refused',
        options: { extensions: { code: 'upload.wrong_checksum', foundSha256: sha256Hex(bytes) } },
      })
    }
  })

  it('given text beyond its limit, it is refused before it is read', async () => {
    const text = Buffer.from('a'.repeat(100_000))
    await put(text)
    const { counted, read } = counting(store)
    const refused = inspect(counted, announced(text), { ...limits, text: 99_999 })
    await expect(refused).rejects.toMatchObject({ kind: 'tooLarge' })
    expect(read).toEqual(['beginning'])
  })

  it('given anything beyond the limit of what it turns out to be, it is refused', async () => {
    const binary = Buffer.concat([Buffer.from([0, 255, 1]), randomBytes(1_000)])
    // Text for its first 64 KiB and more, and then not.
    const pretending = Buffer.concat([Buffer.from('a'.repeat(100_000)), Buffer.from([0])])
    for (const bytes of [binary, pretending]) {
      await put(bytes)
      const refused = inspect(store, announced(bytes), { ...limits, other: bytes.length - 1 })
      await expect(refused).rejects.toMatchObject({
        kind: 'tooLarge',
        options: { extensions: { limit: bytes.length - 1, fileType: 'other' } },
      })
      expect((await inspect(store, announced(bytes), { ...limits, other: bytes.length })).kind.fileType).toBe(
        'other',
      )
    }
  })

  it('given a store that is silent in the middle, it ends with the time of the request', async () => {
    await put(randomBytes(100))
    const silent: ObjectStore = { ...store, get: () => new Promise(() => undefined) }
    const upload = { ...announced(randomBytes(100)), sha256: (await store.head(key)).sha256 ?? '' }
    const signal = AbortSignal.timeout(50)
    await expect(inspectUpload(silent, upload, limits, signal)).rejects.toBeDefined()
  })
})
