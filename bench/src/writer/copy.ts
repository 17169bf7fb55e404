// The limit of the database: rows that are encoded already, in one binary COPY into the same table and indexes.
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import pg from 'pg'
import { from, to } from 'pg-copy-streams'
import type { CreateContender } from '../worker/protocol.ts'
import type { Drained } from './drain.ts'
import { asOwner, columnNames } from './rows.ts'

export interface CopyJob {
  /** Where the rows are read from, once. */
  sourceUrl: string
  databaseUrl: string
}

export const createContender: CreateContender<CopyJob, Drained> = () => {
  let rows: Promise<Buffer> | undefined
  return async ({ sourceUrl, databaseUrl }) => {
    rows ??= readRows(sourceUrl)
    const bytes = await rows
    const client = new pg.Client({ connectionString: databaseUrl, options: asOwner })
    await client.connect()
    try {
      const beganAt = performance.now()
      const stream = client.query(from(`copy log.events (${columnNames}) from stdin (format binary)`))
      const finished = once(stream, 'finish')
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        if (!stream.write(bytes.subarray(at, at + chunkBytes))) await once(stream, 'drain')
      }
      stream.end()
      await finished
      return { seconds: (performance.now() - beganAt) / 1_000, joinSeconds: 0 }
    } finally {
      await client.end()
    }
  }
}

const chunkBytes = 256 * 1_024

async function readRows(sourceUrl: string): Promise<Buffer> {
  const client = new pg.Client({ connectionString: sourceUrl, options: asOwner })
  await client.connect()
  try {
    const order = 'select * from log.events order by occurred_at, sequence'
    return await buffer(
      client.query(to(`copy (select ${columnNames} from (${order}) o) to stdout (format binary)`)),
    )
  } finally {
    await client.end()
  }
}
