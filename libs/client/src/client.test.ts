import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EntityId, UserId } from '@synap/core'
import { uuidv7 } from '@synap/core'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient } from './client.ts'

const id = uuidv7() as EntityId
const captured = {
  id,
  version: 1,
  sequence: 4,
  correlationId: 'a'.repeat(32),
  status: `/v1/entities/${id}/status`,
}

interface Seen {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** A server that answers the n-th request with the n-th answer, the last one for ever. */
async function startServer(...answers: ((response: ServerResponse) => void)[]) {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      answers[Math.min(seen.length, answers.length) - 1]?.(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  )
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { seen, url }
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) => {
  return (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}
const problem = (status: number, name: string, headers: Record<string, string> = {}) =>
  json(status, { type: `urn:synap:problem:${name}`, title: name, status }, headers)
const cut = (response: ServerResponse) => response.destroy()

const connect = (url: string, more = {}) =>
  createClient({ ingestUrl: url, queryUrl: url, apiKey: 'syn_key', ...more })

describe('client', () => {
  it('given a capture under a key, a broken connection and a 503 are tried again with the same key', async () => {
    const { url, seen } = await startServer(
      cut,
      problem(503, 'unavailable', { 'retry-after': '0' }),
      json(201, captured),
    )
    const answer = await connect(url).capture({ type: 'note', content: 'hello' }, { idempotencyKey: 'one' })
    expect(answer).toEqual(captured)
    expect(seen.map((one) => one.headers['idempotency-key'])).toEqual(['one', 'one', 'one'])
  })

  it('given a capture without a key, a failure is not tried again: it might have had its effect', async () => {
    const { url, seen } = await startServer(cut, json(201, captured))
    await expect(connect(url).capture({ type: 'note', content: 'hello' })).rejects.toMatchObject({
      code: 'api.unreachable',
      class: 'dependency',
    })
    expect(seen).toHaveLength(1)
  })

  it('given a twin in flight (409 with a time), it waits and asks again; a plain 409 is final', async () => {
    const { url, seen } = await startServer(
      problem(409, 'idempotency-in-flight', { 'retry-after': '0' }),
      problem(409, 'conflict'),
    )
    const failure = connect(url).capture({ type: 'note', title: 'x' }, { idempotencyKey: 'two' })
    await expect(failure).rejects.toMatchObject({ status: 409, class: 'data' })
    expect(seen).toHaveLength(2)
  })

  it('given Retry-After beyond the deadline, the call ends at the deadline', async () => {
    const { url } = await startServer(problem(503, 'unavailable', { 'retry-after': '60' }))
    const started = performance.now()
    await expect(connect(url, { deadlineMs: 100 }).status(id)).rejects.toMatchObject({
      code: 'deadline.exceeded',
      class: 'dependency',
    })
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  it('given Retry-After, the next try comes no sooner', async () => {
    const { url, seen } = await startServer(
      problem(429, 'rate-limited', { 'retry-after': '1' }),
      json(200, { active: false }),
    )
    const started = performance.now()
    await connect(url).introspect('syn_x')
    // Without the header the first retry comes within 100 ms.
    expect(performance.now() - started).toBeGreaterThan(950)
    expect(seen).toHaveLength(2)
  })

  it('given an answer that never comes, the deadline ends the call', async () => {
    const { url } = await startServer(() => undefined)
    await expect(connect(url, { deadlineMs: 50 }).status(id)).rejects.toMatchObject({
      code: 'deadline.exceeded',
    })
  })

  it('given a time zone, captures and new content say it; without one they do not', async () => {
    const { url, seen } = await startServer(json(201, captured))
    const client = connect(url)
    await client.capture({ type: 'note', title: 'x' }, { timeZone: 'Europe/Berlin' })
    await client.capture({ type: 'note', title: 'x' })
    await client.replaceContent(id, 'tomorrow', { timeZone: 'Asia/Tokyo' })
    expect(seen.map(({ headers }) => headers['synap-time-zone'])).toEqual([
      'Europe/Berlin',
      undefined,
      'Asia/Tokyo',
    ])
  })

  it('given a field that a newer server adds, it is dropped; a field that is missing is refused', async () => {
    const newer = await startServer(json(201, { ...captured, novelty: true }))
    expect(await connect(newer.url).capture({ type: 'note', title: 'x' })).toEqual(captured)
    const older = await startServer(json(201, { id }))
    await expect(connect(older.url).capture({ type: 'note', title: 'x' })).rejects.toMatchObject({
      code: 'api.unexpected_answer',
      class: 'configuration',
    })
  })

  it('given a union with a field added tomorrow, the right branch is read', async () => {
    const user = uuidv7() as UserId
    const key = { active: true, userId: user, keyId: 'k', scopes: ['read'], expiresAt: null }
    const { url } = await startServer(json(200, { ...key, novelty: 1 }))
    expect(await connect(url).introspect('syn_x')).toEqual(key)
  })

  it('given options of a read, they become parameters, and the sequence of the answer is told', async () => {
    const { url, seen } = await startServer(json(200, { items: [], next: null }, { 'synap-sequence': '9' }))
    const actFor = uuidv7() as UserId
    const answer = await connect(url, { actFor }).list({ minSequence: 9, waitMs: 50, tag: 'a&b', limit: 2 })
    expect(answer).toEqual({ value: { items: [], next: null }, sequence: 9 })
    expect(seen[0]?.url).toBe('/v1/entities?min_sequence=9&wait=50&tag=a%26b&limit=2')
    expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer syn_key', 'synap-user': actFor })
  })

  it('given 401, a person has to act; given 404, this request can never succeed', async () => {
    const { url } = await startServer(problem(401, 'unauthenticated'), problem(404, 'not-found'))
    const client = connect(url)
    await expect(client.getEntity(id)).rejects.toMatchObject({ class: 'configuration', status: 401 })
    await expect(client.getEntity(id)).rejects.toMatchObject({
      class: 'data',
      problem: { type: 'urn:synap:problem:not-found' },
    })
  })
})
