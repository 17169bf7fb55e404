import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Hex } from '@synap/core'
import { createFolderStore } from '@synap/object-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSpool, type Spool } from './spool.ts'

const limits = {
  markdown: 2_000_000,
  text: 2_000_000,
  html: 2_000_000,
  pdf: 2_000_000,
  image: 1_000,
  audio: 2_000_000,
  video: 2_000_000,
  other: 2_000_000,
}

let folder: string
let spool: Spool
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'synap-spool-test-'))
  spool = await createSpool({ folder: join(folder, 'uploads'), maxBytes: 3_000_000, limits })
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function* chunked(bytes: Buffer, size = 60_000, breaks = false): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  if (breaks) throw new Error('the client went away')
}
const bytesOf = (size: number) => Buffer.alloc(size, Buffer.from([0, 1, 2, 250]))

describe('the spool', () => {
  it('given a body, small or large, it reads the same as often as asked, into a folder store too', async () => {
    await using store = {
      ...createFolderStore(join(folder, 'store')),
      [Symbol.asyncDispose]: async () => undefined,
    }
    for (const size of [1, 200_000, 262_144, 262_145, 1_500_000]) {
      const bytes = bytesOf(size)
      const file = await spool.receive(chunked(bytes), 'a.bin')
      expect(file).toMatchObject({
        size,
        sha256: sha256Hex(bytes),
        kind: { fileType: 'other' },
        beginning: '',
      })
      for (const key of ['users/u/a.bin', 'users/u/b.bin']) {
        await store.put(key, file.body(), { contentType: 'application/octet-stream', sha256: file.sha256 })
        expect((await store.read(key, { maxBytes: size })).bytes.equals(bytes)).toBe(true)
      }
      expect(await readdir(join(folder, 'uploads'))).toEqual([])
      await file.close()
      await file.close()
    }
  })

  it('given files that are still there, no more come in than may lie there; closing makes room', async () => {
    const first = await spool.receive(chunked(bytesOf(1_900_000)), null)
    const noRoom = { code: 'upload.no_room', class: 'dependency' }
    await expect(spool.receive(chunked(bytesOf(1_200_000)), null)).rejects.toMatchObject(noRoom)
    await first.close()
    for (let turn = 0; turn < 5; turn += 1) {
      await expect(spool.receive(chunked(bytesOf(1_200_000), 60_000, true), null)).rejects.toThrow(
        'went away',
      )
      await (await spool.receive(chunked(bytesOf(1_200_000)), null)).close()
    }
  })

  it('given more than its kind may have, it stops there and does not take in the rest', async () => {
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
    let given = 0
    async function* endless(): AsyncGenerator<Buffer> {
      yield png
      for (given = 1; given < 1_000; given += 1) yield Buffer.alloc(60_000)
    }
    await expect(spool.receive(endless(), 'a.png')).rejects.toMatchObject({
      kind: 'tooLarge',
      options: { extensions: { limit: 1_000, fileType: 'image' } },
    })
    expect(given).toBeLessThan(5)
  })

  it('given a small file of a kind with a smaller limit, it is held to that', async () => {
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
    const image = (size: number) => chunked(Buffer.concat([png, Buffer.alloc(size - png.length)]))
    expect((await spool.receive(image(1_000), null)).kind.fileType).toBe('image')
    await expect(spool.receive(image(1_001), null)).rejects.toMatchObject({ kind: 'tooLarge' })
  })

  it('given a text that is none from its last byte on, it is held to the limit of what it is then', async () => {
    const tight = await createSpool({ folder, maxBytes: 9e6, limits: { ...limits, other: 500_000 } })
    const text = Buffer.alloc(600_000, 'a')
    expect((await tight.receive(chunked(text), null)).kind.fileType).toBe('text')
    await expect(tight.receive(chunked(Buffer.concat([text, Buffer.from([0])])), null)).rejects.toMatchObject(
      {
        options: { extensions: { limit: 500_000, fileType: 'other' } },
      },
    )
  })
})
