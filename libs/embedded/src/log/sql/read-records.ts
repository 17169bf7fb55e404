import type { InboundMessage } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { run } from './run.ts'

interface RecordRow {
  record_offset: number
  key: Buffer
  value: Buffer | null
  headers: Record<string, string>
  published_at: number
}

/** Where to read. */
export interface Place {
  topic: string
  partition: number
}

/**
 * Records from an offset on, at most so many, and of their bytes at most so many and one record. A statement, and not
 * a stream, so that no client is held while they are handled.
 */
export async function readRecords(
  pool: Pool,
  place: Place,
  from: bigint,
  limits: { batchRecords: number; batchBytes: number },
  signal: AbortSignal,
): Promise<InboundMessage[]> {
  const rows = await run<RecordRow>(
    pool,
    'read records',
    {
      text: `
      select record_offset, key, value, headers, published_at
        from (select r.*, sum(r.bytes) over (order by r.record_offset) - r.bytes as bytes_before
                from (select *
                        from local.records
                       where topic_id = (select id from local.topics where name = $1::text)
                         and partition = $2::int and record_offset >= $3::bigint
                       order by record_offset
                       limit $4::int) r) s
       where bytes_before < $5::bigint
       order by record_offset`,
      values: [place.topic, place.partition, from.toString(), limits.batchRecords, limits.batchBytes],
    },
    signal,
  )
  return rows.map((row) => toInbound(place, row))
}

export async function findRecord(
  pool: Pool,
  place: Place,
  offset: bigint,
  signal?: AbortSignal,
): Promise<InboundMessage | undefined> {
  const [row] = await run<RecordRow>(
    pool,
    'read record',
    {
      text: `
      select record_offset, key, value, headers, published_at
        from local.records
       where topic_id = (select id from local.topics where name = $1::text)
         and partition = $2::int and record_offset = $3::bigint`,
      values: [place.topic, place.partition, offset.toString()],
    },
    signal,
  )
  return row && toInbound(place, row)
}

function toInbound({ topic, partition }: Place, row: RecordRow): InboundMessage {
  return {
    topic,
    partition,
    offset: BigInt(row.record_offset),
    key: row.key.toString('utf8'),
    value: row.value,
    headers: row.headers,
    timestamp: row.published_at,
  }
}
