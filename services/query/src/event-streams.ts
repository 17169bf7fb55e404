import type { UserId } from '@synap/core'
import type { Delivery, LoggedEvent } from '@synap/event-log'
import { problem } from '@synap/http'
import { toEventView } from './event-view.ts'

export interface StreamLimits {
  /** Open streams of one user; 50 by default. */
  perUser?: number
  /** Open streams of this process; 5,000 by default. */
  inAll?: number
  /** Milliseconds after which a stream ends and its client comes again; 45 minutes by default. */
  lifeMs?: number
  /** Milliseconds between two looks at whether the credential still holds; 30,000 by default. */
  credentialMs?: number
}

/** The streams of events that are open in this process. */
export interface OpenStreams {
  /** Takes a place until `leave`; refuses with 429 or 503 when there is none. */
  enter(userId: UserId): { leave(): void }
  count(): number
}

export function createOpenStreams({ perUser = 50, inAll = 5_000 }: StreamLimits): OpenStreams {
  const open = new Map<UserId, number>()
  let all = 0
  return {
    enter(userId) {
      if (all >= inAll) throw problem('unavailable', { retryAfter: 30, detail: 'Too many streams are open.' })
      const own = open.get(userId) ?? 0
      if (own >= perUser)
        throw problem('rateLimited', { retryAfter: 30, detail: 'Too many streams of this user are open.' })
      open.set(userId, own + 1)
      all += 1
      let left = false
      return {
        leave() {
          if (left) return
          left = true
          all -= 1
          const rest = (open.get(userId) ?? 1) - 1
          if (rest === 0) open.delete(userId)
          else open.set(userId, rest)
        },
      }
    },
    count: () => all,
  }
}

/** Milliseconds a client waits before it comes again. */
const retryMs = 1_000

/**
 * Server-sent events: one message per event, `id` = its sequence. What comes without data (the beginning, signs of life)
 * still says the `id` to go on from. Ends when `stillAllowed` says no.
 */
export async function* framesOf(
  after: number,
  deliveries: AsyncIterable<Delivery>,
  stillAllowed: () => Promise<boolean>,
): AsyncGenerator<string> {
  yield `retry: ${retryMs}\nid: ${after}\n\n`
  for await (const { events, upTo } of deliveries) {
    if (!(await stillAllowed())) return
    for (const event of events) yield frameOf(event)
    if (events.length === 0) yield `id: ${upTo}\n: nothing new\n\n`
  }
}

function frameOf(event: LoggedEvent): string {
  return `id: ${event.sequence}\ndata: ${JSON.stringify(toEventView(event))}\n\n`
}
