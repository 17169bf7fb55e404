import type { AggregateId, EventId } from '@synap/core'
import { type Client, query, toTimestamptz } from '@synap/postgres'
import { type EventRow, type LoggedEvent, toLoggedEvent } from '../logged-event.ts'

/** What is left out does not filter. */
export interface EventFilter {
  types?: readonly string[] | undefined
  aggregateId?: AggregateId | undefined
  /** 32 hexadecimal characters. */
  correlationId?: string | undefined
  /** Milliseconds since 1970; `from` is included, `to` is not. */
  from?: number | undefined
  to?: number | undefined
}

/** Events in the order of the user's sequence. */
export interface EventPage {
  order: 'oldest' | 'newest'
  /** Sequences between these two, neither included. */
  above?: number | undefined
  below?: number | undefined
  limit: number
}

const time = (ms: number | undefined) => (ms === undefined ? null : toTimestamptz(ms))

/** Events of the transaction's user. */
export async function findEvents(
  client: Client,
  filter: EventFilter,
  page: EventPage,
): Promise<LoggedEvent[]> {
  const rows = await query<EventRow>(client, {
    name: 'log.find_events',
    text: `select * from log.find_events($1::text[], $2::uuid, $3::uuid, $4::timestamptz, $5::timestamptz, $6::bigint,
             $7::bigint, $8::boolean, $9::int)`,
    values: [
      filter.types ?? null,
      filter.aggregateId ?? null,
      filter.correlationId ?? null,
      time(filter.from),
      time(filter.to),
      page.above ?? null,
      page.below ?? null,
      page.order === 'newest',
      page.limit,
    ],
  })
  return rows.map(toLoggedEvent)
}

export async function findEvent(client: Client, id: EventId): Promise<LoggedEvent | undefined> {
  const [row] = await query<EventRow>(client, {
    name: 'log.event_by_id',
    text: 'select * from log.event_by_id($1::uuid)',
    values: [id],
  })
  return row === undefined ? undefined : toLoggedEvent(row)
}

/** The nearest cause first. */
export async function findCauses(client: Client, id: EventId): Promise<LoggedEvent[]> {
  const rows = await query<EventRow>(client, {
    name: 'log.causes_of',
    text: 'select * from log.causes_of($1::uuid)',
    values: [id],
  })
  return rows.map(toLoggedEvent)
}

/** One generation after the other. */
export async function findEffects(client: Client, id: EventId, limit: number): Promise<LoggedEvent[]> {
  const rows = await query<EventRow>(client, {
    name: 'log.effects_of',
    text: 'select * from log.effects_of($1::uuid, $2::int)',
    values: [id, limit],
  })
  return rows.map(toLoggedEvent)
}
