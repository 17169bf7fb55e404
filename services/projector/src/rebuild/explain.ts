import type { RebuildDifference } from '@synap/contracts'
import { type Client, query } from '@synap/postgres'

/** Why a difference is to be expected; null: nothing explains it. */
export type Explain = (
  client: Client,
  difference: Omit<RebuildDifference, 'explanation'>,
) => Promise<string | null>

export interface ExplainOptions {
  old: string
  made: string
  /** `table`, or `table.column`: what the operator says will differ. */
  expected: readonly string[]
}

/** Explains differences by what the operator expects, by what is parked in the old read model, and by tables it never filled. */
export function createExplain({ old, made, expected }: ExplainOptions): Explain {
  const empty = new Map<string, boolean>()
  const isEmpty = async (client: Client, table: string) => {
    const known = empty.get(table)
    if (known !== undefined) return known
    const [row] = await query<{ empty: boolean }>(client, {
      text: `select not exists (select from ${old}.${table}) as empty`,
    })
    empty.set(table, row?.empty === true)
    return row?.empty === true
  }
  return async (client, { table, key, userId, kind, columns }) => {
    if (expected.includes(table)) return 'expected'
    if (kind === 'changed' && columns.every(({ name }) => expected.includes(`${table}.${name}`)))
      return 'expected'
    if (kind === 'extra' && (await isEmpty(client, table)))
      return 'the old read model has never filled this table'
    if (await isParkedInOld(client, { old, made, userId, subjects: Object.values(key).map(String) }))
      return 'events of it are parked in the old read model and are applied in the new one'
    return null
  }
}

async function isParkedInOld(
  client: Client,
  { old, made, userId, subjects }: { old: string; made: string; userId: string; subjects: readonly string[] },
): Promise<boolean> {
  const isOpen = (row: string) => `${row}.slot and ${row}.state in ('open', 'retry')`
  const [found] = await query<{ parked: boolean }>(client, {
    text: `
      select exists (
        select from ${old}.parked as o
        where o.user_id = $1::uuid and ${isOpen('o')} and (o.aggregate_id is null or o.aggregate_id::text = any ($2::text[])
            or o.aggregate_id = o.user_id)
          and not exists (
            select from ${made}.parked as n
            where n.user_id = o.user_id and n.sequence = o.sequence and ${isOpen('n')})
      ) as parked`,
    values: [userId, subjects],
  })
  return found?.parked === true
}
