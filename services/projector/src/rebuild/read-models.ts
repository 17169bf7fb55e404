import type { ReadModelStatus, RebuildResult } from '@synap/contracts'
import { SynapError } from '@synap/core'
import { type Client, execute, type Pool, query, transaction } from '@synap/postgres'
import { projectorRole, readModelOf } from '../config.ts'
import { findReadModels, type ReadModelRow } from '../sql/read-models.ts'
import { findLag } from './catch-up.ts'
import { countBehind, switchReadModel } from './switch.ts'

/** The read models there are, the oldest first. */
export async function listReadModels(pool: Pool, signal: AbortSignal): Promise<ReadModelStatus[]> {
  return transaction(
    pool,
    { role: projectorRole },
    async (client) => {
      const rows = await findReadModels(client)
      const active = rows.find((row) => row.active)
      const list: ReadModelStatus[] = []
      for (const row of rows) list.push(await describe(client, row, active?.n ?? row.n))
      return list
    },
    { isolation: 'repeatable read', readOnly: true, signal },
  )
}

async function describe(client: Client, row: ReadModelRow, active: number): Promise<ReadModelStatus> {
  const [slices] = await query<{ done: number; of: number }>(client, {
    text: `
      select count(*) filter (where copied and worded) as done, count(*) as of from read_meta.rebuild_slices
      where n = $1::int having count(*) > 0`,
    values: [row.n],
  })
  const [old, made] = [readModelOf(active).schema, readModelOf(row.n).schema]
  const { n, state, madeAt, keepUntil } = row
  const isCompared = row.n !== active && state === 'followed'
  return {
    n,
    active: row.active,
    state,
    madeAt: new Date(madeAt).toISOString(),
    keptUntil: keepUntil === null ? null : new Date(keepUntil).toISOString(),
    slices: slices ?? null,
    behind: {
      records: isCompared ? (await findLag(client, old, made)).records : 0,
      users: isCompared ? await countBehind(client, old, made) : 0,
    },
  }
}

/** Reads the read model before the active one again. Refused when it is behind, as any switch. */
export async function switchBack(
  pool: Pool,
  options: { keepMs: number; signal: AbortSignal },
): Promise<RebuildResult> {
  const startedAt = performance.now()
  const rows = await findAll(pool)
  const from = rows.find((row) => row.active)?.n ?? 0
  const to = rows.filter((row) => !row.active && row.state === 'followed' && row.keepUntil !== null).at(-1)?.n
  if (to === undefined) {
    throw new SynapError('there is no read model before this one any more', {
      code: 'rebuild.no_way_back',
      class: 'configuration',
    })
  }
  const switched = await switchReadModel({ pool, from, to, ...options })
  const none = { events: 0, users: 0, rows: 0, differences: { explained: 0, unexplained: 0 } }
  const seconds = Math.round(performance.now() - startedAt) / 1_000
  if (switched.outcome === 'switched') {
    const keptUntil = new Date(switched.keptUntil).toISOString()
    return { outcome: 'switched', from, to, ...none, reason: null, keptUntil, seconds }
  }
  const reason =
    switched.outcome === 'behind'
      ? `it is behind for ${switched.users} users`
      : `${switched.slots} events are parked in it only`
  return { outcome: 'refused', from, to, ...none, reason, keptUntil: null, seconds }
}

/** Lets go of the newest read model that is not read; the projector drops it soon. Answers its number. */
export async function discard(pool: Pool): Promise<number> {
  return transaction(pool, { role: projectorRole }, async (client) => {
    await execute(client, { text: 'lock table read_meta.read_models in share row exclusive mode' })
    const rows = await findReadModels(client)
    const n = rows.filter((row) => !row.active && row.state !== 'leaving').at(-1)?.n
    if (n === undefined) {
      throw new SynapError('there is no read model but the one that is read', {
        code: 'rebuild.nothing_to_discard',
        class: 'configuration',
      })
    }
    await execute(client, {
      text: `update read_meta.read_models set state = 'leaving', changed_at = now() where n = $1::int`,
      values: [n],
    })
    // Nobody works on it any more: whoever did finds that another holds it.
    await execute(client, {
      text: 'update read_meta.rebuilds set holder = gen_random_uuid() where n = $1::int',
      values: [n],
    })
    return n
  })
}

function findAll(pool: Pool): Promise<ReadModelRow[]> {
  return transaction(pool, { role: projectorRole }, findReadModels, { readOnly: true })
}
