import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { sha256Hex } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../src/index.ts'

/** What a driver brings along to be tested. */
export interface StoreUnderTest {
  store: ObjectStore
  /** Changes the stored bytes behind the store's back, leaving length and metadata as they are. */
  damage(key: string): Promise<void>
}

const chunked = (bytes: Buffer, size = 1_000) =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    })(),
  )

/** The promises of the port, which every driver keeps. */
export function objectStoreContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of an object store`, () => {
    let under: StoreUnderTest
    let store: ObjectStore
    beforeAll(async () => {
      under = await make()
      store = under.store
    })
    afterAll(async () => {
      await under?.store.close()
    })

    const text = { contentType: 'text/markdown; charset=utf-8' }
    const newKey = () => `users/u1/notes/${randomBytes(6).toString('hex')}.md`
    const bytesAt = async (key: string) => buffer((await store.get(key)).stream)

    it('given bytes, what was put is read again, with its type, hash and metadata', async () => {
      const key = newKey()
      const bytes = Buffer.from('# Grüße\n\u{1f95b}')
      await store.put(key, bytes, { ...text, metadata: { origin: 'test' } })
      const { info, stream, length } = await store.get(key)
      expect(await buffer(stream)).toEqual(bytes)
      expect(length).toBe(bytes.length)
      const known = {
        key,
        size: bytes.length,
        sha256: sha256Hex(bytes),
        ...text,
        metadata: { origin: 'test' },
      }
      expect(info).toMatchObject(known)
      expect(await store.head(key)).toMatchObject(known)
      expect(Math.abs(info.modifiedAt - Date.now())).toBeLessThan(60_000)
    })

    it('given an empty object, it is there and empty', async () => {
      const key = newKey()
      await store.put(key, Buffer.alloc(0), text)
      expect(await bytesAt(key)).toHaveLength(0)
      expect((await store.read(key, { maxBytes: 0 })).info.size).toBe(0)
    })

    it('given a stream, small or of many parts, all of it arrives', async () => {
      for (const size of [10_000, 20 * 1024 * 1024]) {
        const key = newKey()
        const bytes = randomBytes(size)
        const sha256 = sha256Hex(bytes)
        await store.put(key, { stream: chunked(bytes, 100_000), size, sha256 }, text)
        expect(sha256Hex(await bytesAt(key))).toBe(sha256)
        expect((await store.head(key)).sha256).toBe(sha256)
      }
    })

    it('given bytes or a stream of another hash or length than announced, they are refused and nothing is stored', async () => {
      const key = newKey()
      const bytes = randomBytes(5_000)
      const sha256 = sha256Hex('something else')
      const mismatch = { code: 'object.checksum_mismatch', class: 'data' }
      await expect(store.put(key, bytes, { ...text, sha256 })).rejects.toMatchObject(mismatch)
      const stream = (size: number, sha: string) =>
        store.put(key, { stream: chunked(bytes), size, sha256: sha }, text)
      await expect(stream(5_000, sha256)).rejects.toMatchObject(mismatch)
      await expect(stream(6_000, sha256Hex(bytes))).rejects.toMatchObject(mismatch)
      await expect(stream(4_000, sha256Hex(bytes))).rejects.toMatchObject(mismatch)
      expect(await store.exists(key)).toBe(false)
    })

    it('given a large stream of another hash, it is refused before the parts become an object', async () => {
      const key = newKey()
      const bytes = randomBytes(9 * 1024 * 1024)
      const wrong = { stream: chunked(bytes, 100_000), size: bytes.length, sha256: sha256Hex('other') }
      await expect(store.put(key, wrong, text)).rejects.toMatchObject({ code: 'object.checksum_mismatch' })
      expect(await store.exists(key)).toBe(false)
    })

    it('given a source that breaks, the put rejects and nothing is stored', async () => {
      const key = newKey()
      const broken = new Readable({
        read() {
          this.destroy(new Error('the client went away'))
        },
      })
      await expect(
        store.put(key, { stream: broken, size: 10, sha256: sha256Hex('x') }, text),
      ).rejects.toThrow('the client went away')
      expect(await store.exists(key)).toBe(false)
    })

    it('given content damaged behind our back, a reader never gets all of it', async () => {
      const key = newKey()
      await store.put(key, randomBytes(300_000), text)
      await under.damage(key)
      const { stream } = await store.get(key)
      let received = 0
      stream.on('data', (chunk: Buffer) => (received += chunk.length))
      const failure = await new Promise((resolve) => {
        stream.on('error', resolve)
        stream.on('end', () => resolve('read to the end'))
      })
      expect(failure).toMatchObject({ code: 'object.checksum_mismatch', class: 'data' })
      expect(received).toBeLessThan(300_000)
      await expect(store.read(key, { maxBytes: 1e6 })).rejects.toMatchObject({
        code: 'object.checksum_mismatch',
      })
    })

    it('given ranges, exactly those bytes; one beyond the end is refused', async () => {
      const key = newKey()
      await store.put(key, Buffer.from('0123456789'), text)
      const range = async (start: number, end?: number) => {
        const { stream, length, info } = await store.get(key, {
          range: { start, ...(end === undefined ? {} : { end }) },
        })
        const got = (await buffer(stream)).toString()
        expect([length, info.size]).toEqual([got.length, 10])
        return got
      }
      expect(await range(2, 4)).toBe('234')
      expect(await range(7)).toBe('789')
      expect(await range(8, 99)).toBe('89')
      await expect(store.get(key, { range: { start: 10 } })).rejects.toMatchObject({
        code: 'object.bad_range',
      })
    })

    it('given no such object, not_found; deleting it is no error; deleted is gone', async () => {
      const key = newKey()
      const missing = { code: 'object.not_found', class: 'data' }
      await expect(store.get(key)).rejects.toMatchObject(missing)
      await expect(store.head(key)).rejects.toMatchObject(missing)
      await expect(store.read(key, { maxBytes: 1 })).rejects.toMatchObject(missing)
      await store.delete(key)
      await store.put(key, Buffer.from('x'), text)
      await store.delete(key)
      expect(await store.exists(key)).toBe(false)
    })

    it('given a second put, the new content replaces the old', async () => {
      const key = newKey()
      await store.put(key, Buffer.from('old'), text)
      await store.put(key, Buffer.from('new!'), { contentType: 'text/plain' })
      expect((await bytesAt(key)).toString()).toBe('new!')
      expect((await store.head(key)).contentType).toBe('text/plain')
    })

    it('given a copy, both are there with the same hash and type', async () => {
      const [from, to] = [newKey(), newKey()]
      await store.put(from, Buffer.from('same'), { ...text, metadata: { a: 'b' } })
      await store.copy(from, to)
      expect(await store.head(to)).toMatchObject({
        size: 4,
        sha256: sha256Hex('same'),
        ...text,
        metadata: { a: 'b' },
      })
      await expect(store.copy(newKey(), newKey())).rejects.toMatchObject({ code: 'object.not_found' })
    })

    it('given a prefix, its keys come in order, also after a key and over pages', async () => {
      const prefix = `users/${randomBytes(4).toString('hex')}/`
      const keys = Array.from({ length: 12 }, (_, i) => `${prefix}notes/n${String(i).padStart(2, '0')}.md`)
      for (const key of [...keys].reverse()) await store.put(key, Buffer.from(key), text)
      await store.put(`${prefix.slice(0, -1)}x/other.md`, Buffer.from('x'), text)
      const listed = async (after?: string) => {
        const found: string[] = []
        for await (const item of store.list(prefix, after === undefined ? {} : { after }))
          found.push(item.key)
        return found
      }
      expect(await listed()).toEqual(keys)
      expect(await listed(keys[9])).toEqual(keys.slice(10))
    })

    it('given keys that no builder makes, they are refused before anything is touched', async () => {
      for (const key of [
        '../x',
        'a/../b',
        'a//b',
        '/a',
        'a/',
        '',
        'a b',
        'a\0b',
        'ä',
        '.',
        'a/./b',
        'x'.repeat(1_025),
      ]) {
        await expect(store.put(key, Buffer.from('x'), text)).rejects.toMatchObject({ code: 'object.bad_key' })
        await expect(store.get(key)).rejects.toMatchObject({ code: 'object.bad_key' })
        await expect(store.delete(key)).rejects.toMatchObject({ code: 'object.bad_key' })
      }
    })

    it('given an object larger than the reader takes, too_large', async () => {
      const key = newKey()
      await store.put(key, randomBytes(1_001), text)
      await expect(store.read(key, { maxBytes: 1_000 })).rejects.toMatchObject({ code: 'object.too_large' })
    })

    it('given a signal that aborted, calls reject with its reason and nothing is stored', async () => {
      const key = newKey()
      const signal = AbortSignal.abort(new Error('the client left'))
      await expect(store.put(key, Buffer.from('x'), { ...text, signal })).rejects.toThrow('the client left')
      expect(await store.exists(key)).toBe(false)
    })

    it('given a working store, the check passes', async () => {
      await expect(store.check(AbortSignal.timeout(5_000))).resolves.toBeUndefined()
    })
  })
}
