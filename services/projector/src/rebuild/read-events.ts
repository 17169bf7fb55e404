import { aggregateTypeOf, eventTypes, type JsonObject } from '@synap/contracts'
import type { AggregateId, EventId, UserId } from '@synap/core'
import { findSchemas, type LoggedEvent } from '@synap/event-log'
import { type Client, execute, query } from '@synap/postgres'

/** A user and the sequence up to which the log has everything of theirs. */
export interface UserCut {
  userId: string
  upTo: number
}

/** Events in memory at once. */
const pageLength = 2_000
const cursor = 'rebuild_events'
/** No read model keeps anything of these: they are counted, and never leave the server. */
const countedTypes = eventTypes.filter((type) => aggregateTypeOf(type) === 'analysis')

/** What a fold needs of an event; its type is that of its schema. */
export type FoldedEvent = Omit<LoggedEvent, 'type' | 'aggregateType'>

export interface EventPage {
  /** How many events the log has of the users that begin on this page, up to their cuts. */
  counts: readonly { userId: string; events: number }[]
  events: readonly FoldedEvent[]
}

/** An event; or, as the first row of a user, who it is and in `sequence` how many events the log has. */
interface Row {
  user_id: UserId | null
  event_id: EventId
  sequence: number
  aggregate_id: AggregateId
  version: number
  occurred_at: number
  source: string
  actor_kind: string
  actor_id: string | null
  delta: JsonObject
  extra: JsonObject | null
  schema_no: number
}

/**
 * The events of these users up to their cuts, in pages, in the caller's transaction: user by user, of each first those
 * of the user's own aggregate, then the entities, then the relations, then the rest; each aggregate's in the order of
 * its versions. The server sorts, on its disk where it has to, so nothing here grows with the log. Events of analyses
 * are only counted. Correlation and cause are left out (zero, and none): no row comes of them. Between two pages the
 * connection may be used for other things.
 */
export async function* readEvents(client: Client, cuts: readonly UserCut[]): AsyncGenerator<EventPage> {
  await query(client, { text: `select set_config('work_mem', '64MB', true)` })
  await execute(client, {
    // The log answers about the user of the transaction: `s.me` makes each call wait for its own user to be set. Each
    // user's events are sorted by themselves, which is less work than to sort all at once.
    text: `
      declare ${cursor} no scroll cursor for
      select e.user_id, e.event_id, e.sequence, e.aggregate_id, e.version, e.occurred_at, e.source, e.actor_kind,
        e.actor_id, e.delta, e.extra, e.schema_no
      from unnest($1::uuid[], $2::bigint[]) as u (id, up_to)
      cross join lateral (select set_config('synap.user_id', u.id::text, true) as me) as s
      cross join lateral (
        with logged as materialized (
          select * from log.find_events(null, null, null, null, null, length(s.me) - 36, u.up_to + 1, false, 2147483647)
        )
        select u.id as user_id, null::uuid as event_id, count(*) as sequence, null::uuid as aggregate_id,
          null::int as version, null::bigint as occurred_at, null as source, null as actor_kind, null::uuid as actor_id,
          null::jsonb as delta, null::jsonb as extra, null::int as schema_no, -1 as rank
        from logged
        union all
        select null, event_id, sequence, aggregate_id, version, (date_part('epoch', occurred_at) * 1000)::bigint, source,
          actor_kind, actor_id, delta, extra, schema_no,
          case aggregate_type when 'user' then 0 when 'entity' then 1 when 'relation' then 2 else 3 end
        from logged where event_type <> all ($3::text[])
        order by rank, aggregate_id, version
      ) as e`,
    values: [cuts.map(({ userId }) => userId), cuts.map(({ upTo }) => upTo), countedTypes],
  })
  let userId: UserId | undefined
  try {
    for (;;) {
      const rows = await query<Row>(client, { text: `fetch ${pageLength} from ${cursor}` })
      const page = { counts: [] as { userId: string; events: number }[], events: [] as FoldedEvent[] }
      for (const row of rows) {
        userId = row.user_id ?? userId
        if (userId === undefined) throw new TypeError('the log answered about nobody')
        if (row.user_id === null) page.events.push(toEvent(row, userId))
        else page.counts.push({ userId, events: row.sequence })
      }
      if (rows.length > 0) yield page
      if (rows.length < pageLength) return
    }
  } finally {
    await execute(client, { text: `close ${cursor}` }).catch(() => undefined)
  }
}

const noTrace = '0'.repeat(32)

function toEvent(row: Row, userId: UserId): FoldedEvent {
  return {
    id: row.event_id,
    userId,
    aggregateId: row.aggregate_id,
    version: row.version,
    sequence: row.sequence,
    occurredAt: row.occurred_at,
    source: row.source,
    correlationId: noTrace,
    causationId: null,
    actor: { kind: row.actor_kind, id: row.actor_id },
    delta: row.delta,
    extra: row.extra,
    schemaNo: row.schema_no,
  }
}

/** The lowest sequence up to the cut that the log does not have, and that was not given up; undefined when none is. */
export async function findFirstHole(
  client: Client,
  { userId, upTo }: UserCut,
  discarded: ReadonlySet<number>,
): Promise<number | undefined> {
  await query(client, { text: `select set_config('synap.user_id', $1::text, true)`, values: [userId] })
  let expected = 1
  for (let above = 0; above < upTo; ) {
    const rows = await query<{ sequence: number }>(client, {
      text: `
        select sequence from log.find_events(null, null, null, null, null, $1::bigint, $2::bigint, false, $3::int)
        order by sequence`,
      values: [above, upTo + 1, pageLength],
    })
    for (const { sequence } of rows) {
      while (expected < sequence && discarded.has(expected)) expected += 1
      if (expected < sequence) return expected
      expected = sequence + 1
    }
    if (rows.length < pageLength) break
    above = rows.at(-1)?.sequence ?? upTo
  }
  while (expected <= upTo && discarded.has(expected)) expected += 1
  return expected <= upTo ? expected : undefined
}

/** Texts of the schemas that events were written with, each asked for once. */
export function createSchemaTexts() {
  const texts = new Map<number, string>()
  return async (client: Client, events: readonly FoldedEvent[]): Promise<ReadonlyMap<number, string>> => {
    const lacking = [...new Set(events.map(({ schemaNo }) => schemaNo))].filter((no) => !texts.has(no))
    if (lacking.length > 0) for (const [no, text] of await findSchemas(client, lacking)) texts.set(no, text)
    return texts
  }
}
