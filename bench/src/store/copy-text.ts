import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import type pg from 'pg'
import { from } from 'pg-copy-streams'
import { columnNames, type Row } from '../writer/rows.ts'
import { inTransaction } from './in-transaction.ts'

/** COPY in text format, one write to the stream per row. */
export async function copyText(client: pg.Client, table: string, rows: readonly Row[]): Promise<void> {
  const stream = client.query(from(`copy ${table} (${columnNames}) from stdin`))
  const done = finished(stream)
  for (const row of rows) if (!stream.write(lineOf(row))) await once(stream, 'drain')
  stream.end()
  await done
}

/** COPY into a temporary table and on with ON CONFLICT DO NOTHING, in one transaction. */
export const copyThroughTemp = (client: pg.Client, rows: readonly Row[]): Promise<void> =>
  inTransaction(client, async () => {
    await client.query('create temp table if not exists incoming (like log.events) on commit delete rows')
    await copyText(client, 'incoming', rows)
    await client.query(
      `insert into log.events (${columnNames}) select ${columnNames} from incoming on conflict do nothing`,
    )
  })

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const escaped = (value: string | number): string =>
  String(value).replace(/[\\\n\r\t]/g, (found) => escapes[found] ?? found)

/** PostgreSQL manual, COPY, "Text Format". */
const lineOf = (row: Row): string =>
  `${row.map((value) => (value === null ? '\\N' : escaped(value))).join('\t')}\n`
