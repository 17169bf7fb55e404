import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net'
import { Readable } from 'node:stream'
import { CreateMultipartUploadCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { sha256Hex } from '@synap/core'
import { useStack } from '@synap/testing'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { objectStoreContract } from '../test/contract.ts'
import type { S3StoreConfig } from './s3-client.ts'
import { leastPartBytes as partBytes } from './s3-parts.ts'
import { createS3Store } from './s3-store.ts'

async function s3Config(): Promise<S3StoreConfig> {
  const { env, bucket } = await useStack('object-store')
  return {
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    bucket,
    accessKeyId: env.S3_ACCESS_KEY_ID,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY,
  }
}

objectStoreContract('S3', async () => {
  const config = await s3Config()
  const { endpoint, region, bucket: Bucket, accessKeyId, secretAccessKey } = config
  const raw = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  })
  const store = createS3Store(config)
  return {
    store,
    leaveUnfinished: async (Key) => void (await raw.send(new CreateMultipartUploadCommand({ Bucket, Key }))),
    lifeOf: (url) => Number(new URL(url).searchParams.get('X-Amz-Expires')),
    forged: (url) => [
      url.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=3600'),
      url.replace(/X-Amz-Signature=.*?(?=&|$)/, 'X-Amz-Signature=00'),
      url.replace(/users\//, 'users/..%2fusers/'),
      url.replace(/users\//, 'others/'),
    ],
    damage: async (key) => {
      const { info, bytes } = await store.read(key, { maxBytes: 1e7 })
      bytes[100] = (bytes[100] ?? 0) ^ 1
      await raw.send(
        new PutObjectCommand({ Bucket, Key: key, Body: bytes, Metadata: { sha256: info.sha256 ?? '' } }),
      )
    },
  }
})

describe('S3', () => {
  let config: S3StoreConfig
  const closers: (() => unknown)[] = []
  beforeAll(async () => {
    config = await s3Config()
  })
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })
  const open = (overrides: Partial<S3StoreConfig> = {}) => {
    const store = createS3Store({ ...config, ...overrides })
    closers.push(() => store.close())
    return store
  }
  const text = { contentType: 'text/plain' }

  it('given wrong credentials or no such bucket, denied, class configuration', async () => {
    const denied = { code: 'object.denied', class: 'configuration' }
    await expect(open({ secretAccessKey: 'wrong' }).head('a')).rejects.toMatchObject(denied)
    await expect(open({ secretAccessKey: 'wrong' }).put('a', Buffer.from('x'), text)).rejects.toMatchObject(
      denied,
    )
    await expect(open({ bucket: 'no-such-bucket' }).check(AbortSignal.timeout(5_000))).rejects.toMatchObject(
      denied,
    )
    await expect(open({ bucket: 'no-such-bucket' }).put('a', Buffer.from('x'), text)).rejects.toMatchObject(
      denied,
    )
  })

  it('given a server that is away, unavailable; given one that is silent, the same within the deadline', async () => {
    const unavailable = { code: 'object.unavailable', class: 'dependency' }
    await expect(open({ endpoint: 'http://127.0.0.1:1' }).head('a')).rejects.toMatchObject(unavailable)
    const silent = await listen(createServer(() => undefined))
    const startedAt = performance.now()
    const store = open({ endpoint: silent, deadlineMs: 1_000 })
    await expect(store.head('a')).rejects.toMatchObject(unavailable)
    await expect(store.put('a', Buffer.from('x'), text)).rejects.toMatchObject(unavailable)
    expect(performance.now() - startedAt).toBeLessThan(4_000)
  })

  it('given a server that answers one byte at a time for ever, each part of a large body has its deadline', async () => {
    const dripping = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      const drip = setInterval(() => socket.write('H'), 50)
      socket.on('close', () => clearInterval(drip))
      socket.write('HTTP/1.1 200 OK\r\nX-Never: ')
    })
    const store = open({ endpoint: await listen(dripping), deadlineMs: 400 })
    const large = store.put('large', Buffer.alloc(9 * 1024 * 1024), text)
    await expect(large).rejects.toMatchObject({ code: 'object.unavailable' })
  })

  it('given a server that is busy twice, the third attempt is the answer', async () => {
    let asked = 0
    const upset = await listen(
      createServer((_request, response) => {
        asked += 1
        response.statusCode = asked < 3 ? 503 : 200
        response.setHeader('content-length', '7')
        response.end()
      }),
    )
    expect((await open({ endpoint: upset }).head('a')).size).toBe(7)
    expect(asked).toBe(3)
  })

  it('given a server that asks to slow down, unavailable', async () => {
    const busy = await listen(
      createServer((_request, response) => {
        response.statusCode = 503
        response.end('<Error><Code>SlowDown</Code></Error>')
      }),
    )
    await expect(open({ endpoint: busy }).head('a')).rejects.toMatchObject({ code: 'object.unavailable' })
  })

  it('given a byte flipped on the way up, the server refuses the digest and nothing is stored', async () => {
    const upstream = new URL(config.endpoint)
    const flipping = createTcpServer((client) => {
      const server = connect(Number(upstream.port), upstream.hostname)
      client.on('data', (chunk) => server.write(flip(chunk, 'precious')))
      server.pipe(client)
      for (const socket of [client, server]) socket.on('error', () => undefined)
    })
    const store = open({ endpoint: await listen(flipping) })
    const bytes = Buffer.from('something precious')
    await expect(store.put('flipped', bytes, text)).rejects.toMatchObject({
      code: 'object.checksum_mismatch',
    })
    const stream = { stream: Readable.from([bytes]), size: bytes.length, sha256: sha256Hex(bytes) }
    const streamed = store.put('flipped', stream, text)
    await expect(streamed).rejects.toMatchObject({ code: 'object.checksum_mismatch' })
    expect(await open().exists('flipped')).toBe(false)
  })

  it('given a stream of any length, one that is too long for one copy has its hash by copies of its parts', async () => {
    const store = open({ wholeCopyBytes: partBytes })
    for (const size of [partBytes, partBytes + 1, 3 * partBytes + 77]) {
      const key = `long-${size}`
      const bytes = randomBytes(size)
      const stream = Readable.from(piecesOf(bytes), { objectMode: false })
      const put = await store.put(
        key,
        { stream },
        { ...text, metadata: { of: 'somebody' }, atMost: size * 3 },
      )
      expect(put).toMatchObject({ size, sha256: sha256Hex(bytes) })
      expect(await store.head(key)).toMatchObject({
        size,
        sha256: sha256Hex(bytes),
        contentType: 'text/plain',
        metadata: { of: 'somebody' },
      })
      const { bytes: back } = await store.read(key, { maxBytes: size })
      expect(back.equals(bytes)).toBe(true)
    }
    // nothing of it lies about
    expect(await store.dropUnfinished(Date.now() + 60_000)).toBe(0)
  })

  it('given a copy that breaks off between its parts, the put fails and no parts lie about', async () => {
    const upstream = new URL(config.endpoint)
    let copies = 0
    const breaking = createTcpServer((client) => {
      const server = connect(Number(upstream.port), upstream.hostname)
      client.on('data', (chunk) => {
        // a copy of a part says so in a header
        if (chunk.includes('x-amz-copy-source-range') && (copies += 1) > 2) return client.destroy()
        return server.write(chunk)
      })
      server.pipe(client)
      for (const socket of [client, server]) {
        socket.on('error', () => undefined)
        socket.on('close', () => [client, server].forEach((one) => one.destroy()))
      }
    })
    const store = open({ endpoint: await listen(breaking), wholeCopyBytes: partBytes })
    const stream = Readable.from(piecesOf(randomBytes(4 * partBytes)), { objectMode: false })
    await expect(store.put('broken', { stream }, text)).rejects.toMatchObject({ class: 'dependency' })
    expect(copies).toBeGreaterThan(2)
    expect(await open().dropUnfinished(Date.now() + 60_000)).toBe(0)
  })

  async function listen(server: TcpServer): Promise<string> {
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => sockets.add(socket))
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    closers.push(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
})

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000)
}

/** Changes one bit of `word` where it occurs in a piece of a request. */
function flip(chunk: Buffer, word: string): Buffer {
  const at = chunk.indexOf(word)
  if (at >= 0) chunk[at] = (chunk[at] ?? 0) ^ 1
  return chunk
}
