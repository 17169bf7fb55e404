import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createOfflineProvider } from '../src/index.ts'
import { answerText } from './openai-answer.ts'

/** What a server that speaks OpenAI's API has of it. The defaults are OpenAI's own. */
export interface ServerDialect {
  /** False: no `POST /v1/responses`. */
  responses?: boolean
  /** `format.type` of structured answers that it takes; another is refused with 400. */
  formats?: readonly ('json_schema' | 'json_object' | 'text')[]
  /** `kept`: answers are JSON whatever was asked. `fenced`: inside a Markdown fence. `prose`: only when asked in the prompt. */
  responsesShape?: 'kept' | 'fenced' | 'prose'
  /** False: no `POST /v1/embeddings`. */
  embeddings?: boolean
  /** Places of the embedding model's own vectors. */
  vectorLength?: number
  /** What becomes of `dimensions` in a request. */
  dimensions?: 'kept' | 'ignored' | 'refused'
  /** A key that must be sent; none by default. */
  apiKey?: string
  chatModel?: string
  embeddingModel?: string
}

export interface ServerRequest {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: Record<string, unknown>
}

export interface OpenAiServer {
  /** With the version, as `OPENAI_BASE_URL` takes it. */
  baseUrl: string
  requests: ServerRequest[]
  /** Requests whose path ends with this, so far. */
  count(path: string): number
  /** From now on: `stalled` takes requests and never answers, `failing` answers 500. */
  become(mood: 'well' | 'stalled' | 'failing'): void
  close(): Promise<void>
}

const longestInput = 2_048

/**
 * A server that speaks OpenAI's HTTP API on 127.0.0.1, with the offline provider for a brain: so what the two providers
 * say about a text can be compared. For tests; it is no part of what is shipped.
 */
