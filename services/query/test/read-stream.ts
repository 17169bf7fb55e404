import type { EventView } from '@synap/contracts'
import type { UserId } from '@synap/core'

export interface OpenStream {
  status: number
  headers: Headers
  /** The next message with data; undefined when the stream has ended. */
  next(): Promise<EventView | undefined>
  /** The next `count` sequences. */
  take(count: number): Promise<number[]>
  /** The `id` that was last told, with data or without. */
  lastId(): number
  /** Messages without data so far. */
  signsOfLife(): number
  cancel(): Promise<void>
}

/** Reads `GET /v1/events/stream` as a client without our library does. */
export async function openStream(
  origin: string,
  user: UserId | string,
  { lastEventId, since }: { lastEventId?: number; since?: number } = {},
): Promise<OpenStream> {
  const leave = new AbortController()
  const response = await fetch(`${origin}/v1/events/stream${since === undefined ? '' : `?since=${since}`}`, {
    headers: {
      authorization: `Bearer ${user}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }),
    },
    signal: leave.signal,
  })
  let lastId = -1
  let signs = 0
  const messages = messagesOf(response)
  const next = async (): Promise<EventView | undefined> => {
    for (;;) {
      const { value: lines, done } = await messages.next()
      if (done === true) return undefined
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      lastId = Number(field('id') ?? lastId)
      const data = field('data')
      if (data !== undefined) return JSON.parse(data) as EventView
      signs += 1
    }
  }
  return {
    status: response.status,
    headers: response.headers,
    next,
    async take(count) {
      const sequences: number[] = []
      while (sequences.length < count) {
        const event = await next()
        if (event === undefined) break
        sequences.push(event.sequence)
      }
      return sequences
    },
    lastId: () => lastId,
    signsOfLife: () => signs,
    async cancel() {
      leave.abort()
      await messages.return(undefined).catch(() => undefined)
    },
  }
}

async function* messagesOf(response: Response): AsyncGenerator<string[], undefined> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true })
    const messages = rest.split('\n\n')
    rest = messages.pop() ?? ''
    for (const message of messages) yield message.split('\n')
  }
  return undefined
}
