import type { SynapEvent } from '@synap/contracts'
import { eventHeaders } from '@synap/contracts'
import type { Inbox } from '@synap/inbox'
import { createInbox } from '@synap/inbox'
import { type InboundMessage, silentLogger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { readModelOf } from '../src/config.ts'
import { projectionOf } from '../src/events-consumer.ts'

const fingerprint = 'f'.repeat(64)

/** Messages as the events topic would hold them, at offsets from `first`; the payload is the event's id. */
export function toMessages(topic: string, events: readonly SynapEvent[], first = 0): InboundMessage[] {
  return events.map((event, index) => ({
    topic,
    partition: 0,
    offset: BigInt(first + index),
    key: event.userId,
    value: Buffer.from(event.id),
    headers: eventHeaders(event, fingerprint),
    timestamp: event.occurredAt,
  }))
}

export interface Feed {
  inbox: Inbox
  /** Delivers messages as one batch. */
  deliver(messages: readonly InboundMessage[]): Promise<void>
}

/**
 * The projector's inbox fed by hand: everything real but the wire format. `known` are all events there are; ingest has
 * none to give, unless `fetchable` says so. Types listed in `unknown` are of tomorrow.
 * `readModel`: its number, 1 unless given; `from`: the offset it goes on at.
 */
export async function createFeed(
  pool: Pool,
  topic: string,
  known: readonly SynapEvent[],
  options: { fetchable?: boolean; unknown?: ReadonlySet<string>; readModel?: number; from?: number } = {},
): Promise<Feed> {
  const byId = new Map<string, SynapEvent>(known.map((event) => [event.id, event]))
  const inbox = createInbox<SynapEvent>({
    ...projectionOf(readModelOf(options.readModel ?? 1)),
    pool,
    logger: silentLogger,
    readAt: () => Promise.resolve(undefined),
    decode: (value) => {
      const event = byId.get(String(value))
      if (event === undefined) return Promise.resolve({ ok: false, reason: 'undecodable', detail: 'unknown' })
      const { id, type, userId, aggregateId, version, sequence } = event
      return Promise.resolve({
        ok: true,
        event,
        known: options.unknown?.has(type) !== true,
        schema: { id: 1, fingerprint, text: '' },
        envelope: { id, type, userId, aggregateId, version, sequence },
      })
    },
    fetchEvents: (userId, from, to) =>
      Promise.resolve(
        Array.from({ length: to - from + 1 }, (_, index) => {
          const sequence = from + index
          const event = known.find((one) => one.userId === userId && one.sequence === sequence)
          if (options.fetchable !== true || event === undefined)
            return { sequence, status: 'absent' as const }
          const headers = eventHeaders(event, fingerprint)
          return { sequence, status: 'present' as const, key: userId, value: Buffer.from(event.id), headers }
        }),
      ),
    fetchHeads: () => Promise.resolve({ items: [], next: null }),
    haltShare: 1,
  })
  const start = { low: BigInt(options.from ?? 0), high: BigInt(options.from ?? 0) }
  await inbox.resumeAt(topic, 0, start)
  const context = { signal: new AbortController().signal, heartbeat: () => Promise.resolve() }
  return {
    inbox,
    deliver: (messages) =>
      inbox.handle({ topic, partition: 0, messages, highWatermark: BigInt(known.length) }, context),
  }
}
