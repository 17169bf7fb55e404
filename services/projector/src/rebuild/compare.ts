import type { RebuildDifference } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { type Client, type Pool, query, transaction } from '@synap/postgres'
import { projectorRole } from '../config.ts'
import { findUserTables } from './copy-rows.ts'
import { inboxTables } from './plan.ts'

/** Columns that say when a row was written here, and nothing about what it holds. */
const ownColumns = ['projected_at', 'indexed_at', 'purged_at', 'added_in']

/** A table of both read models, and how its rows are told apart and compared. */
export interface ComparedTable {
  name: string
  key: readonly string[]
  columns: readonly { name: string; type: string }[]
}

/** All tables with rows of users but those of the inbox. */
export async function findComparedTables(client: Client, schema: string): Promise<ComparedTable[]> {
  const names = (await findUserTables(client, schema)).filter(
    (name) => !(inboxTables as readonly string[]).includes(name),
  )
  const rows = await query<ComparedTable>(client, {
    text: `
      select c.relname as name,
        array(select a.attname::text from unnest(k.conkey) with ordinality as o (at, i)
              join pg_attribute as a on a.attrelid = c.oid and a.attnum = o.at order by o.i) as key,
        (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', t.typname)
                  order by a.attnum)
         from pg_attribute as a join pg_type as t on t.oid = a.atttypid
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname <> all ($3::text[])) as columns
      from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
      join pg_constraint as k on k.conrelid = c.oid and k.contype = 'p'
      where n.nspname = $1::name and c.relname = any ($2::text[]) order by c.relname`,
    values: [schema, names, ownColumns],
  })
  return rows
}

export interface Comparison {
  pool: Pool
  tables: readonly ComparedTable[]
  old: string
  made: string
  signal: AbortSignal
}

/** What a comparison of some users found. */
export interface Compared {
  rows: number
  /** Users whose rows differ, or whose positions are not the same right now. */
  suspects: string[]
  /** Those of them whose positions are not the same. */
  unlevel: string[]
}

/** Compares every row of these users, by hash, in one snapshot. */
export async function compareUsers(
  { pool, tables, old, made, signal }: Comparison,
  users: readonly string[],
): Promise<Compared> {
  return transaction(
    pool,
    { role: projectorRole },
    async (client) => {
      const unlevel = await findUnlevel(client, old, made, users)
      const suspects = new Set(unlevel)
      let rows = 0
      for (const table of tables) {
        const [found] = await query<{ rows: number; users: string[] | null }>(client, {
          text: `
            select count(*) as rows,
              array_agg(distinct coalesce(o.user_id, n.user_id)) filter (where o.hash is distinct from n.hash) as users
            from ${hashed(table, old)} as o full join ${hashed(table, made)} as n using (${table.key.join(', ')})`,
          values: [users],
        })
        rows += found?.rows ?? 0
        for (const user of found?.users ?? []) suspects.add(user)
      }
      return { rows, suspects: [...suspects], unlevel }
    },
    { isolation: 'repeatable read', readOnly: true, signal },
  )
}

/** The rows of these users that differ. */
export async function findDifferences(
  { pool, tables, old, made, signal }: Comparison,
  users: readonly string[],
): Promise<Omit<RebuildDifference, 'explanation'>[]> {
  return transaction(
    pool,
    { role: projectorRole },
    async (client) => {
      const differences: Omit<RebuildDifference, 'explanation'>[] = []
      for (const table of tables) {
        const key = table.key.join(', ')
        const shown = shownColumns(table)
        const rowOf = (schema: string) =>
          `(select to_jsonb(r) from (select ${shown} from ${schema}.${table.name} as t where ${same(table, 't')}) as r)`
        const rows = await query<{ user_id: string; old: Row | null; new: Row | null }>(client, {
          text: `
            select d.user_id, ${rowOf(old)} as old, ${rowOf(made)} as new
            from (
              select coalesce(o.user_id, n.user_id) as user_id, ${table.key.map((name) => `coalesce(o.${name}, n.${name}) as ${name}_`).join(', ')}
              from ${hashed(table, old)} as o full join ${hashed(table, made)} as n using (${key})
              where o.hash is distinct from n.hash order by 1, ${key}
            ) as d`,
          values: [users],
        })
        for (const row of rows) differences.push(toDifference(table, row.user_id, row.old, row.new))
      }
      return differences
    },
    { isolation: 'repeatable read', readOnly: true, signal },
  )
}

type Row = Record<string, unknown>

function toDifference(table: ComparedTable, userId: string, old: Row | null, made: Row | null) {
  const key = Object.fromEntries(table.key.map((name) => [name, (old ?? made)?.[name] ?? null]))
  const columns = table.columns
    .map(({ name }) => ({ name, old: old?.[name] ?? null, new: made?.[name] ?? null }))
    .filter((column) => JSON.stringify(column.old) !== JSON.stringify(column.new))
  const kind = old === null ? 'extra' : made === null ? 'missing' : 'changed'
  return { table: table.name, key, userId: userId as UserId, kind, columns } as const
}

async function findUnlevel(
  client: Client,
  old: string,
  made: string,
  users: readonly string[],
): Promise<string[]> {
  const rows = await query<{ id: string }>(client, {
    text: `
      select u as id from unnest($1::uuid[]) as u
      left join ${old}.user_positions as o on o.user_id = u left join ${made}.user_positions as n on n.user_id = u
      where coalesce(o.seen, 0) <> coalesce(n.seen, 0)`,
    values: [users],
  })
  return rows.map(({ id }) => id)
}

/** The key, the user and a hash of each row of the users `$1`. A vector as text would be many times its size. */
function hashed({ name, key, columns }: ComparedTable, schema: string): string {
  const values = columns.map((column) => valueOf(column))
  const names = [...new Set(['user_id', ...key])].map((column) => `t.${column}`)
  return `(
    select ${names.join(', ')}, md5(row(${values.join(', ')})::text) as hash
    from ${schema}.${name} as t where t.user_id = any ($1::uuid[]))`
}

function shownColumns({ columns }: ComparedTable): string {
  return columns.map((column) => `${valueOf(column)} as ${column.name}`).join(', ')
}

function valueOf({ name, type }: ComparedTable['columns'][number]): string {
  return type === 'halfvec' || type === 'vector' ? `md5(public.${type}_send(t.${name}))` : `t.${name}`
}

const same = ({ key }: ComparedTable, row: string) =>
  key.map((name) => `${row}.${name} = d.${name}_`).join(' and ')
