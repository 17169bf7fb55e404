import { type Client, query, toTimestamptz } from '@synap/postgres'

export interface DailyCount {
  /** UTC, `YYYY-MM-DD`. */
  day: string
  type: string
  events: number
}

export interface HourlyCount {
  /** Where the hour begins, milliseconds since 1970. */
  hour: number
  type: string
  events: number
}

/** Days (UTC, `YYYY-MM-DD`), both included; what is left out does not bound. */
export interface DayRange {
  from?: string | undefined
  to?: string | undefined
  types?: readonly string[] | undefined
}

/** Exact, from the rollup; `logPlans` should be part of the transaction. Days and types without an event are left out. */
export async function countEvents(client: Client, { from, to, types }: DayRange): Promise<DailyCount[]> {
  const days = [from ?? '-infinity', to ?? 'infinity']
  return query<DailyCount>(client, {
    name: types === undefined ? 'log.own_counts' : 'log.own_counts_of_types',
    text: `select day, event_type as type, events from log.own_counts
      where day >= $1::date and day <= $2::date${types === undefined ? '' : ' and event_type = any ($3::text[])'}
      order by day, event_type`,
    values: types === undefined ? days : [...days, types],
  })
}

/** Of at most 31 days; `from` (milliseconds) is included, `to` is not. */
export async function countEventsByHour(
  client: Client,
  { from, to, types }: { from: number; to: number; types?: readonly string[] | undefined },
): Promise<HourlyCount[]> {
  return query<HourlyCount>(client, {
    name: 'log.count_events_by_hour',
    text: `select hour, event_type as type, events
           from log.count_events_by_hour($1::timestamptz, $2::timestamptz, $3::text[])`,
    values: [toTimestamptz(from), toTimestamptz(to), types ?? null],
  })
}
