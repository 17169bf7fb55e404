import { type Client, execute, query } from '@synap/postgres'

export interface CopyRows {
  from: string
  to: string
  table: string
  /** A condition on the rows of the table. */
  where: string
  values: readonly unknown[]
}

/** Copies rows of a table inside the database, ids included; columns that are computed are computed anew. */
export async function copyRows(
  client: Client,
  { from, to, table, where, values }: CopyRows,
): Promise<number> {
  const columns = await query<{ name: string }>(client, {
    text: `
      select quote_ident(attname) as name from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    values: [`${to}.${table}`],
  })
  const names = columns.map(({ name }) => name).join(', ')
  return execute(client, {
    text: `
      insert into ${to}.${table} (${names}) overriding system value
      select ${names} from ${from}.${table} where ${where}`,
    values,
  })
}

/** Lets ids that are given out begin behind those that were copied. */
export async function resetIds(client: Client, schema: string): Promise<void> {
  const columns = await query<{ relation: string; name: string }>(client, {
    text: `
      select c.relname as relation, a.attname as name
      from pg_attribute as a join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace
      where n.nspname = $1::name and c.relkind = 'r' and a.attidentity <> '' and not a.attisdropped`,
    values: [schema],
  })
  for (const { relation, name } of columns) {
    await query(client, {
      text: `
        select setval(pg_get_serial_sequence($1::text, $2::text), coalesce(max(${name}), 0) + 1, false)
        from ${schema}.${relation}`,
      values: [`${schema}.${relation}`, name],
    })
  }
}

/** Tables of a schema that hold rows of users. */
export async function findUserTables(client: Client, schema: string): Promise<string[]> {
  const rows = await query<{ name: string }>(client, {
    text: `
      select c.relname as name from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
      where n.nspname = $1::name and c.relkind = 'r' and exists (
        select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped)
      order by c.relname`,
    values: [schema],
  })
  return rows.map(({ name }) => name)
}
