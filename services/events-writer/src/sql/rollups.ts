import { type Client, execute, toTimestamptz } from '@synap/postgres'

/** What a group of events spans. Times are milliseconds since 1970. */
export interface Span {
  firstSequence: number
  lastSequence: number
  firstAt: number
  lastAt: number
}

export interface UserDay extends Span {
  userId: string
  day: string
}

export interface AggregateSpan extends Span {
  userId: string
  aggregateId: string
  aggregateType: string
  version: number
}

export interface DailyCount {
  userId: string
  day: string
  eventType: string
  events: number
}

export async function widenUserDays(client: Client, days: readonly UserDay[]): Promise<void> {
  await execute(client, {
    name: 'log.widen_user_days',
    text: `insert into log.user_days as d (user_id, day, first_sequence, last_sequence, first_at, last_at)
           select * from unnest($1::uuid[], $2::date[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
           on conflict (user_id, day) do update set
             first_sequence = least(d.first_sequence, excluded.first_sequence),
             last_sequence = greatest(d.last_sequence, excluded.last_sequence),
             first_at = least(d.first_at, excluded.first_at),
             last_at = greatest(d.last_at, excluded.last_at)`,
    values: [days.map((day) => day.userId), days.map((day) => day.day), ...spanArrays(days)],
  })
}

/** An aggregate stays its first user's: an id that a stranger's event claims does not move it. */
export async function widenAggregates(client: Client, aggregates: readonly AggregateSpan[]): Promise<void> {
  await execute(client, {
    name: 'log.widen_aggregates',
    text: `insert into log.aggregates as a (aggregate_id, user_id, aggregate_type, version,
             first_sequence, last_sequence, first_at, last_at)
           select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[],
             $5::bigint[], $6::bigint[], $7::timestamptz[], $8::timestamptz[])
           on conflict (aggregate_id) do update set
             version = greatest(a.version, excluded.version),
             first_sequence = least(a.first_sequence, excluded.first_sequence),
             last_sequence = greatest(a.last_sequence, excluded.last_sequence),
             first_at = least(a.first_at, excluded.first_at),
             last_at = greatest(a.last_at, excluded.last_at),
             logged_at = now()
           where a.user_id = excluded.user_id`,
    values: [
      aggregates.map((aggregate) => aggregate.aggregateId),
      aggregates.map((aggregate) => aggregate.userId),
      aggregates.map((aggregate) => aggregate.aggregateType),
      aggregates.map((aggregate) => aggregate.version),
      ...spanArrays(aggregates),
    ],
  })
}

export async function addDailyCounts(client: Client, counts: readonly DailyCount[]): Promise<void> {
  await execute(client, {
    name: 'log.add_daily_counts',
    text: `insert into log.daily_counts as c (user_id, day, event_type, events)
           select * from unnest($1::uuid[], $2::date[], $3::text[], $4::bigint[])
           on conflict (user_id, day, event_type) do update set events = c.events + excluded.events`,
    values: [
      counts.map((count) => count.userId),
      counts.map((count) => count.day),
      counts.map((count) => count.eventType),
      counts.map((count) => count.events),
    ],
  })
}

function spanArrays(spans: readonly Span[]): unknown[] {
  return [
    spans.map((span) => span.firstSequence),
    spans.map((span) => span.lastSequence),
    spans.map((span) => toTimestamptz(span.firstAt)),
    spans.map((span) => toTimestamptz(span.lastAt)),
  ]
}
