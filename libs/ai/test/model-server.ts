import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ModelRequest {
  path: string
  headers: IncomingMessage['headers']
  body: Record<string, unknown>
}

/** Writes one answer; may also leave the socket open or destroy it. */
export type Answerer = (response: ServerResponse, request: ModelRequest) => void

export interface ModelServer {
  baseUrl: string
  requests: ModelRequest[]
  /** Replaces what the server does from the next request on. */
  answerWith(answerer: Answerer): void
  close(): Promise<void>
}

/** A real HTTP server in place of a model's, on 127.0.0.1, whose answers a test chooses. */
export async function startModelServer(): Promise<ModelServer> {
  const requests: ModelRequest[] = []
  let answerer: Answerer = (response) => response.writeHead(500).end()
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString() || '{}') as Record<string, unknown>
      const seen = { path: request.url ?? '', headers: request.headers, body }
      requests.push(seen)
      answerer(response, seen)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    answerWith: (next) => {
      answerer = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Sends a JSON body with a status. */
export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** The shape of an answer of `POST /v1/responses`. */
export function responseBody(text: string, change: Record<string, unknown> = {}) {
  return {
    id: 'resp_0a1b2c3d',
    object: 'response',
    created_at: 1_795_000_000,
    status: 'completed',
    error: null,
    incomplete_details: null,
    model: 'test-model-2026-01-01',
    output: [
      { id: 'rs_1', type: 'reasoning', summary: [] },
      {
        id: 'msg_1',
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', annotations: [], logprobs: [], text }],
      },
    ],
    usage: {
      input_tokens: 321,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 45,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 366,
    },
    ...change,
  }
}

/** The same with a refusal in place of the text. */
export function refusalBody() {
  const body = responseBody('')
  body.output = [
    {
      id: 'msg_1',
      type: 'message',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'refusal', refusal: 'I cannot help with that.' }],
    } as never,
  ]
  return body
}

/** The shape of an answer of `POST /v1/chat/completions`. */
export function chatBody(message: Record<string, unknown>, finish = 'stop') {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_795_000_000,
    model: 'test-model',
    choices: [
      { index: 0, message: { role: 'assistant', ...message }, logprobs: null, finish_reason: finish },
    ],
    usage: { prompt_tokens: 300, completion_tokens: 40, total_tokens: 340 },
  }
}

/** The shape of an answer of `POST /v1/embeddings`; vectors out of order, as some servers send them. */
export function embeddingsBody(vectors: unknown[]) {
  return {
    object: 'list',
    data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })).reverse(),
    model: 'test-embedding',
    usage: { prompt_tokens: 12, total_tokens: 12 },
  }
}

/** The shape of an error body. */
export function errorBody(type: string, code: string | null, message = 'recorded error') {
  return { error: { message, type, param: null, code } }
}
