import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { uuidv7 } from '@synap/core'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient } from './client.ts'

const id = uuidv7()
const view = {
  id,
  userId: uuidv7(),
  name: 'phone',
  scopes: ['read'],
  createdAt: '2026-11-21T02:44:48.620Z',
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
}

let stop = () => Promise.resolve()
afterEach(() => stop())

/** Answers each request in turn; an answer without a status breaks the connection. */
async function startServer(...answers: { status?: number; body?: unknown }[]) {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''}`)
    const { status, body } = answers[seen.length - 1] ?? { status: 500 }
    if (status === undefined) {
      response.destroy()
      return
    }
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(body === undefined ? undefined : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stop = () =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { seen, client: createClient({ ingestUrl: url, queryUrl: url, apiKey: 'syn_key' }) }
}

describe('the keys of the client', () => {
  it('given a key to make, a broken connection is not tried again: there may be a key now', async () => {
    const { seen, client } = await startServer({}, { status: 201, body: { ...view, key: 'syn_new' } })
    const request = { name: 'phone', scopes: ['read' as const] }
    await expect(client.createKey(request)).rejects.toMatchObject({ code: 'api.unreachable' })
    expect(seen).toHaveLength(1)
    expect(await client.createKey(request)).toEqual({ ...view, key: 'syn_new' })
  })

  it('given keys, they are listed, and the one that is sent is known', async () => {
    const { seen, client } = await startServer(
      { status: 200, body: { items: [view] } },
      { status: 200, body: view },
    )
    expect(await client.listKeys()).toEqual([view])
    expect(await client.currentKey()).toEqual(view)
    expect(seen).toEqual(['GET /v1/keys', 'GET /v1/keys/current'])
  })

  it('given a key to revoke, a broken connection is tried again', async () => {
    const { seen, client } = await startServer({}, { status: 204 })
    await client.revokeKey(id)
    expect(seen).toEqual([`DELETE /v1/keys/${id}`, `DELETE /v1/keys/${id}`])
  })
})
