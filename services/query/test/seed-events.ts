import { avscOf, type EventType, eventTypes } from '@synap/contracts'
import { type UserId, uuidv7 } from '@synap/core'
import { type Client, execute, type Pool, query, toTimestamptz, transaction } from '@synap/postgres'

const isEventType = (type: string): type is EventType => (eventTypes as readonly string[]).includes(type)

export interface SeededEvent {
  id?: string
  type?: string
  aggregateType?: string
  aggregateId?: string
  version?: number
  delta?: Record<string, unknown>
  /** Milliseconds since 1970. */
  at?: number
  source?: string
  correlationId?: string
  causationId?: string
  actorKind?: string
}

export interface LoggedSeed {
  id: string
  sequence: number
  aggregateId: string
}

/** Writes what the events-writer would have written, with the next sequences of the user, and tells those who wait. */
export async function seedEvents(
  pool: Pool,
  userId: UserId,
  events: readonly SeededEvent[],
): Promise<LoggedSeed[]> {
  return transaction(pool, { role: 'synap_events_writer' }, async (client) => {
    const [position] = await query<{ seen: number }>(client, {
      text: `insert into log.user_positions (user_id, seen) values ($1, 0)
             on conflict (user_id) do update set updated_at = now() returning seen`,
      values: [userId],
    })
    const first = (position?.seen ?? 0) + 1
    const written: LoggedSeed[] = []
    for (const [index, event] of events.entries()) {
      written.push(await seedEvent(client, userId, first + index, event))
    }
    await execute(client, {
      text: 'update log.user_positions set seen = $2 where user_id = $1',
      values: [userId, first + events.length - 1],
    })
    await execute(client, { text: 'notify log_positions' })
    return written
  })
}

/** One event with all that is kept about it; the position is the caller's. */
export async function seedEvent(
  client: Client,
  userId: UserId,
  sequence: number,
  event: SeededEvent,
): Promise<LoggedSeed> {
  const {
    id = uuidv7(),
    type = 'entity.created',
    aggregateType = 'entity',
    aggregateId = uuidv7(),
    version = 1,
    at = Date.UTC(2026, 10, 20, 12) + sequence * 1_000,
  } = event
  const time = toTimestamptz(at)
  const run = (text: string, values: unknown[]) => execute(client, { text, values })
  await run(
    `insert into log.schemas (fingerprint, schema_id, schema, event_type, aggregate_type)
     values (sha256(convert_to($1::text, 'UTF8')), 1, $3, $1::text, $2) on conflict do nothing`,
    [type, aggregateType, isEventType(type) ? avscOf(type) : '{}'],
  )
  await run(
    `insert into log.events (occurred_at, event_id, user_id, sequence, aggregate_id, version, schema_no, event_type,
       source, actor_kind, correlation_id, causation_id, delta)
     select $1, $2, $3, $4, $5, $6, s.no, $7::text, $8, $9, $10::uuid, $11, $12
       from log.schemas s where s.fingerprint = sha256(convert_to($7::text, 'UTF8'))`,
    [
      time,
      id,
      userId,
      sequence,
      aggregateId,
      version,
      type,
      event.source ?? 'api',
      event.actorKind ?? 'user',
      event.correlationId ?? uuidv7().replaceAll('-', ''),
      event.causationId ?? null,
      JSON.stringify(event.delta ?? { type: 'note', title: null }),
    ],
  )
  await run(
    `insert into log.user_days as d values ($1, ($2::timestamptz at time zone 'UTC')::date, $3, $3, $2, $2)
     on conflict (user_id, day) do update set first_sequence = least(d.first_sequence, $3),
       last_sequence = greatest(d.last_sequence, $3), first_at = least(d.first_at, $2), last_at = greatest(d.last_at, $2)`,
    [userId, time, sequence],
  )
  await run(
    `insert into log.aggregates as a values ($1, $2, $3, $4, $5, $5, $6, $6)
     on conflict (aggregate_id) do update set version = greatest(a.version, $4),
       last_sequence = greatest(a.last_sequence, $5), last_at = greatest(a.last_at, $6)`,
    [aggregateId, userId, aggregateType, version, sequence, time],
  )
  await run(
    `insert into log.daily_counts as c values ($1, ($2::timestamptz at time zone 'UTC')::date, $3, 1)
     on conflict (user_id, day, event_type) do update set events = c.events + 1`,
    [userId, time, type],
  )
  return { id, sequence, aggregateId }
}

/** Leaves the place of one event open: it counts as seen, and may still turn up. */
export async function openSlot(
  pool: Pool,
  userId: UserId,
  slot: { sequence: number; aggregateId?: string },
): Promise<void> {
  await transaction(pool, { role: 'synap_events_writer' }, async (client) => {
    await execute(client, {
      text: `insert into log.parked (user_id, aggregate_id, sequence, version, reason, slot)
             values ($1, $2, $3, 1, 'undecodable', true)`,
      values: [userId, slot.aggregateId ?? null, slot.sequence],
    })
    await execute(client, {
      text: `insert into log.user_positions as p (user_id, seen) values ($1, $2)
             on conflict (user_id) do update set seen = greatest(p.seen, excluded.seen)`,
      values: [userId, slot.sequence],
    })
  })
}

/** The event turned up, or (without one) was given up. */
export async function closeSlot(
  pool: Pool,
  userId: UserId,
  sequence: number,
  event?: SeededEvent,
): Promise<void> {
  await transaction(pool, { role: 'synap_events_writer' }, async (client) => {
    if (event !== undefined) await seedEvent(client, userId, sequence, event)
    await execute(client, {
      text: `update log.parked set state = $3 where user_id = $1 and sequence = $2`,
      values: [userId, sequence, event === undefined ? 'discarded' : 'applied'],
    })
    await execute(client, { text: 'notify log_positions' })
  })
}
