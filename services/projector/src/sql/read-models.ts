import { type Client, execute, query } from '@synap/postgres'

/** `building`: a rebuild fills it; `followed`: the projector keeps it level; `leaving`: nobody uses it any more. */
export type ReadModelState = 'building' | 'followed' | 'leaving'

export interface ReadModelRow {
  n: number
  state: ReadModelState
  /** Whether it is the one that is read. */
  active: boolean
  /** Milliseconds since 1970. */
  madeAt: number
  /** Milliseconds since 1970; null: the active one, or one that waits for its switch. */
  keepUntil: number | null
}

/** Every read model, the oldest first. */
export async function findReadModels(client: Client): Promise<ReadModelRow[]> {
  return query<ReadModelRow>(client, {
    name: 'read_meta.find_read_models',
    text: `
      select m.n, m.state, a.n is not null as active, m.made_at as "madeAt", m.keep_until as "keepUntil"
      from read_meta.read_models as m left join read_meta.read_active as a using (n) order by m.n`,
  })
}

/** Marks those whose time as the way back is over; answers how many. */
export async function markExpired(client: Client): Promise<number> {
  return execute(client, {
    name: 'read_meta.mark_expired',
    text: `
      update read_meta.read_models as m set state = 'leaving', changed_at = now()
      where m.state = 'followed' and m.keep_until < now()
        and not exists (select from read_meta.read_active as a where a.n = m.n)`,
  })
}

/**
 * Drops read models that have been leaving for `afterMs`, so that every process has let go of them; answers their
 * numbers.
 */
export async function dropLeaving(client: Client, afterMs: number): Promise<number[]> {
  const rows = await query<{ n: number }>(client, {
    name: 'read_meta.delete_leaving',
    text: `
      delete from read_meta.read_models where n in (
        select n from read_meta.read_models
        where state = 'leaving' and changed_at < now() - $1::int * interval '1 millisecond'
        for update skip locked)
      returning n`,
    values: [afterMs],
  })
  for (const { n } of rows) await execute(client, { text: `drop schema if exists read_v${n} cascade` })
  return rows.map(({ n }) => n)
}
