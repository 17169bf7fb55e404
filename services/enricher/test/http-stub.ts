import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface StubRequest {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: unknown
}

export type Answer = (request: StubRequest, response: ServerResponse) => void

export interface HttpStub {
  url: string
  requests: StubRequest[]
  /** Requests whose path holds this, so far. */
  count(path: string): number
  answerWith(answer: Answer): void
  close(): Promise<void>
}

/** A real HTTP server on 127.0.0.1 that stands where another service would, and remembers what it was asked. */
export async function startHttpStub(initial: Answer): Promise<HttpStub> {
  const requests: StubRequest[] = []
  let answer = initial
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const text = Buffer.concat(parts).toString()
      const { method = '', url = '', headers } = request
      const seen = { method, path: url, headers, body: text === '' ? null : (JSON.parse(text) as unknown) }
      requests.push(seen)
      answer(seen, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    count: (path) => requests.filter((request) => request.path.includes(path)).length,
    answerWith: (next) => {
      answer = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function sendJson(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
