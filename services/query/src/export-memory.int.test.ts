import { randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { generateApiKey } from '@synap/auth'
import { type EntityId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { contentKey, createS3Store, type ObjectStore } from '@synap/object-store'
import { createPool, type Pool } from '@synap/postgres'
import {
  createTestDatabase,
  eventually,
  startService,
  type TestDatabase,
  type TestService,
  useStack,
} from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startIntrospection } from '../test/introspection.ts'
import { type SeededEvent, seedEvents } from '../test/seed-events.ts'

const megabyte = 1_000_000
/** Content of both kinds: read whole before it is written, and streamed. */
const sizes = [...Array.from({ length: 30 }, () => 3.3 * megabyte), 100 * megabyte]
/** Pieces of an upload are longer than any other request. */
const uploadPiece = 8_192

/** The object store as query reaches it, with a gate that lets uploads wait. */
async function startGate(upstream: URL) {
  let taken = 0
  let shutBehind = Number.POSITIVE_INFINITY
  const waiting = new Set<Socket>()
  const sockets = new Set<Socket>()
  const server: Server = createServer((client) => {
    const store = connect(Number(upstream.port), upstream.hostname)
    for (const socket of [client, store]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        client.destroy()
        store.destroy()
      })
    }
    store.pipe(client)
    client.on('data', (chunk) => {
      store.write(chunk)
      if (chunk.length < uploadPiece) return
      taken += chunk.length
      if (taken < shutBehind) return
      client.pause()
      waiting.add(client)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: () => taken,
    isShut: () => waiting.size > 0,
    shutAfter: (bytes: number) => {
      shutBehind = taken + bytes
    },
    open: () => {
      shutBehind = Number.POSITIVE_INFINITY
      for (const socket of waiting) socket.resume()
      waiting.clear()
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** The most resident memory the process has had, in bytes. */
const peakMemory = (pid: number) =>
  1_024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

describe('the memory of an export', () => {
  const [anna, bert] = [uuidv7() as UserId, uuidv7() as UserId]
  const keys = new Map([anna, bert].map((user) => [generateApiKey(), user]))
  let database: TestDatabase
  let pool: Pool
  let store: ObjectStore
  let introspection: Awaited<ReturnType<typeof startIntrospection>>
  let gate: Awaited<ReturnType<typeof startGate>>
  let service: TestService

  beforeAll(async () => {
    const { env, bucket } = await useStack('postgres', 'object-store')
    database = await createTestDatabase(['ingest', 'events-writer', 'projector', 'enricher'])
    pool = createPool({ url: database.url, applicationName: 'test' })
    store = createS3Store({
      endpoint: env.S3_ENDPOINT,
      region: env.S3_REGION,
      bucket,
      accessKeyId: env.S3_ACCESS_KEY_ID,
      secretAccessKey: env.S3_SECRET_ACCESS_KEY,
    })
    introspection = await startIntrospection(keys)
    gate = await startGate(new URL(env.S3_ENDPOINT))
    service = await startService('query', {
      ...env,
      S3_ENDPOINT: gate.url,
      DATABASE_URL: database.url,
      DATABASE_DIRECT_URL: database.url,
      INGEST_URL: introspection.url,
      SERVICE_API_KEY: `syn_${'k'.repeat(43)}`,
    })
    await service.waitReady()
  }, 300_000)
  afterAll(async () => {
    await service?.stop()
    gate?.close()
    introspection?.close()
    await store?.close()
    await pool?.end()
    await database?.close()
  })

  const ask = async (user: UserId, method: string, path: string) => {
    const [key] = [...keys].find(([, owner]) => owner === user) ?? []
    const response = await fetch(`${service.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}` },
    })
    return (await response.json()) as {
      id: string
      status: string
      progress: { bytes: number }
      archive: { size: number } | null
    }
  }
  const finished = (user: UserId, id: string) =>
    eventually(
      'the export is over',
      async () => {
        const view = await ask(user, 'GET', `/v1/exports/${id}`)
        expect(view.status).not.toBe('running')
        return view
      },
      { deadlineMs: 120_000 },
    )

  /** Items with content that cannot be packed. */
  async function seedFiles(userId: UserId, sizes: readonly number[]) {
    const events: SeededEvent[] = []
    for (const [n, size] of sizes.entries()) {
      const bytes = randomFillSync(Buffer.allocUnsafeSlow(size))
      const [entityId, sha256] = [uuidv7() as EntityId, sha256Hex(bytes)]
      const key = contentKey({ userId, entityId, sha256, entityType: 'note', extension: 'bin' })
      await store.put(key, bytes, { contentType: 'application/octet-stream' })
      const file = {
        key,
        sha256,
        size,
        contentType: 'application/octet-stream',
        fileType: 'other',
        uploadedAt: 1,
      }
      events.push(
        { aggregateId: entityId, delta: { type: 'note', title: `file ${n}` } },
        {
          aggregateId: entityId,
          version: 2,
          type: 'entity.file_uploaded',
          delta: { file, oldFile: null, preview: null, oldPreview: null, timeZone: null },
        },
      )
    }
    await seedEvents(pool, userId, events)
  }

  it('given 200 MB and a store that stops taking them, what is made waits, and far less than that is ever held', async () => {
    await seedFiles(bert, [megabyte])
    await seedFiles(anna, sizes)
    const first = await ask(bert, 'POST', '/v1/exports')
    expect(first).toMatchObject({ status: 'running' })
    expect(await finished(bert, first.id)).toMatchObject({ status: 'done' })
    const before = peakMemory(service.pid)

    gate.shutAfter(40 * megabyte)
    const already = gate.taken()
    const { id } = await ask(anna, 'POST', '/v1/exports')
    const held = await eventually(
      'nothing more is made while the store takes nothing',
      async () => {
        expect(gate.isShut()).toBe(true)
        const looks: number[] = []
        for (let n = 0; n < 5; n += 1) {
          const { progress } = await ask(anna, 'GET', `/v1/exports/${id}`)
          looks.push(progress.bytes)
        }
        expect(new Set(looks).size).toBe(1)
        return (looks[0] ?? 0) - (gate.taken() - already)
      },
      { deadlineMs: 60_000 },
    )
    // two parts of 5 MiB, and what is on its way between them
    expect(held).toBeLessThan(15 * megabyte)
    gate.open()

    const view = await finished(anna, id)
    expect(view).toMatchObject({ status: 'done' })
    expect(view.archive?.size).toBeGreaterThan(sizes.reduce((sum, size) => sum + size, 0))
    const once = peakMemory(service.pid)
    const again = await ask(anna, 'POST', '/v1/exports')
    expect(await finished(anna, again.id)).toMatchObject({ status: 'done' })
    const twice = peakMemory(service.pid)

    const [grown, more] = [once - before, twice - once].map((bytes) => Math.round(bytes / megabyte))
    process.stdout.write(`an export of 200 MB: ${grown} MB more, the next one: ${more} MB more\n`)
    // dead buffers that V8 has not looked for yet, and no more of them the longer it is
    expect(grown).toBeLessThan(140)
    expect(more).toBeLessThan(50)
  }, 300_000)
})
