import { crashpoint, SynapError, wait } from '@synap/core'
import { type Client, execute, type Pool, query, transaction } from '@synap/postgres'
import { projectorRole, readModelOf } from '../config.ts'

export interface Switch {
  pool: Pool
  /** Read models: the active one, and the one that takes its place. */
  from: number
  to: number
  /** How long the old one is kept as the way back. */
  keepMs: number
  signal: AbortSignal
}

export type Switched =
  | { outcome: 'switched'; keptUntil: number }
  /** Users that the new one is behind for; it may come level. */
  | { outcome: 'behind'; users: number }
  /** Events that only the new one holds a place for: nothing but an operator changes that. */
  | { outcome: 'open_slots'; slots: number; first: { userId: string; sequence: number; reason: string } }

/** While the positions of the old one stand still: less than its writers wait for a lock. */
const standstillMs = 1_500
const lookEveryMs = 25

/**
 * Makes another read model the one that is read, in one transaction: no user is behind in it, and every place that is
 * open in it is open in the old one too. The positions of the old one stand still meanwhile, so that nobody who has read
 * it reads something older after it. Nobody waits but its projector.
 */
export async function switchReadModel(options: Switch): Promise<Switched> {
  const { pool, from, to, keepMs, signal } = options
  const [old, made] = [readModelOf(from).schema, readModelOf(to).schema]
  return transaction(
    pool,
    { role: projectorRole },
    async (client): Promise<Switched> => {
      await requireActive(client, from, to)
      // Readers pass; whoever would move a position waits.
      await execute(client, { text: `lock table ${old}.user_positions in share mode` })
      const users = await waitUntilLevel(client, old, made, signal)
      if (users > 0) return { outcome: 'behind', users }
      const open = await findOpenOnlyIn(client, made, old)
      if (open !== undefined) return open
      await execute(client, {
        text: 'update read_meta.read_active set n = $1::int, switched_at = now()',
        values: [to],
      })
      const [kept] = await query<{ until: number }>(client, {
        text: `
          update read_meta.read_models set keep_until = now() + $2::bigint * interval '1 millisecond', changed_at = now()
          where n = $1::int returning keep_until as until`,
        values: [from, keepMs],
      })
      await execute(client, {
        text: `update read_meta.read_models set keep_until = null, changed_at = now() where n = $1::int`,
        values: [to],
      })
      await execute(client, {
        text: `update read_meta.rebuilds set phase = 'switched', switched_at = now() where n = $1::int`,
        values: [to],
      })
      // Who waits for a sequence looks again, at the new one.
      await query(client, { text: 'select pg_notify($1::text, null)', values: [readModelOf(to).channel] })
      crashpoint('rebuild.before_switch')
      return { outcome: 'switched', keptUntil: kept?.until ?? 0 }
    },
    { signal },
  )
}

/** Both are followed, and `from` is what is read; the row stays locked. */
async function requireActive(client: Client, from: number, to: number): Promise<void> {
  const [active] = await query<{ n: number }>(client, {
    text: 'select n from read_meta.read_active for update',
  })
  const [target] = await query<{ state: string }>(client, {
    text: 'select state from read_meta.read_models where n = $1::int for update',
    values: [to],
  })
  if (active?.n === from && target?.state === 'followed') return
  throw new SynapError('the read models are not what they were: look at ./synap rebuild status', {
    code: 'rebuild.moved',
    class: 'dependency',
    fields: { active: active?.n ?? null, state: target?.state ?? null },
  })
}

/** Users that are still behind at the end of the wait. */
async function waitUntilLevel(
  client: Client,
  old: string,
  made: string,
  signal: AbortSignal,
): Promise<number> {
  const deadline = performance.now() + standstillMs
  for (;;) {
    const users = await countBehind(client, old, made)
    if (users === 0 || performance.now() > deadline) return users
    await wait(lookEveryMs, signal)
  }
}

/** Users whose position in `made` is lower than in `old`. */
export async function countBehind(client: Client, old: string, made: string): Promise<number> {
  const [row] = await query<{ users: number }>(client, {
    text: `
      select count(*) as users from ${old}.user_positions as o left join ${made}.user_positions as n using (user_id)
      where o.seen > coalesce(n.seen, 0)`,
  })
  return row?.users ?? 0
}

async function findOpenOnlyIn(
  client: Client,
  made: string,
  old: string,
): Promise<Extract<Switched, { outcome: 'open_slots' }> | undefined> {
  const isOpen = (row: string) => `${row}.slot and ${row}.state in ('open', 'retry')`
  const rows = await query<{ slots: number; userId: string; sequence: number; reason: string }>(client, {
    text: `
      select count(*) over () as slots, n.user_id as "userId", n.sequence, n.reason from ${made}.parked as n
      where ${isOpen('n')} and not exists (
        select from ${old}.parked as o where o.user_id = n.user_id and o.sequence = n.sequence and ${isOpen('o')})
      order by n.user_id, n.sequence limit 1`,
  })
  const [first] = rows
  if (first === undefined) return undefined
  const { slots, ...rest } = first
  return { outcome: 'open_slots', slots, first: rest }
}
