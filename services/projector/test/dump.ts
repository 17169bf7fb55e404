import { type Client, query } from '@synap/postgres'

/** Not part of what is read: how far a consumer is, what waits, its history, and what is kept for what waits. */
const bookkeeping = ['positions', 'user_positions', 'parked', 'parked_history', 'tag_merges', 'merged_tags']

const withoutCovered = (schema: string) => `and (subject_id = user_id
  or not exists (select from ${schema}.purged as u where u.subject_id = t.user_id))`

/**
 * Every row of every table of the read model that is about these users, without the times of its writing. Of an erased
 * user the mark of the erasure counts: a purge before it may have been given up with what was parked.
 */
export async function dumpRows(
  client: Client,
  schema: string,
  users: readonly string[],
): Promise<Record<string, string[]>> {
  const columns = await query<{ table_name: string; clocks: string[] }>(client, {
    text: `
      select c.relname as table_name, coalesce(array_agg(a.attname::text) filter (
        where pg_get_expr(d.adbin, d.adrelid) ~ 'clock_timestamp|now\\(|pg_current_xact_id'), '{}') as clocks
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
      where c.relnamespace = $1::text::regnamespace and c.relkind = 'r' and c.relname <> all ($2::text[])
      group by c.relname having bool_or(a.attname = 'user_id') order by c.relname`,
    values: [schema, bookkeeping],
  })
  const dump: Record<string, string[]> = {}
  for (const { table_name: table, clocks } of columns) {
    const rows = await query<{ row: string }>(client, {
      text: `select (to_jsonb(t) - $2::text[])::text as row from ${schema}.${table} as t
        where user_id = any($1::uuid[]) ${table === 'purged' ? withoutCovered(schema) : ''} order by 1`,
      values: [users, clocks],
    })
    dump[table] = rows.map(({ row }) => row)
  }
  return dump
}
