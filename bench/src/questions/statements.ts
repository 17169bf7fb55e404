import type { Asked, PeerTable } from './tables.ts'

export const questions = ['range', 'count', 'feed', 'entity'] as const
export type Question = (typeof questions)[number]

export const questionNames: Readonly<Record<Question, string>> = {
  range: "a user's events of seven days",
  count: "a user's events of seven days, counted by day and type",
  feed: "a user's newest 50 events",
  entity: 'all events of one entity',
}

export interface Statement {
  text: string
  values: (asked: Asked) => unknown[]
}

type Statements = Readonly<Record<Question, Statement>>

const shown = 'event_id, sequence, event_type, aggregate_id, version, occurred_at, delta'
/** More than there are of anything. */
const most = 1_000_000_000

/** The questions of the log, as @synap/event-log asks them, in transactions with its `logPlans`; of the columns those that are compared. */
export const synapStatements: Statements = {
  range: {
    text: `with span as materialized (
        select min(first_sequence) as lowest, max(last_sequence) as highest from log.own_days
          where last_at >= $4::timestamptz and first_at < $5::timestamptz
            and day >= ($4::timestamptz at time zone 'UTC')::date and day <= ($5::timestamptz at time zone 'UTC')::date
      )
      select ${shown} from log.own_events
        where sequence > $1::bigint and sequence < $2::bigint
          and sequence >= (select lowest from span) and sequence <= (select highest from span)
          and occurred_at >= $4::timestamptz and occurred_at < $5::timestamptz
        order by sequence limit $3::int`,
    values: ({ from, to }) => [0, most, most, from, to],
  },
  count: {
    text: `select day::text, event_type, events::int from log.own_counts where day >= $1::date and day <= $2::date
      order by day, event_type`,
    values: ({ firstDay, lastDay }) => [firstDay, lastDay],
  },
  feed: {
    text: `select ${shown} from log.own_events_newest where sequence > $1::bigint and sequence < $2::bigint
      order by sequence desc limit $3::int`,
    values: () => [0, most, 50],
  },
  entity: {
    text: `select ${shown} from log.own_versions where aggregate_id = $1::uuid order by version limit $2::int`,
    values: ({ aggregateId }) => [aggregateId, 1_000],
  },
}

const ofTable = (table: string): Statements => ({
  range: {
    text: `select ${shown} from ${table} where user_id = $1 and occurred_at >= $2 and occurred_at < $3 order by sequence`,
    values: ({ userId, from, to }) => [userId, from, to],
  },
  count: {
    text: `select (occurred_at at time zone 'UTC')::date::text as day, event_type, count(*)::int as events from ${table}
      where user_id = $1 and occurred_at >= $2 and occurred_at < $3 group by 1, 2 order by 1, 2`,
    values: ({ userId, from, to }) => [userId, from, to],
  },
  feed: {
    text: `select ${shown} from ${table} where user_id = $1 order by sequence desc limit 50`,
    values: ({ userId }) => [userId],
  },
  entity: {
    text: `select ${shown} from ${table} where aggregate_id = $1 and user_id = $2 order by version`,
    values: ({ aggregateId, userId }) => [aggregateId, userId],
  },
})

export const peerStatements = (table: PeerTable): Statements => ofTable(`bench.${table}`)

/** Index-only scans; the count reads the rows of the rollup alone. */
export const limitStatements: Statements = {
  ...ofTable('bench.covered'),
  count: {
    text: `select day::text, event_type, events::int from bench.rollup
      where user_id = $1 and day between $2::date and $3::date order by day, event_type`,
    values: ({ userId, firstDay, lastDay }) => [userId, firstDay, lastDay],
  },
}
