import { aggregateTypeOf, eventTypes, type JsonObject } from '@synap/contracts'
import type { AggregateId, EventId, UserId } from '@synap/core'
import { findSchemas, type LoggedEvent } from '@synap/event-log'
import { type Client, execute, query } from '@synap/postgres'

/** A user and the sequence up to which the log has everything of theirs. */
export interface UserCut {
  userId: string
  upTo: number
}

/** Events of an aggregate in one row, and rows in memory at once: most aggregates have a few events. */
const rowLength = 64
const pageLength = 500
/** Sequences that are looked at at once for one that is not there. */
const holesPage = 2_000
const cursor = 'rebuild_events'
/** No read model keeps anything of these: they are counted, and never leave the server. */
const countedTypes = eventTypes.filter((type) => aggregateTypeOf(type) === 'analysis')

/** What a fold needs of an event; its type is that of its schema. */
export type FoldedEvent = Omit<LoggedEvent, 'type' | 'aggregateType'>

/** Events of one aggregate; none where the user has only such as are counted. */
export interface WrittenEvents {
  user_id: UserId
  /** How many events the log has of the user up to the cut. */
  logged: number
  aggregate_id: AggregateId | null
  /** A list of `WrittenEvent`, as JSON: one text is read in a fraction of the time that the columns of its events take. */
  events: string | null
}

type WrittenEvent = readonly [
  id: EventId,
  sequence: number,
  version: number,
  occurredAt: number,
  source: string,
  actorKind: string,
  schemaNo: number,
  delta: JsonObject,
  extra: JsonObject | null,
]

/**
 * The events of these users up to their cuts, in pages, in the caller's transaction: user by user, of each first those
 * of the user's own aggregate, then the entities, then the relations, then the rest; each aggregate's in the order of
 * its versions. The server sorts, on its disk where it has to, so nothing here grows with the log. Events of analyses
 * are only counted. Correlation, cause and the id of the actor are left out (zero, and none): no row comes of them.
 * Between two pages the connection may be used for other things.
 */
export async function* readEvents(
  client: Client,
  cuts: readonly UserCut[],
): AsyncGenerator<readonly WrittenEvents[]> {
  await execute(client, {
    // The log answers about the user of the transaction: `s.me` makes each call wait for its own user to be set. Each
    // user's events are sorted by themselves, which is less work than to sort all at once.
    text: `
      declare ${cursor} no scroll cursor for
      select u.id as user_id, e.logged, e.aggregate_id, e.events
      from unnest($1::uuid[], $2::bigint[]) as u (id, up_to)
      cross join lateral (select set_config('synap.user_id', u.id::text, true) as me) as s
      cross join lateral (
        with logged as materialized (
          select * from log.find_events(null, null, null, null, null, length(s.me) - 36, u.up_to + 1, false, 2147483647)
        )
        select counted.logged, written.aggregate_id, written.events
        from (select count(*) as logged from logged) as counted
        left join lateral (
          select aggregate_id, concat('[', string_agg(concat(
              '["', event_id, '",', sequence, ',', version, ',', (date_part('epoch', occurred_at) * 1000)::bigint, ',',
              to_json(source), ',', to_json(actor_kind), ',', schema_no, ',', delta, ',', coalesce(extra::text, 'null'), ']'
            ), ',' order by version), ']') as events
          from (
            select *, version / ${rowLength} as part,
              case aggregate_type when 'user' then 0 when 'entity' then 1 when 'relation' then 2 else 3 end as rank
            from logged where event_type <> all ($3::text[])
          ) as ranked
          group by rank, aggregate_id, part
          order by rank, aggregate_id, part
        ) as written on true
      ) as e`,
    values: [cuts.map(({ userId }) => userId), cuts.map(({ upTo }) => upTo), countedTypes],
  })
  try {
    for (;;) {
      const rows = await query<WrittenEvents>(client, { text: `fetch ${pageLength} from ${cursor}` })
      if (rows.length > 0) yield rows
      if (rows.length < pageLength) return
    }
  } finally {
    await execute(client, { text: `close ${cursor}` }).catch(() => undefined)
  }
}

/** Read when it is their turn: what waits in memory is text. */
export function* eventsOf(row: WrittenEvents): Generator<FoldedEvent> {
  const { user_id: userId, aggregate_id: aggregateId, events } = row
  if (aggregateId === null || events === null) return
  for (const one of JSON.parse(events) as readonly WrittenEvent[]) yield toEvent(one, userId, aggregateId)
}

const noTrace = '0'.repeat(32)

function toEvent(written: WrittenEvent, userId: UserId, aggregateId: AggregateId): FoldedEvent {
  const [id, sequence, version, occurredAt, source, kind, schemaNo, delta, extra] = written
  return {
    id,
    userId,
    aggregateId,
    version,
    sequence,
    occurredAt,
    source,
    correlationId: noTrace,
    causationId: null,
    actor: { kind, id: null },
    delta,
    extra,
    schemaNo,
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
      values: [above, upTo + 1, holesPage],
    })
    for (const { sequence } of rows) {
      while (expected < sequence && discarded.has(expected)) expected += 1
      if (expected < sequence) return expected
      expected = sequence + 1
    }
    if (rows.length < holesPage) break
    above = rows.at(-1)?.sequence ?? upTo
  }
  while (expected <= upTo && discarded.has(expected)) expected += 1
  return expected <= upTo ? expected : undefined
}

/** Texts of the schemas that events were written with, by their numbers; each is asked for once. */
export function createSchemaTexts(client: Client) {
  const texts = new Map<number, string>()
  return {
    known: (no: number): string | undefined => texts.get(no),
    async find(no: number): Promise<string> {
      for (const [found, text] of await findSchemas(client, [no])) texts.set(found, text)
      return texts.get(no) ?? ''
    },
  }
}
