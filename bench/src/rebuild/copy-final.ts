import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from, to } from 'pg-copy-streams'

/** Tables of the finished read model, as files, and the statements that make their keys, indexes and references. */
export interface FinalState {
  tables: readonly { name: string; file: string }[]
  keys: readonly string[]
  indexes: readonly string[]
  references: readonly string[]
}

const asProjector = '-c role=synap_projector'
const schema = 'read_v2'
const target = 'bench_final'

/** Writes the rows of the read model into files, once. */
export async function exportFinal(databaseUrl: string, folder: string): Promise<FinalState> {
  const client = new pg.Client({ connectionString: databaseUrl, options: asProjector })
  await client.connect()
  try {
    const names = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = $1 order by 1`,
      [schema],
    )
    const tables = names.rows.map(({ name }) => ({ name, file: join(folder, `${name}.copy`) }))
    for (const { name, file } of tables) {
      const rows = client.query(
        to(
          `copy (select ${await columnsOf(client, name)} from ${schema}.${name} order by random()) to stdout (format binary)`,
        ),
      )
      await pipeline(rows, createWriteStream(file))
    }
    const statements = async (text: string) =>
      (await client.query<{ text: string }>(text, [schema])).rows.map((row) =>
        row.text.replaceAll(schema, target),
      )
    return {
      tables,
      keys: await statements(
        `select format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as text
         from pg_constraint where connamespace = $1::regnamespace and contype in ('p', 'u') order by 1`,
      ),
      indexes: await statements(
        `select pg_get_indexdef(i.indexrelid) as text from pg_index i join pg_class c on c.oid = i.indexrelid
         where c.relnamespace = $1::regnamespace
           and not exists (select from pg_constraint k where k.conindid = i.indexrelid) order by 1`,
      ),
      references: await statements(
        `select format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as text
         from pg_constraint where connamespace = $1::regnamespace and contype = 'f' order by 1`,
      ),
    }
  } finally {
    await client.end()
  }
}

/**
 * The limit: binary COPY of rows that are finished, then keys, indexes, references and statistics, on two connections.
 * Seconds.
 */
export async function copyFinal(databaseUrl: string, final: FinalState): Promise<number> {
  const { tables, keys, indexes, references } = final
  const clients = await Promise.all(
    [0, 1].map(async () => {
      const client = new pg.Client({ connectionString: databaseUrl, options: asProjector })
      await client.connect()
      await client.query(`set maintenance_work_mem = '256MB'`)
      return client
    }),
  )
  const [first] = clients
  if (first === undefined) throw new TypeError('no connection')
  try {
    for (const { name } of tables)
      await first.query(
        `create table ${target}.${name} (like ${schema}.${name} including all excluding indexes)`,
      )
    const columns = new Map<string, string>()
    for (const { name } of tables) columns.set(name, await columnsOf(first, name))
    const startedAt = performance.now()
    await onBoth(clients, tables, async (client, { name, file }) => {
      const rows = client.query(
        from(`copy ${target}.${name} (${columns.get(name) ?? ''}) from stdin (format binary)`),
      )
      await pipeline(createReadStream(file, { highWaterMark: 262_144 }), rows)
    })
    await onBoth(clients, keys, async (client, text) => void (await client.query(text)))
    await onBoth(clients, indexes, async (client, text) => void (await client.query(text)))
    for (const text of references) await first.query(text)
    await onBoth(
      clients,
      tables,
      async (client, { name }) => void (await client.query(`analyze ${target}.${name}`)),
    )
    return (performance.now() - startedAt) / 1_000
  } finally {
    for (const { name } of tables) await first.query(`drop table if exists ${target}.${name} cascade`)
    for (const client of clients) await client.end()
  }
}

async function columnsOf(client: pg.Client, table: string): Promise<string> {
  const { rows } = await client.query<{ names: string }>(
    `select string_agg(quote_ident(attname), ', ' order by attnum) as names from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
    [`${schema}.${table}`],
  )
  return rows[0]?.names ?? ''
}

async function onBoth<T>(
  clients: readonly pg.Client[],
  items: readonly T[],
  work: (client: pg.Client, item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  await Promise.all(
    clients.map(async (client) => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(client, item)
    }),
  )
}