export async function startOpenAiServer(dialect: ServerDialect = {}): Promise<OpenAiServer> {
  const requests: ServerRequest[] = []
  let mood: Parameters<OpenAiServer['become']>[0] = 'well'
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const text = Buffer.concat(parts).toString()
      const { method = '', url = '', headers } = request
      const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
      const seen = { method, path: url, headers, body }
      requests.push(seen)
      if (mood === 'stalled') return
      if (mood === 'failing') return refuse(response, 500, 'The server had an error', 'server_error')
      answer(seen, dialect).then(
        ([status, value]) => send(response, status, value),
        () => refuse(response, 500, 'The server had an error', 'server_error'),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    count: (path) => requests.filter((request) => request.path.endsWith(path)).length,
    become: (next) => {
      mood = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type Reply = readonly [status: number, body: unknown]

async function answer(request: ServerRequest, dialect: ServerDialect): Promise<Reply> {
  const { apiKey, responses = true, embeddings = true, chatModel, embeddingModel } = dialect
  if (apiKey !== undefined && request.headers.authorization !== `Bearer ${apiKey}`) {
    return problem(401, 'Incorrect API key provided', 'invalid_request_error', 'invalid_api_key')
  }
  const route = `${request.method} ${request.path}`
  const known = route === 'POST /v1/embeddings' ? embeddingModel : chatModel
  const missing = known !== undefined && request.body['model'] !== known
  if (route === 'GET /v1/models') return [200, modelList(dialect)]
  if (route === 'POST /v1/responses' && responses) {
    return missing ? unknownModel(request) : respond(request.body, dialect)
  }
  if (route === 'POST /v1/chat/completions')
    return missing ? unknownModel(request) : chat(request.body, dialect)
  if (route === 'POST /v1/embeddings' && embeddings) {
    return missing ? unknownModel(request) : embed(request.body, dialect)
  }
  return [404, { detail: 'Not Found' }]
}

async function respond(body: Record<string, unknown>, dialect: ServerDialect): Promise<Reply> {
  const { format } = (body['text'] ?? {}) as { format?: { type: string } }
  const refusal = refusedFormat(format?.type, 'text.format', dialect)
  if (refusal !== undefined) return refusal
  const text = await answerText(String(body['input']))
  const { responsesShape = 'kept' } = dialect
  const spoken = { kept: text, fenced: `\`\`\`json\n${text}\n\`\`\``, prose: 'It is about milk.' }[
    responsesShape
  ]
  const [input, output] = [tokensOf(String(body['input'])), tokensOf(spoken)]
  const content = [{ type: 'output_text', annotations: [], logprobs: [], text: spoken }]
  return [
    200,
    {
      id: 'resp_0a1b2c3d',
      object: 'response',
      created_at: 1_795_000_000,
      status: 'completed',
      error: null,
      incomplete_details: null,
      model: body['model'],
      output: [{ id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content }],
      usage: { input_tokens: input, output_tokens: output, total_tokens: input + output },
    },
  ]
}

async function chat(body: Record<string, unknown>, dialect: ServerDialect): Promise<Reply> {
  const { type } = (body['response_format'] ?? {}) as { type?: string }
  const refusal = refusedFormat(type, 'response_format', dialect)
  if (refusal !== undefined) return refusal
  const messages = body['messages'] as { role: string; content: string }[]
  const question = messages.find(({ role }) => role === 'user')?.content ?? ''
  const told = type !== undefined || messages.some(({ content }) => content.includes('JSON Schema'))
  const content = told ? await answerText(question) : 'It is about milk.'
  const [input, output] = [tokensOf(question), tokensOf(content)]
  return [
    200,
    {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_795_000_000,
      model: body['model'],
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content, refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    },
  ]
}

function refusedFormat(
  type: string | undefined,
  name: string,
  { formats }: ServerDialect,
): Reply | undefined {
  if (type === undefined || formats === undefined) return undefined
  if ((formats as readonly string[]).includes(type)) return undefined
  return problem(400, `'${name}.type' must be ${formats.join(' or ')}`, 'invalid_request_error', null)
}

async function embed(body: Record<string, unknown>, dialect: ServerDialect): Promise<Reply> {
  const { vectorLength = 1_536, dimensions: use = 'kept' } = dialect
  const input = (Array.isArray(body['input']) ? body['input'] : [body['input']]) as string[]
  const asked = body['dimensions'] as number | undefined
  if (input.length === 0 || input.length > longestInput || input.some((text) => text === '')) {
    return problem(400, "'$.input' is invalid.", 'invalid_request_error', null)
  }
  if (asked !== undefined && use === 'refused') {
    const message =
      'does not support matryoshka representation, changing output dimensions will lead to poor results.'
    return [
      400,
      { object: 'error', message: `Model "m" ${message}`, type: 'BadRequestError', param: null, code: 400 },
    ]
  }
  const length = asked !== undefined && use === 'kept' ? Math.min(asked, vectorLength) : vectorLength
  const { vectors } = await brain.embed(input, AbortSignal.timeout(10_000))
  const base64 = body['encoding_format'] === 'base64'
  const data = vectors.map((vector, index) => {
    const values = folded(vector, length)
    const packed = Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
    return { object: 'embedding', index, embedding: base64 ? packed : Array.from(values) }
  })
  // Some servers answer in another order; the index says which is which.
  data.reverse()
  const tokens = input.reduce((sum, text) => sum + tokensOf(text), 0)
  return [
    200,
    { object: 'list', data, model: body['model'], usage: { prompt_tokens: tokens, total_tokens: tokens } },
  ]
}

const brain = createOfflineProvider()

/** The offline vector in another length: places that fall on each other add up, likeness of words stays. Not unit length. */
function folded(vector: Float32Array, length: number): Float32Array {
  const values = new Float32Array(length)
  for (const [place, value] of vector.entries())
    values[place % length] = (values[place % length] ?? 0) + 3 * value
  return values
}

function modelList({ chatModel, embeddingModel }: ServerDialect) {
  const data = [chatModel, embeddingModel].flatMap((id) =>
    id === undefined ? [] : [{ id, object: 'model', created: 1_795_000_000, owned_by: 'tests' }],
  )
  return { object: 'list', data }
}

function unknownModel({ body }: ServerRequest): Reply {
  return problem(404, `model ${JSON.stringify(body['model'])} not found`, 'not_found_error', null)
}

function problem(status: number, message: string, type: string, code: string | null): Reply {
  return [status, { error: { message, type, param: null, code } }]
}

function tokensOf(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4))
}

function refuse(response: ServerResponse, status: number, message: string, type: string): void {
  send(response, ...problem(status, message, type, null))
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
