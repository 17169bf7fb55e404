import { type EventView, eventSchema, httpHeaders } from '@synap/contracts'
import { backoffMs, errorClass, wait } from '@synap/core'
import { ApiError } from './api-error.ts'
import type { FollowOptions } from './event-types.ts'
import { parseText } from './parse-answer.ts'
import { readMessages } from './server-sent-events.ts'
import type { Transport } from './transport.ts'
import { getCall, urlOf } from './urls.ts'

const never = new AbortController().signal

/** See `EventsClient.followEvents`. */
export async function* followEvents(
  call: Transport,
  origin: string,
  options: FollowOptions,
): AsyncGenerator<EventView, void> {
  const { signal = never, silenceMs = 45_000, onReconnect } = options
  let last = options.since
  let fruitless = 0
  while (!signal.aborted) {
    let reason: unknown
    try {
      const body = await openStream(call, origin, options, last)
      for await (const { id, data } of readMessages(body, silenceMs, signal)) {
        if (id !== undefined && /^\d+$/.test(id)) last = Number(id)
        if (data === undefined) continue
        fruitless = 0
        yield parseText(eventSchema, data)
      }
    } catch (error) {
      if (signal.aborted) return
      if (errorClass(error) !== 'dependency') throw error
      reason = error
    }
    fruitless += 1
    const asked = reason instanceof ApiError ? reason.retryAfterMs : undefined
    await wait(asked ?? backoffMs(fruitless, { baseMs: 250, capMs: 10_000 }), signal).catch(() => undefined)
    if (!signal.aborted) onReconnect?.(reason)
  }
}

async function openStream(
  call: Transport,
  origin: string,
  options: FollowOptions,
  last: number | undefined,
): Promise<ReadableStream<Uint8Array>> {
  const headers = {
    accept: 'text/event-stream',
    ...(last === undefined ? {} : { [httpHeaders.lastEventId]: String(last) }),
  }
  // Tried again by the caller, for as long as it takes.
  const request = { ...getCall(urlOf(origin, '/v1/events/stream'), options), headers, repeatable: false }
  return call(request, (response) => Promise.resolve(response.body ?? new Blob([]).stream()))
}
