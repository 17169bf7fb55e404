import type { Pool } from '@synap/postgres'
import { run } from './run.ts'

export interface NewRecord {
  partition: number
  key: Buffer
  value: Buffer | null
  headers: Readonly<Record<string, string>>
}

/** Appends in the order given, all or nothing. The new end of each partition that got some. */
export async function appendRecords(
  pool: Pool,
  topic: string,
  records: readonly NewRecord[],
  signal: AbortSignal,
): Promise<{ partition: number; high: bigint }[]> {
  const rows = await run<{ partition_number: number; end_offset: number }>(
    pool,
    'publish',
    {
      text: `
      select partition_number, end_offset
        from local.append($1::text, $2::int[], $3::text[], $4::text[], $5::json)`,
      values: [
        topic,
        `{${records.map(({ partition }) => partition).join(',')}}`,
        base64Array(records.map(({ key }) => key)),
        base64Array(records.map(({ value }) => value)),
        headersArray(records),
      ],
    },
    signal,
  )
  return rows.map((row) => ({ partition: row.partition_number, high: BigInt(row.end_offset) }))
}

// Quoted: the letters NULL are base64 too.
function base64Array(items: readonly (Buffer | null)[]): string {
  return `{${items.map((item) => (item === null ? 'NULL' : `"${item.toString('base64')}"`)).join(',')}}`
}

function headersArray(records: readonly NewRecord[]): string {
  const text = JSON.stringify(records.map(({ headers }) => headers))
  if (!text.includes('\\ud')) return text
  // Perhaps half a surrogate pair: it leaves Kafka as U+FFFD, so here too.
  return JSON.stringify(records.map(({ headers }) => wellFormed(headers)))
}

function wellFormed(headers: NewRecord['headers']): NewRecord['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]),
  )
}
