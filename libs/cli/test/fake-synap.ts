import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Answer {
  status: number
  body: unknown
  headers?: Record<string, string>
}

export interface Asked {
  method: string
  path: string
  headers: IncomingMessage['headers']
  /** Parsed; undefined without one. */
  body: unknown
}

export interface FakeSynap extends AsyncDisposable {
  url: string
  asked: Asked[]
}

/** An HTTP server that answers as told, and remembers what it was asked. */
export async function startFakeSynap(answer: (asked: Asked) => Answer | Promise<Answer>): Promise<FakeSynap> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const one: Asked = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: text === '' ? undefined : JSON.parse(text),
      }
      asked.push(one)
      void Promise.resolve(answer(one)).then(({ status, body, headers }) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers })
        response.end(JSON.stringify(body))
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

export const problem = (status: number, title: string): Answer => ({
  status,
  body: { type: `urn:synap:problem:test`, title, status },
})
