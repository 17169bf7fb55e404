import type { AggregateId, UserId } from '@synap/core'
import { uuidv7 } from '@synap/core'
import { stateVersion } from '@synap/domain'
import { createEventLog, replay, toSnapshot } from '@synap/event-log'
import { createPool, execute, transaction } from '@synap/postgres'
import pg from 'pg'
import type { MixedEvent } from '../stream/event-mix.ts'
import { asOwner } from '../writer/rows.ts'
import { insertEvents, sideTables } from './fill-log.ts'

/** Milliseconds to load aggregates of a length, and events that were folded. */
export interface Load {
  events: number
  withSnapshot: { ms: number; folded: number }
  without: { ms: number; folded: number }
}

const loads = 15

/** Loads aggregates of these lengths from the log, with the snapshot at each hundredth version and without. */
export async function measureLoads(databaseUrl: string, lengths: readonly number[]): Promise<Load[]> {
  const pool = createPool({ url: databaseUrl, applicationName: 'bench', max: 2, statementTimeoutMs: 60_000 })
  const log = createEventLog({ pool, role: 'synap_query' })
  const results: Load[] = []
  try {
    for (const length of lengths) {
      const { userId, id } = await makeAggregate(databaseUrl, length)
      const load = (withoutSnapshot: boolean) =>
        log.ask(userId, async (client) => {
          const startedAt = performance.now()
          const result = await replay(client, id, {}, { withoutSnapshot })
          if (result.outcome !== 'state' || result.state.version !== length) throw new Error('another state')
          return { ms: performance.now() - startedAt, folded: result.folded }
        })
      await log.ask(userId, async (client) => {
        await replay(
          client,
          id,
          {},
          {
            withoutSnapshot: true,
            onState: (state) => void (state.version % 100 === 0 && states.push(toSnapshot(state))),
          },
        )
      })
      await transaction(pool, { role: 'synap_events_writer' }, async (client) => {
        for (const { version, sequence, state, checksum } of states.splice(0)) {
          await execute(client, {
            text: `insert into log.snapshots (aggregate_id, version, user_id, state_version, sequence, state, checksum)
              values ($1::uuid, $2::int, $3::uuid, $4::int, $5::bigint, $6::text, $7::text)`,
            values: [id, version, userId, stateVersion, sequence, state, checksum],
          })
        }
      })
      results.push({
        events: length,
        withSnapshot: await best(() => load(false)),
        without: await best(() => load(true)),
      })
    }
    return results
  } finally {
    await pool.end()
  }
}

const states: ReturnType<typeof toSnapshot>[] = []

/** The median of some loads, after two that do not count. */
async function best(load: () => Promise<{ ms: number; folded: number }>) {
  const all: { ms: number; folded: number }[] = []
  for (let turn = -2; turn < loads; turn += 1) {
    const one = await load()
    if (turn >= 0) all.push(one)
  }
  all.sort((a, b) => a.ms - b.ms)
  const median = all[Math.floor(all.length / 2)]
  if (median === undefined) throw new TypeError('nothing was loaded')
  return median
}

async function makeAggregate(
  databaseUrl: string,
  length: number,
): Promise<{ userId: UserId; id: AggregateId }> {
  const userId = uuidv7() as UserId
  const id = uuidv7() as AggregateId
  const events = Array.from({ length }, (_, index): MixedEvent => {
    const envelope = {
      id: uuidv7() as never,
      userId,
      aggregateId: id,
      version: index + 1,
      sequence: index + 1,
      occurredAt: Date.UTC(2026, 10, 19, 12) + index,
      source: 'api',
      correlationId: '0'.repeat(31) + '1',
      causationId: null,
      actor: { kind: 'user', id: null },
    } as MixedEvent['envelope']
    const delta =
      index === 0 ? { type: 'note', title: 't', timeZone: null } : { title: `title ${index}`, oldTitle: null }
    const type = index === 0 ? 'entity.created' : 'entity.title_changed'
    return { type, aggregateType: 'entity', envelope, delta }
  })
  const client = new pg.Client({ connectionString: databaseUrl, options: asOwner })
  await client.connect()
  try {
    await insertEvents(client, events)
    for (const text of sideTables) await client.query(text)
  } finally {
    await client.end()
  }
  return { userId, id }
}
