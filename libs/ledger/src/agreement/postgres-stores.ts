import type { UserId } from '@synap/core'
import { type Pool, query, toTimestamptz, transaction } from '@synap/postgres'
import { inActiveReadModel } from '../active-read-model.ts'
import type { LogRow, OutboxRow, Slot } from './place.ts'
import type { LedgerStores, Placed, Position, ReadPosition, ReadRow, Span, UserPage } from './stores.ts'

const pageSize = 2_000

/**
 * The stores as their owners show them to operators. The login of the pool may take the role `synap_operator`; each
 * question is a transaction of its own, so one connection is enough and nothing is held.
 */
export function createPostgresStores(pool: Pool, signal: AbortSignal): LedgerStores {
  const ask = <T>(text: string, values: readonly unknown[]): Promise<T[]> =>
    transaction(
      pool,
      { role: 'synap_operator' },
      async (client) => query<T>(client, { text: await inActiveReadModel(client, text), values }),
      { isolation: 'repeatable read', signal, readOnly: true },
    )
  return { ...eventStores(ask), ...readModelStore(ask) }
}

const ofUsers = <T>(ask: Ask, from: string, { user, after, limit }: UserPage) =>
  ask<T>(`select ${from}($1::uuid, $2::uuid, $3::int)`, [user, after, limit])

const ofSpans = <T>(ask: Ask, from: string, spans: readonly Span[]) =>
  ask<T>(`select * from ${from}($1::uuid[], $2::bigint[], $3::bigint[])`, [
    spans.map(({ userId }) => userId),
    spans.map(({ from: first }) => first),
    spans.map(({ to }) => to),
  ])

type ReadModelStore =
  | 'readPositions'
  | 'readSlots'
  | 'readVersions'
  | 'readCounts'
  | 'readAggregates'
  | 'parked'

function eventStores(ask: Ask): Omit<LedgerStores, ReadModelStore> {
  return {
    async moment() {
      const [row] = await ask<{ now: number; reconciled_at: number | null }>(
        'select now, reconciled_at from write.ledger_clock()',
        [],
      )
      return { now: row?.now ?? 0, reconciledAt: row?.reconciled_at ?? null }
    },
    heads: (page) => ofUsers<Position>(ask, 'user_id as "userId", sequence from write.ledger_heads', page),
    logPositions: (page) =>
      ofUsers<Position>(ask, 'user_id as "userId", seen as sequence from log.ledger_positions', page),
    outboxRows: async (spans) => (await ofSpans<EventRow>(ask, 'write.ledger_rows', spans)).map(outboxRowOf),
    logRows: async (spans) => (await ofSpans<EventRow>(ask, 'log.ledger_rows', spans)).map(logRowOf),
    logSlots: async (spans) => (await ofSpans<SlotRow>(ask, 'log.ledger_slots', spans)).map(slotOf),
    async oldest(places) {
      const users = places.map(({ userId }) => userId)
      const sequences = places.map(({ sequence }) => sequence)
      const [row] = await ask<{ oldest: number | null }>(
        'select write.ledger_oldest($1::uuid[], $2::bigint[]) as oldest',
        [users, sequences],
      )
      return row?.oldest ?? null
    },
  }
}

function readModelStore(ask: Ask): Pick<LedgerStores, ReadModelStore> {
  return {
    readPositions: (page) =>
      ofUsers<ReadPosition>(
        ask,
        'user_id as "userId", seen as sequence, erased from {read}.ledger_positions',
        page,
      ),
    readSlots: async (spans) => (await ofSpans<SlotRow>(ask, '{read}.ledger_slots', spans)).map(slotOf),
    readVersions: (aggregates, ends) =>
      ask<ReadRow>(
        `select aggregate_id as "aggregateId", user_id as "userId", coalesce(version, 0) as version, sequence, purged
         from {read}.ledger_versions($1::uuid[], $2::uuid[])`,
        [aggregates, ends],
      ),
    async readCounts(users) {
      const rows = await ask<{ user_id: UserId; aggregates: number }>(
        'select user_id, aggregates from {read}.ledger_counts($1::uuid[])',
        [users],
      )
      return new Map(rows.map((row) => [row.user_id, row.aggregates]))
    },
    async parked(store) {
      const schema = store === 'log' ? 'log' : '{read}'
      const rows = await ask<{ reason: string; events: number }>(
        `select reason, events from ${schema}.ledger_parked()`,
        [],
      )
      return new Map(rows.map(({ reason, events }) => [reason, events]))
    },
    readAggregates: (user) => readAggregates(ask, user),
  }
}

type Ask = <T>(text: string, values: readonly unknown[]) => Promise<T[]>

async function* readAggregates(ask: Ask, userId: UserId): AsyncGenerator<Omit<ReadRow, 'purged'>[]> {
  const columns = 'aggregate_id as "aggregateId", version, sequence, placed'
  for (const [name, type] of [
    ['entities', 'timestamptz'],
    ['relations', 'uuid'],
  ] as const) {
    let last: AggregateRow | undefined
    do {
      const placed = typeof last?.placed === 'number' ? toTimestamptz(last.placed) : (last?.placed ?? null)
      const rows: AggregateRow[] = await ask(
        `select ${columns} from {read}.ledger_${name}($1::uuid, $2::${type}, $3::uuid, $4::int)`,
        [userId, placed, last?.aggregateId ?? null, pageSize],
      )
      yield rows.map(({ aggregateId, version, sequence }) => ({ aggregateId, userId, version, sequence }))
      last = rows.length < pageSize ? undefined : rows.at(-1)
    } while (last !== undefined)
  }
}

interface AggregateRow {
  aggregateId: string
  version: number
  sequence: number
  placed: number | string
}

interface EventRow {
  user_id: UserId
  sequence: number
  event_id: string
  aggregate_id: string
  aggregate_type: string
  version: number
  created_at: number
  published_at: number | null
  ends: string[] | null
}

interface SlotRow {
  user_id: UserId
  sequence: number
  state: string
  reason: string
  event_id: string | null
  aggregate_id: string | null
  version: number | null
  bytes: boolean
}

const eventAt = (row: EventRow) => ({
  userId: row.user_id,
  sequence: row.sequence,
  eventId: row.event_id,
  aggregateId: row.aggregate_id,
  aggregateType: row.aggregate_type,
  version: row.version,
})

const outboxRowOf = (row: EventRow): Placed<OutboxRow> => ({
  ...eventAt(row),
  createdAt: row.created_at,
  publishedAt: row.published_at,
})

const logRowOf = (row: EventRow): Placed<LogRow> => ({ ...eventAt(row), ends: row.ends })

function slotOf(row: SlotRow): Placed<Slot> {
  const { user_id: userId, sequence, reason, event_id: eventId, aggregate_id: aggregateId, version } = row
  const isKnown = eventId !== null && aggregateId !== null && version !== null
  return {
    userId,
    sequence,
    reason,
    isDiscarded: row.state === 'discarded',
    hasBytes: row.bytes,
    event: isKnown ? { eventId, aggregateId, version, aggregateType: null } : null,
  }
}
