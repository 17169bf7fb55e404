import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { sha256Hex } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeFile, type ObjectStore, type PresignedRequest } from '../src/index.ts'

/** What a driver brings along to be tested. */
export interface StoreUnderTest {
  store: ObjectStore
  /** Changes the stored bytes behind the store's back, leaving length and metadata as they are. */
  damage(key: string): Promise<void>
  /** Begins a put that never ends, as a killed process does. */
  leaveUnfinished(key: string): Promise<void>
  /** Seconds that a presigned URL lives, as it says itself. */
  lifeOf(url: string): number
  /** The same URL for something it was not made for. */
  forged(url: string): string[]
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
      await store.delete(from)
      expect((await bytesAt(to)).toString()).toBe('same')
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

    it('given more keys than a page holds, the list has each once, in order, with size and time', async () => {
      const prefix = `users/${randomBytes(4).toString('hex')}/`
      const keys = Array.from({ length: 1_005 }, (_, i) => `${prefix}notes/n${String(i).padStart(4, '0')}.md`)
      for (let at = 0; at < keys.length; at += 40) {
        const some = keys.slice(at, at + 40)
        await Promise.all(some.map((key) => store.put(key, Buffer.from('12345'), text)))
      }
      const listed = await collect(store.list(prefix))
      expect(listed.map(({ key }) => key)).toEqual(keys)
      expect(listed.every(({ size, modifiedAt }) => size === 5 && modifiedAt > 1e12)).toBe(true)
      const tail = await collect(store.list(prefix, { after: keys[2] ?? '' }))
      expect(tail.map(({ key }) => key)).toEqual(keys.slice(3))
    })

    it('given a prefix that ends inside a name, or one that nothing begins with, the list says just that', async () => {
      const prefix = `users/${randomBytes(4).toString('hex')}/`
      // The order of bytes, where a slash comes after a dash and a dot.
      const keys = ['a-1.md', 'a.md', 'a/b.md', 'b.md'].map((name) => `${prefix}${name}`)
      for (const key of keys.toReversed()) await store.put(key, Buffer.from('x'), text)
      const listed = async (start: string) => (await collect(store.list(start))).map(({ key }) => key)
      expect(await listed(prefix)).toEqual(keys)
      expect(await listed(`${prefix}a`)).toEqual(keys.slice(0, 3))
      expect(await listed(`${prefix}a.`)).toEqual([keys[1]])
      expect(await listed(`${prefix}c`)).toEqual([])
    })

    it('given names of odd but allowed letters, each is an object of its own', async () => {
      const prefix = `users/${randomBytes(4).toString('hex')}/`
      const keys = ['-', '.hidden', '_', 'a..b', 'a.b.c.md', 'x'.repeat(100), '0/1/2/3/4'].map(
        (name) => prefix + name,
      )
      for (const key of keys) await store.put(key, Buffer.from(key), text)
      for (const key of keys) expect((await bytesAt(key)).toString()).toBe(key)
      expect((await collect(store.list(prefix))).map(({ key }) => key)).toEqual(keys.toSorted(inBytes))
      for (const key of keys) await store.delete(key)
      expect(await collect(store.list(prefix))).toEqual([])
    })

