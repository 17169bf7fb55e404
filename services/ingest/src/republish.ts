import type { RepublishRequest, RepublishResponse } from '@synap/contracts'
import { isUuid, type UserId } from '@synap/core'
import { problem } from '@synap/http'
import type { OutboundMessage, Publisher } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { keepMs } from './drop-outbox.ts'
import { findEvents } from './list-events.ts'
import type { SchemaBook } from './schema-book.ts'
import { type RepublishSpan, selectRepublishSpans } from './sql/outbox.ts'

export interface RepublishDependencies {
  pool: Pool
  schemas: SchemaBook
  publisher: Publisher
  topic: string
}

/** Events of one call, and users looked at. */
const maxEvents = 500
const maxUsers = 500

interface Place {
  userId: UserId | null
  /** The next sequence of that user. */
  sequence: number
}

/**
 * Publishes events again that were published before, in order per user, for a topic that lost them: from the outbox,
 * else made again from the log. Consumers drop what they have. Some hundred at a time; `next` goes on.
 */
export async function republish(
  { pool, schemas, publisher, topic }: RepublishDependencies,
  request: RepublishRequest,
  signal: AbortSignal,
): Promise<RepublishResponse> {
  const begin = parseCursor(request.cursor)
  const sinceMs = request.since === undefined ? null : Date.parse(request.since)
  const spans = await inTransaction(
    pool,
    (client) =>
      selectRepublishSpans(client, {
        user: request.user ?? null,
        after: begin.userId,
        sinceMs,
        // Whatever was published since then, the outbox still has.
        inOutbox: sinceMs !== null && sinceMs > Date.now() - keepMs,
        limit: maxUsers,
      }),
    { signal },
  )
  const found = { events: 0, absent: 0 }
  const messages: OutboundMessage[] = []
  let next: Place | null = null
  for (const span of spans) {
    const from = Math.max(
      span.from_sequence,
      request.fromSequence ?? 1,
      span.user_id === begin.userId ? begin.sequence : 1,
    )
    const to = Math.min(span.to_sequence, from + maxEvents - found.events - found.absent - 1)
    const reached = to < from ? from - 1 : await take(span, from, to)
    if (reached < span.to_sequence) {
      next = { userId: span.user_id, sequence: reached + 1 }
      break
    }
  }
  if (messages.length > 0) await publisher.publish(topic, messages, signal)
  const lastUser = spans.at(-1)?.user_id
  if (next === null && spans.length === maxUsers && lastUser !== undefined) {
    next = { userId: lastUser, sequence: Number.MAX_SAFE_INTEGER }
  }
  return { ...found, next: next === null ? null : `${next.userId}:${next.sequence}` }

  /** How far it came; less than `to` while the log cannot be asked. */
  async function take({ user_id: user }: RepublishSpan, from: number, to: number): Promise<number> {
    if (request.dryRun === true) {
      found.events += to - from + 1
      return to
    }
    const events = await findEvents(pool, schemas, { user, from, to })
    for (const { message } of events) {
      if (message === null) found.absent += 1
      else {
        found.events += 1
        messages.push(message)
      }
    }
    return events.at(-1)?.sequence ?? from - 1
  }
}

function parseCursor(text: string | undefined): Place {
  if (text === undefined) return { userId: null, sequence: 1 }
  const [userId = '', sequence = ''] = text.split(':')
  if (isUuid(userId) && /^[0-9]{1,16}$/.test(sequence)) {
    return { userId: userId as UserId, sequence: Number(sequence) }
  }
  throw problem('validation', { errors: [{ path: 'body.cursor', message: 'is not one of ours' }] })
}
