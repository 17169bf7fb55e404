import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient } from './client.ts'

const group = '3fa9c21b07de'
const done = { group, dryRun: false, events: 2, waiting: 1, ifDiscarded: null }

let stop = () => Promise.resolve()
afterEach(() => stop())

/** Answers each request in turn; null breaks the connection. */
async function startServer(...answers: unknown[]) {
  const seen: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      seen.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`.trim())
      const answer = answers[seen.length - 1]
      if (answer === null) response.destroy()
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stop = () =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const nowhere = 'http://127.0.0.1:1'
  return { seen, client: createClient({ ingestUrl: nowhere, queryUrl: url, apiKey: 'syn_key' }) }
}

describe('the client of what is parked', () => {
  it('given lists to read, query is asked with what was chosen', async () => {
    const { seen, client } = await startServer(
      { items: [], unknown: ['enricher'] },
      { items: [], next: null },
    )
    expect(await client.parked({ consumer: 'projector', state: 'closed' })).toEqual({
      items: [],
      unknown: ['enricher'],
    })
    expect(await client.parkedEvents(group, { limit: 3 })).toEqual({ items: [], next: null })
    expect(seen).toEqual([
      'GET /v1/parked?consumer=projector&state=closed',
      `GET /v1/parked/${group}/events?limit=3`,
    ])
  })

  it('given an answer that is lost, a retry and a discard are sent again: twice is as good as once', async () => {
    const { seen, client } = await startServer(null, done, null, done)
    expect(await client.retryParked(group)).toEqual(done)
    expect(await client.discardParked(group, { reason: 'a forgery', upTo: 7 })).toEqual(done)
    expect(seen).toEqual([
      `POST /v1/parked/${group}:retry {}`,
      `POST /v1/parked/${group}:retry {}`,
      `POST /v1/parked/${group}:discard {"reason":"a forgery","upTo":7}`,
      `POST /v1/parked/${group}:discard {"reason":"a forgery","upTo":7}`,
    ])
  })
})