    it('given many puts of one key at once, readers see one of them, whole, and in the end one is there', async () => {
      const key = newKey()
      const contents = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i).repeat(5_000))
      await store.put(key, Buffer.from('first'), text)
      const seen = await Promise.all([
        ...contents.map(async (content) => {
          await store.put(key, Buffer.from(content), text)
          return content
        }),
        ...contents.map(async () => (await store.read(key, { maxBytes: 1e5 })).bytes.toString()),
      ])
      for (const content of seen) expect(['first', ...contents]).toContain(content)
      const { bytes, info } = await store.read(key, { maxBytes: 1e5 })
      expect(contents).toContain(bytes.toString())
      expect(info.sha256).toBe(sha256Hex(bytes))
    })

    it('given a stream of nothing, the object is there and empty', async () => {
      const key = newKey()
      await store.put(key, { stream: Readable.from([]), size: 0, sha256: sha256Hex('') }, text)
      expect(await bytesAt(key)).toHaveLength(0)
    })

    it('given metadata that no header could carry, it is refused before anything is stored', async () => {
      const key = newKey()
      for (const metadata of [{ Origin: 'x' }, { origin: 'ü' }, { origin: 'a\r\nb' }]) {
        await expect(store.put(key, Buffer.from('x'), { ...text, metadata })).rejects.toThrow('metadata')
      }
      expect(await store.exists(key)).toBe(false)
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

    it('given a signal that aborted, every call rejects with its reason and nothing is stored or lost', async () => {
      const [key, there] = [newKey(), newKey()]
      await store.put(there, Buffer.from('kept'), text)
      const signal = AbortSignal.abort(new Error('the client left'))
      const calls = {
        put: () => store.put(key, Buffer.from('x'), { ...text, signal }),
        putStream: () =>
          store.put(
            key,
            { stream: chunked(Buffer.from('x')), size: 1, sha256: sha256Hex('x') },
            { ...text, signal },
          ),
        get: () => store.get(there, { signal }),
        read: () => store.read(there, { maxBytes: 10, signal }),
        head: () => store.head(there, { signal }),
        exists: () => store.exists(there, { signal }),
        list: () => collect(store.list('users/', { signal })),
        copy: () => store.copy(there, key, { signal }),
        delete: () => store.delete(there, { signal }),
      }
      for (const [name, call] of Object.entries(calls)) {
        await expect(call(), name).rejects.toThrow('the client left')
      }
      expect(await store.exists(key)).toBe(false)
      expect((await bytesAt(there)).toString()).toBe('kept')
    })

    it.each([
      ['small', 50_000],
      ['of many parts', 20 * 1024 * 1024],
    ])(
      'given a client that leaves in the middle of a put of a body %s, nothing is stored',
      async (_, size) => {
        const key = newKey()
        const controller = new AbortController()
        const bytes = randomBytes(size)
        let given = 0
        const stream = Readable.from(
          (function* () {
            for (let at = 0; at < size; at += 1_000) {
              given += 1
              if (at > size / 2) controller.abort(new Error('the client left'))
              yield bytes.subarray(at, at + 1_000)
            }
          })(),
        )
        const { signal } = controller
        const put = store.put(key, { stream, size, sha256: sha256Hex(bytes) }, { ...text, signal })
        await expect(put).rejects.toThrow('the client left')
        expect(given).toBeGreaterThan(size / 2_000)
        expect(await store.exists(key)).toBe(false)
      },
    )

    it('given a reader that leaves in the middle of a download, its stream fails and never ends well', async () => {
      const key = newKey()
      await store.put(key, randomBytes(4 * 1024 * 1024), text)
      const controller = new AbortController()
      const { stream } = await store.get(key, { signal: controller.signal })
      stream.once('data', () => controller.abort(new Error('the client left')))
      await expect(buffer(stream)).rejects.toBeInstanceOf(Error)
    })

    it('given a stream of unknown length, small or of many parts, its hash is found out on the way', async () => {
      for (const size of [0, 10_000, 20 * 1024 * 1024]) {
        const key = newKey()
        const bytes = randomBytes(size)
        const known = { size, sha256: sha256Hex(bytes), ...text, metadata: { origin: 'test' } }
        const stream = chunked(bytes, 100_000)
        expect(await store.put(key, { stream }, { ...text, metadata: known.metadata })).toMatchObject(known)
        expect(await store.head(key)).toMatchObject(known)
        expect(sha256Hex(await bytesAt(key))).toBe(known.sha256)
      }
      const [key, sha256] = [newKey(), sha256Hex('something else')]
      await expect(
        store.put(key, { stream: chunked(randomBytes(5_000)) }, { ...text, sha256 }),
      ).rejects.toMatchObject({ code: 'object.checksum_mismatch' })
      expect(await store.exists(key)).toBe(false)
    })

    it('given bytes that the store hashed itself, it says so', async () => {
      const key = newKey()
      await store.put(key, Buffer.from('x'), text)
      expect(await store.head(key)).toMatchObject({ sha256: sha256Hex('x'), sha256Verified: true })
    })

    it('given a put that never ended, what it left goes once it is old; whole objects stay', async () => {
      const [key, whole] = [newKey(), newKey()]
      await store.put(whole, Buffer.from('whole'), text)
      await under.leaveUnfinished(key)
      expect(await store.dropUnfinished(Date.now() - 3_600_000)).toBe(0)
      expect(await store.dropUnfinished(Date.now() + 3_600_000)).toBe(1)
      expect(await store.dropUnfinished(Date.now() + 3_600_000)).toBe(0)
      expect((await bytesAt(whole)).toString()).toBe('whole')
      expect(await store.exists(key)).toBe(false)
    })

    it('given an object, others are told of it as a reference with a URL of its own', async () => {
      const key = newKey()
      await store.put(key, Buffer.from('shared'), text)
      const { url, ...rest } = await describeFile(store, key, { downloadName: 'x.md' })
      const { modifiedAt: uploadedAt } = await store.head(key)
      expect(rest).toEqual({
        key,
        size: 6,
        type: text.contentType,
        checksum: sha256Hex('shared'),
        uploadedAt,
      })
      expect(await (await fetch(url ?? '')).text()).toBe('shared')
    })

    const send = ({ url, headers }: PresignedRequest, content: string, more: Record<string, string> = {}) =>
      fetch(url, {
        method: 'PUT',
        body: content,
        headers: { ...headers, 'content-length': String(Buffer.byteLength(content)), ...more },
      })
    const announced = (content: string) => ({ ...text, size: content.length, sha256: sha256Hex(content) })

    it('given a presigned PUT, exactly that content can be sent, again too, and nothing else', async () => {
      const [key, body] = [newKey(), 'uploaded by a browser']
      const request = await store.presignPut(key, announced(body))
      const refused = [
        await send(request, 'uploaded by a thief!!'),
        await send(request, `${body}${body}`),
        await send(request, body.slice(1)),
        await send(request, body, { 'content-type': 'text/html' }),
        await send(request, 'uploaded by a thief!!', {
          'x-amz-checksum-sha256': Buffer.from(sha256Hex('uploaded by a thief!!'), 'hex').toString('base64'),
        }),
        await fetch(request.url),
        await fetch(request.url, { method: 'DELETE', headers: request.headers }),
      ]
      for (const answer of refused) expect([400, 403, 404, 405]).toContain(answer.status)
      for (const url of under.forged(request.url))
        expect((await send({ ...request, url }, body)).ok).toBe(false)
      expect(await store.exists(key)).toBe(false)
      expect((await send(request, body)).status).toBe(200)
      expect((await send(request, body)).status).toBe(200)
      expect(await store.head(key)).toMatchObject({
        ...announced(body),
        sha256Verified: true,
      })
      expect((await store.read(key, { maxBytes: 100 })).bytes.toString()).toBe(body)
    })

    it('given a presigned GET, it comes as an attachment of the given name and type, under its own key only', async () => {
      const [key, other] = [newKey(), newKey()]
      for (const each of [key, other])
        await store.put(each, Buffer.from('shared'), { contentType: 'text/html' })
      const options = { downloadName: 'a"\r\nb.txt', contentType: 'text/plain' }
      const { url, headers } = await store.presignGet(key, options)
      const answer = await fetch(url, { headers })
      expect(await answer.text()).toBe('shared')
      expect(answer.headers.get('content-type')).toBe('text/plain')
      expect(answer.headers.get('content-disposition')).toBe(
        `attachment; filename="a-b.txt"; filename*=UTF-8''a_%20b.txt`,
      )
      const others = [url.replace(key, other), ...under.forged(url)]
      for (const each of others) expect((await fetch(each)).ok).toBe(false)
      expect((await send({ url, headers: {} }, 'x')).ok).toBe(false)
      await store.delete(key)
      expect((await fetch(url)).status).toBe(404)
    })

    it('given presigned requests, they live five minutes, and an hour at most', async () => {
      const key = newKey()
      const put = announced('x')
      const lives = {
        300: [await store.presignGet(key), await store.presignPut(key, put)],
        3600: [
          await store.presignGet(key, { expiresIn: 86_400 }),
          await store.presignPut(key, { ...put, expiresIn: 86_400 }),
        ],
      }
      for (const [most, requests] of Object.entries(lives)) {
        for (const { url } of requests) {
          // Some seconds less on a machine that was busy meanwhile.
          expect(under.lifeOf(url)).toBeLessThanOrEqual(Number(most))
          expect(under.lifeOf(url)).toBeGreaterThan(Number(most) - 60)
        }
      }
      for (const bad of ['../x', 'a/../b', '%2e%2e/x', 'a b', 'a\r\nb']) {
        await expect(store.presignGet(bad)).rejects.toMatchObject({ code: 'object.bad_key' })
        await expect(store.presignPut(bad, put)).rejects.toMatchObject({ code: 'object.bad_key' })
      }
    })

    it('given a working store, the check passes', async () => {
      await expect(store.check(AbortSignal.timeout(5_000))).resolves.toBeUndefined()
    })
  })
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const inBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
