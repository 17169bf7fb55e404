import type { SynapEvent } from '@synap/contracts'
import { evolve } from '@synap/domain'
import pg from 'pg'
import type { MixedEvent } from '../stream/event-mix.ts'

const table = `
  create table bench_final.peer (aggregate_id uuid primary key, user_id uuid not null, version int not null,
    state jsonb not null, updated_at timestamptz not null);
  create index on bench_final.peer (user_id, updated_at desc)`
const read = { name: 'read', text: 'select state from bench_final.peer where aggregate_id = $1' }
const upsert = {
  name: 'upsert',
  text: `insert into bench_final.peer values ($1, $2, $3, $4, $5) on conflict (aggregate_id) do update
    set version = excluded.version, state = excluded.state, updated_at = excluded.updated_at
    where peer.version < excluded.version`,
}

/** The usual projection: each event reads its row, evolves it and writes it, and is committed. Seconds. */
export async function projectRowByRow(databaseUrl: string, events: readonly MixedEvent[]): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c role=synap_projector' })
  await client.connect()
  try {
    await client.query(table)
    const startedAt = performance.now()
    for (const { type, aggregateType, envelope, delta } of events) {
      const event = { type, aggregateType, ...envelope, delta } as SynapEvent
      await client.query('begin')
      const { rows } = await client.query<{ state: never }>({ ...read, values: [envelope.aggregateId] })
      const state = evolve(rows[0]?.state, event)
      const at = new Date(envelope.occurredAt).toISOString()
      const values = [envelope.aggregateId, envelope.userId, envelope.version, JSON.stringify(state), at]
      await client.query({ ...upsert, values })
      await client.query('commit')
    }
    return (performance.now() - startedAt) / 1_000
  } finally {
    await client.query('drop table if exists bench_final.peer')
    await client.end()
  }
}
