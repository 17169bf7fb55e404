import type { AggregateId, EventId } from '@synap/core'
import { type Client, query, type Statement, toTimestamptz } from '@synap/postgres'
import { type EventRow, type LoggedEvent, toLoggedEvent } from '../logged-event.ts'
import { hasFewChunks } from './has-few-chunks.ts'

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

/** Events of the transaction's user, of which `logPlans` should be part. */
export async function findEvents(
  client: Client,
  filter: EventFilter,
  page: EventPage,
): Promise<LoggedEvent[]> {
  const isPlain =
    filter.types === undefined && filter.aggregateId === undefined && filter.correlationId === undefined
  const statement = isPlain && (await hasFewChunks(client)) ? ofView(filter, page) : ofFunction(filter, page)
  return (await query<EventRow>(client, statement)).map(toLoggedEvent)
}

const columns = `event_id, sequence, event_type, aggregate_type, aggregate_id, version, user_id, occurred_at, source,
  correlation_id, causation_id, actor_kind, actor_id, delta, extra, schema_no`

const views = {
  oldest: { view: 'log.own_events', direction: 'asc' },
  newest: { view: 'log.own_events_newest', direction: 'desc' },
} as const

/** What it finds is sent while the next is read; looks into every chunk. */
function ofView({ from, to }: EventFilter, { order, above, below, limit }: EventPage): Statement {
  const { view, direction } = views[order]
  const page = [above ?? 0, below ?? Number.MAX_SAFE_INTEGER, limit]
  if (from === undefined && to === undefined) {
    return {
      name: view,
      text: `select ${columns} from ${view} where sequence > $1::bigint and sequence < $2::bigint
        order by sequence ${direction} limit $3::int`,
      values: page,
    }
  }
  return {
    name: `${view}_between`,
    // The log has an index of sequences and none of times: the days say which sequences a time can have.
    text: `with span as materialized (
          select min(first_sequence) as lowest, max(last_sequence) as highest from log.own_days
            where last_at >= $4::timestamptz and first_at < $5::timestamptz
              and day >= ($4::timestamptz at time zone 'UTC')::date and day <= ($5::timestamptz at time zone 'UTC')::date
        )
        select ${columns} from ${view}
          where sequence > $1::bigint and sequence < $2::bigint
            and sequence >= (select lowest from span) and sequence <= (select highest from span)
            and occurred_at >= $4::timestamptz and occurred_at < $5::timestamptz
          order by sequence ${direction} limit $3::int`,
    values: [
      ...page,
      from === undefined ? '-infinity' : toTimestamptz(from),
      to === undefined ? 'infinity' : toTimestamptz(to),
    ],
  }
}

const time = (ms: number | undefined) => (ms === undefined ? null : toTimestamptz(ms))

/** Finds out first which chunks hold the answer, and is planned for those alone. */
function ofFunction(filter: EventFilter, page: EventPage): Statement {
  return {
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
  }
}

/** Events of several aggregates as one list, newest first; those below a sequence. */
export async function findEventsOf(
  client: Client,
  aggregates: readonly AggregateId[],
  { below, limit }: Pick<EventPage, 'below' | 'limit'>,
): Promise<LoggedEvent[]> {
  const rows = await query<EventRow>(client, {
    name: 'log.events_of',
    text: 'select * from log.events_of($1::uuid[], $2::bigint, $3::int)',
    values: [aggregates, below ?? null, limit],
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
