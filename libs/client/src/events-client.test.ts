import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type EntityId, type EventId, uuidv7 } from '@synap/core'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient } from './client.ts'

const eventOf = (sequence: number) => ({
  id: uuidv7(),
  type: 'entity.created',
  aggregateType: 'entity',
  aggregateId: uuidv7(),
  version: 1,
  sequence,
  occurredAt: '2026-11-21T08:00:00.000Z',
  source: 'api',
  correlationId: 'a'.repeat(32),
  causationId: null,
  actor: { kind: 'user', id: null },
  delta: { title: 'two\nlines' },
})
const frame = (sequence: number, more: object = {}) =>
  `id: ${sequence}\ndata: ${JSON.stringify({ ...eventOf(sequence), ...more })}\n\n`

let stop: (() => void) | undefined
afterEach(() => stop?.())

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** A server that answers the n-th request with the n-th answer, the last one for ever. */
async function startServer(...answers: Answer[]) {
  const seen: { url: string; lastEventId: string | undefined; accept: string | undefined }[] = []
  const server = createServer((request, response) => {
    const { url = '', headers } = request
    seen.push({
      url,
      lastEventId: headers['last-event-id'] as string | undefined,
      accept: headers.accept,
    })
    answers[Math.min(seen.length, answers.length) - 1]?.(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stop = () => {
    server.closeAllConnections()
    server.close()
  }
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { seen, client: createClient({ ingestUrl: url, queryUrl: url, apiKey: 'syn_key' }) }
}

const stream =
  (...frames: string[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const text of frames) response.write(text)
  }
const ending =
  (...frames: string[]): Answer =>
  (response, request) => {
    stream(...frames)(response, request)
    response.end()
  }
const breaking =
  (...frames: string[]): Answer =>
  (response, request) => {
    stream(...frames)(response, request)
    setImmediate(() => response.destroy())
  }
const refusing =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json', ...headers })
    response.end(JSON.stringify({ type: 'urn:synap:problem:x', title: 'x' }))
  }

async function take(events: AsyncIterable<{ sequence: number }>, count: number): Promise<number[]> {
  const sequences: number[] = []
  for await (const { sequence } of events) if (sequences.push(sequence) === count) break
  return sequences
}

describe('following events', () => {
  it('given a stream, every event comes in order, whatever else is in it and however it is cut', async () => {
    const text = `retry: 1000\nid: 4\n\n${frame(5)}id: 5\n: nothing new\n\n${frame(6, { newer: 1 })}`
    const pieces = text.match(/[\s\S]{1,7}/g) ?? []
    const { seen, client } = await startServer(stream(...pieces))
    expect(await take(client.followEvents({ since: 4 }), 2)).toEqual([5, 6])
    expect(seen).toEqual([{ url: '/v1/events/stream', lastEventId: '4', accept: 'text/event-stream' }])
  })

  it('given a connection that ends or breaks, or a server that is away, it goes on behind what was last told', async () => {
    const { seen, client } = await startServer(
      ending('id: 7\n\n', frame(8)),
      breaking(frame(9), 'id: 12\n: nothing new\n\n'),
      refusing(503, { 'retry-after': '0' }),
      (response) => response.destroy(),
      stream(frame(13)),
    )
    const reasons: unknown[] = []
    const events = client.followEvents({ onReconnect: (reason) => reasons.push(reason) })
    expect(await take(events, 3)).toEqual([8, 9, 13])
    expect(seen.map(({ lastEventId }) => lastEventId)).toEqual([undefined, '8', '12', '12', '12'])
    expect(reasons).toHaveLength(4)
    expect(reasons[0]).toBeUndefined()
  })

  it('given silence for too long, it takes another connection', async () => {
    const { seen, client } = await startServer(stream(frame(1)), stream(frame(2)))
    expect(await take(client.followEvents({ silenceMs: 50 }), 2)).toEqual([1, 2])
    expect(seen).toHaveLength(2)
  })

  it.each([401, 403, 400])('given %s, it is thrown: another try does not help', async (status) => {
    const { seen, client } = await startServer(refusing(status))
    await expect(take(client.followEvents(), 1)).rejects.toMatchObject({ status })
    expect(seen).toHaveLength(1)
  })

  it('given the end of its signal, it ends, also while it waits', async () => {
    const { client } = await startServer(stream(frame(1)))
    const ends = new AbortController()
    const events = client.followEvents({ signal: ends.signal })
    expect((await events.next()).value).toMatchObject({ sequence: 1 })
    const waiting = events.next()
    ends.abort()
    expect(await waiting).toEqual({ done: true, value: undefined })
    const away = await startServer(refusing(503))
    const later = new AbortController()
    const none = away.client.followEvents({ signal: later.signal }).next()
    later.abort()
    expect((await none).done).toBe(true)
  })

  it('given a reader who leaves, the connection is closed', async () => {
    const left = Promise.withResolvers<void>()
    const { client } = await startServer((response, request) => {
      response.once('close', () => left.resolve())
      stream(frame(1))(response, request)
    })
    expect(await take(client.followEvents(), 1)).toEqual([1])
    await left.promise
  })
})

describe('questions about events', () => {
  const json =
    (body: unknown): Answer =>
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'synap-sequence': '9' })
      response.end(JSON.stringify(body))
    }

  it('given options, they are asked for, and the answer says the sequence that it is true for', async () => {
    const { seen, client } = await startServer(json({ items: [eventOf(3)], next: 'c' }))
    const aggregateId = uuidv7() as EntityId
    const { value, sequence } = await client.events({
      types: ['entity.created', 'entity.deleted'],
      aggregateId,
      since: 2,
      limit: 5,
      minSequence: 9,
    })
    expect([value.items[0]?.sequence, value.next, sequence]).toEqual([3, 'c', 9])
    const asked = new URL(seen[0]?.url ?? '', 'http://x').searchParams
    expect(Object.fromEntries(asked)).toEqual({
      type: 'entity.created,entity.deleted',
      aggregate: aggregateId,
      since: '2',
      limit: '5',
      min_sequence: '9',
    })
  })

  it('given an event, an entity or days, each has its question', async () => {
    const event = eventOf(1)
    const { seen, client } = await startServer(
      json({ event, causes: [], effects: [], complete: true }),
      json({ items: [], next: null }),
      json({ items: [{ at: '2026-11-21', type: 'entity.created', events: 2 }], total: 2 }),
    )
    expect((await client.eventChain(event.id as EventId)).value.event.id).toBe(event.id)
    expect((await client.history(event.aggregateId as EntityId, { limit: 3 })).value.items).toEqual([])
    expect((await client.eventCounts({ from: '2026-11-21', by: 'day' })).value.total).toBe(2)
    expect(seen.map(({ url }) => url)).toEqual([
      `/v1/events/${event.id}/chain`,
      `/v1/entities/${event.aggregateId}/history?limit=3`,
      '/v1/events/counts?from=2026-11-21&by=day',
    ])
  })
})
