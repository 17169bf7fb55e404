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
const most = 1_000_000

/** The questions of the log, as @synap/event-log asks them; whose they are is set for the connection. */
export const synapStatements: Statements = {
  range: {
    text: `select ${shown} from log.find_events(null, null, null, $1::timestamptz, $2::timestamptz, null, null, false, ${most})`,
    values: ({ from, to }) => [from, to],
  },
  count: {
    text: 'select day::text, event_type, events::int from log.count_events($1::date, $2::date, null)',
    values: ({ firstDay, lastDay }) => [firstDay, lastDay],
  },
  feed: {
    text: `select ${shown} from log.find_events(null, null, null, null, null, null, null, true, 50)`,
    values: () => [],
  },
  entity: {
    text: `select ${shown} from log.versions_of($1::uuid, null, null, null, 1000)`,
    values: ({ aggregateId }) => [aggregateId],
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
