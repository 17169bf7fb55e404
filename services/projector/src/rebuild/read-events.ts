import { type EventRow, findSchemas, type LoggedEvent, toLoggedEvent } from '@synap/event-log'
import { type Client, execute, query } from '@synap/postgres'

/** A user and the sequence up to which the log has everything of theirs. */
export interface UserCut {
  userId: string
  upTo: number
}

/** Events in memory at once. */
const pageLength = 2_000
const cursor = 'rebuild_events'

/**
 * The events of these users up to their cuts, in pages, in the caller's transaction: user by user, of each first those
 * of the user's own aggregate, then the entities, then the relations, then the rest; each aggregate's in the order of
 * its versions. The server sorts, on its disk where it has to, so nothing here grows with the log. Deltas of analyses
 * are left out: no read model keeps them. Between two pages the connection may be used for other things.
 */
export async function* readEvents(client: Client, cuts: readonly UserCut[]): AsyncGenerator<LoggedEvent[]> {
  await query(client, { text: `select set_config('work_mem', '64MB', true)` })
  await execute(client, {
    // The log answers about the user of the transaction: `s.me` makes each call wait for its own user to be set.
    text: `
      declare ${cursor} no scroll cursor for
      select e.event_id, e.sequence, e.event_type, e.aggregate_type, e.aggregate_id, e.version, e.user_id,
        e.occurred_at, e.source, e.correlation_id, e.causation_id, e.actor_kind, e.actor_id,
        case when e.aggregate_type <> 'analysis' then e.delta end as delta, e.extra, e.schema_no
      from unnest($1::uuid[], $2::bigint[]) as u (id, up_to)
      cross join lateral (select set_config('synap.user_id', u.id::text, true) as me) as s
      cross join lateral log.find_events(null, null, null, null, null, length(s.me) - 36, u.up_to + 1, false,
        2147483647) as e
      order by e.user_id,
        case e.aggregate_type when 'user' then 0 when 'entity' then 1 when 'relation' then 2 else 3 end,
        e.aggregate_id, e.version`,
    values: [cuts.map(({ userId }) => userId), cuts.map(({ upTo }) => upTo)],
  })
  try {
    for (;;) {
      const rows = await query<EventRow>(client, { text: `fetch ${pageLength} from ${cursor}` })
      if (rows.length > 0) yield rows.map(toLoggedEvent)
      if (rows.length < pageLength) return
    }
  } finally {
    await execute(client, { text: `close ${cursor}` }).catch(() => undefined)
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
  return async (client: Client, events: readonly LoggedEvent[]): Promise<ReadonlyMap<number, string>> => {
    const lacking = [...new Set(events.map(({ schemaNo }) => schemaNo))].filter((no) => !texts.has(no))
    if (lacking.length > 0) for (const [no, text] of await findSchemas(client, lacking)) texts.set(no, text)
    return texts
  }
}
