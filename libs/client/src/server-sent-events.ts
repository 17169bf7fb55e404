import { ApiError } from './api-error.ts'

/** One message of a stream of server-sent events (HTML standard, 9.2); `event` and `retry` are not needed here. */
export interface ServerMessage {
  id: string | undefined
  /** Undefined for a message that says no more than its `id`, or nothing. */
  data: string | undefined
}

/**
 * The messages of a body, until it ends or the signal aborts. Rejects when the connection breaks, and with
 * `api.unreachable` when nothing comes for `silenceMs`. Leaving the loop closes the connection.
 */
export async function* readMessages(
  body: ReadableStream<Uint8Array>,
  silenceMs: number,
  signal: AbortSignal,
): AsyncGenerator<ServerMessage, void> {
  for await (const message of readParts(body, '\n\n', silenceMs, signal)) yield parseMessage(message)
}

/** The parts of a body of text, each ended by `separator`; what is behind the last one is dropped. Else as above. */
export async function* readParts(
  body: ReadableStream<Uint8Array>,
  separator: string,
  silenceMs: number,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  const reader = body.getReader()
  const cancel = () => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', cancel, { once: true })
  const decoder = new TextDecoder()
  let rest = ''
  try {
    while (!signal.aborted) {
      const { value, done } = await readWithin(reader, silenceMs)
      if (done) return
      rest += decoder.decode(value, { stream: true })
      const parts = rest.split(separator)
      rest = parts.pop() ?? ''
      yield* parts
    }
  } catch (error) {
    if (signal.aborted) return
    throw broken(error)
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}

async function readWithin(reader: ReadableStreamDefaultReader<Uint8Array>, ms: number) {
  const silent = Promise.withResolvers<never>()
  const timer = setTimeout(() => silent.reject(new Error('nothing came')), ms)
  try {
    return await Promise.race([reader.read(), silent.promise])
  } finally {
    clearTimeout(timer)
  }
}

function parseMessage(message: string): ServerMessage {
  let id: string | undefined
  const data: string[] = []
  for (const line of message.split('\n')) {
    const [, name, value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? []
    if (name === 'id') id = value
    if (name === 'data') data.push(value)
  }
  return { id, data: data.length === 0 ? undefined : data.join('\n') }
}

function broken(cause: unknown): ApiError {
  return cause instanceof ApiError
    ? cause
    : new ApiError('the connection broke', {
        code: 'api.unreachable',
        status: 0,
        cause,
      })
}
