import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { UserId } from '@synap/core'

/** Ingest as far as query knows it: whose key is this. */
export async function startIntrospection(keys: ReadonlyMap<string, UserId>) {
  let away = false
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.statusCode = away ? 503 : 200
      const { key } = JSON.parse(Buffer.concat(chunks).toString()) as { key: string }
      const userId = keys.get(key)
      const known = { active: true, userId, keyId: 'k', scopes: ['read'], expiresAt: null }
      response.end(JSON.stringify(userId === undefined ? { active: false } : known))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    goAway: () => {
      away = true
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
