import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type UserId, uuidv7 } from '@synap/core'
import { eventually } from '@synap/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type OpenStream, openStream } from '../test/read-stream.ts'
import { closeSlot, openSlot, seedEvents } from '../test/seed-events.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => first + n)

describe('the stream of events', () => {
  const revoked = new Set<string>()
  let query: TestQuery
  let origin: string
  let anna: UserId
  const streams: OpenStream[] = []
  beforeAll(async () => {
    query = await startQuery([], undefined, { idleMs: 50, perUser: 3, credentialMs: 20, revoked })
    await query.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://127.0.0.1:${(query.app.server.address() as AddressInfo).port}`
  })
  afterAll(() => query.close())
  beforeEach(() => {
    anna = uuidv7() as UserId
  })
  afterEach(async () => {
    for (const stream of streams.splice(0)) await stream.cancel()
  })
  const seed = (count: number, delta: Record<string, unknown> = {}) =>
    seedEvents(
      query.pool,
      anna,
      Array.from({ length: count }, () => ({ delta })),
    )
  const open = async (options?: { lastEventId?: number; since?: number }, user: string = anna) => {
    const stream = await openStream(origin, user, options)
    streams.push(stream)
    return stream
  }

  it('given a new client, it is told what happens from now on, in order', async () => {
    await seed(3)
    const stream = await open()
    expect(stream.status).toBe(200)
    expect(stream.headers.get('content-type')).toBe('text/event-stream')
    expect(stream.headers.get('synap-sequence')).toBe('3')
    await seed(45)
    expect(await stream.take(45)).toEqual(from(4, 48))
  })

  it('given Last-Event-ID, or since, the stream goes on behind it; the header wins', async () => {
    await seed(60)
    expect(await (await open({ lastEventId: 12 })).take(48)).toEqual(from(13, 60))
    expect(await (await open({ since: 58 })).take(2)).toEqual([59, 60])
    expect(await (await open({ lastEventId: 57, since: 1 })).take(3)).toEqual([58, 59, 60])
  })

  it.each(['-1', 'x', '1.5', '99999999999999999999'])(
    'given the Last-Event-ID %s, it is refused',
    async (id) => {
      const response = await fetch(`${origin}/v1/events/stream`, {
        headers: { authorization: `Bearer ${anna}`, 'last-event-id': id },
      })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ errors: [{ path: 'headers.last-event-id' }] })
    },
  )

  it('given silence, it shows that it is alive, and where to go on from', async () => {
    await seed(2)
    const stream = await open()
    const reading = stream.next()
    await eventually('signs of life', () => stream.signsOfLife() >= 3 && stream.lastId() === 2)
    await seed(1)
    expect((await reading)?.sequence).toBe(3)
  })

  it('given an open slot, the stream waits before it, and passes it when the event is there', async () => {
    await seed(1)
    await openSlot(query.pool, anna, { sequence: 2 })
    await seed(2)
    const stream = await open({ since: 0 })
    expect(await stream.take(1)).toEqual([1])
    const reading = stream.take(3)
    await eventually('it waits', () => stream.signsOfLife() >= 3)
    expect(stream.lastId()).toBe(1)
    await closeSlot(query.pool, anna, 2, {})
    expect(await reading).toEqual([2, 3, 4])
  })

  it('given two users, each is told what is their own, and a foreign Last-Event-ID shows nothing', async () => {
    const bert = uuidv7()
    const his = await open({ lastEventId: 1 }, bert)
    await seed(5, { title: 'of anna' })
    await seedEvents(query.pool, bert as UserId, [{}, { delta: { title: 'of bert' } }])
    const event = await his.next()
    expect(event).toMatchObject({ sequence: 2, delta: { title: 'of bert' } })
  })

  it('given many streams, all are told, and one too many of one user is refused', async () => {
    const own = [await open(), await open(), await open()]
    const refused = await open()
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30'])
    expect((await open({}, uuidv7())).status).toBe(200)
    await seed(25)
    expect(await Promise.all(own.map((stream) => stream.take(25)))).toEqual(own.map(() => from(1, 25)))
    await own[0]?.cancel()
    await eventually('the place is free again', async () => {
      const again = await open()
      return again.status === 200
    })
  })

  it('given a client that reads slowly, what it has not taken stays in the log, and it gets all of it', async () => {
    // 30 MB in all: far more than sockets hold
    const delta = { patch: 'x'.repeat(30_000) }
    for (let n = 0; n < 10; n += 1) await seed(100, delta)
    const { response, socket } = await connectSlowly(origin, anna)
    try {
      await eventually('the server has stopped sending', () => stalled(socket))
      expect(socket.bytesRead).toBeLessThan(15_000_000)
      let text = ''
      const sequences: number[] = []
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const messages = (text + chunk).split('\n\n')
        text = messages.pop() ?? ''
        for (const message of messages) {
          if (message.includes('\ndata: ')) sequences.push(Number(/^id: (\d+)/.exec(message)?.[1]))
        }
      })
      await eventually('it has everything', () => sequences.length >= 1_000, { deadlineMs: 40_000 })
      expect(sequences).toEqual(from(1, 1_000))
    } finally {
      response.destroy()
    }
  })

  it('given a credential that holds no more, its stream ends', async () => {
    const stream = await open()
    revoked.add(anna)
    expect(await stream.next()).toBeUndefined()
    expect((await open()).status).toBe(401)
  })

  it('given HEAD, there is no such route, as its answer would have no end', async () => {
    const response = await fetch(`${origin}/v1/events/stream`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${anna}` },
    })
    expect(response.status).toBe(404)
  })

  it('given a stream that has lived long enough, it ends in peace and its client goes on', async () => {
    const short = await startQuery([], undefined, { lifeMs: 150 })
    try {
      await short.app.listen({ host: '127.0.0.1', port: 0 })
      const url = `http://127.0.0.1:${(short.app.server.address() as AddressInfo).port}`
      await seedEvents(short.pool, anna, [{}, {}])
      const told: number[] = []
      let last = 0
      for (let turn = 0; turn < 100 && told.length < 3; turn += 1) {
        const stream = await openStream(url, anna, { lastEventId: last })
        told.push(...(await stream.take(3)))
        last = stream.lastId()
        if (turn === 0) await seedEvents(short.pool, anna, [{}])
      }
      expect(told).toEqual([1, 2, 3])
    } finally {
      await short.close()
    }
  })

  it('given open streams, the server closes and they end in peace', async () => {
    const other = await startQuery()
    await other.app.listen({ host: '127.0.0.1', port: 0 })
    const url = `http://127.0.0.1:${(other.app.server.address() as AddressInfo).port}`
    const ending = [await openStream(url, anna), await openStream(url, uuidv7())].map((stream) =>
      stream.next(),
    )
    await other.close()
    // what is still under way after some seconds is broken off, and this would reject
    expect(await Promise.all(ending)).toEqual([undefined, undefined])
  })
})

/** A client that takes its answer's header and then nothing. */
async function connectSlowly(origin: string, user: string) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = httpRequest(
    `${origin}/v1/events/stream?since=0`,
    { headers: { authorization: `Bearer ${user}` }, agent: false },
    resolve,
  )
  request.on('error', reject)
  request.end()
  const response = await promise
  response.on('error', () => undefined)
  return { response, socket: response.socket }
}

const seenBytes = new WeakMap<Socket, { bytes: number; since: number }>()

/** Whether nothing more has come for half a second. */
function stalled(socket: Socket): boolean {
  const before = seenBytes.get(socket)
  if (before?.bytes === socket.bytesRead) return performance.now() - before.since > 500
  seenBytes.set(socket, { bytes: socket.bytesRead, since: performance.now() })
  return false
}
