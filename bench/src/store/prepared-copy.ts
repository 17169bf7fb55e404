// Synap's chunks and commits with rows that were encoded before: what is left when encoding costs nothing.
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import pg from 'pg'
import { from, to } from 'pg-copy-streams'
import type { CreateContender } from '../worker/protocol.ts'
import { asOwner, chunkRows, columnNames } from '../writer/rows.ts'
import { inTransaction } from './in-transaction.ts'
import type { Stored, StoreJob } from './job.ts'

export const createContender: CreateContender<StoreJob, Stored> = () => {
  let loaded: Promise<Buffer[]> | undefined
  return async (job) => {
    const chunks = await (loaded ??= loadChunks(job))
    const client = new pg.Client({ connectionString: job.databaseUrl, options: asOwner })
    await client.connect()
    try {
      const beganAt = performance.now()
      for (const chunk of chunks) await inTransaction(client, () => copy(client, chunk))
      return { seconds: (performance.now() - beganAt) / 1_000 }
    } finally {
      await client.end()
    }
  }
}

async function copy(client: pg.Client, bytes: Buffer): Promise<void> {
  const stream = client.query(from(`copy log.events (${columnNames}) from stdin (format binary)`))
  const done = finished(stream)
  if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), done])
  stream.end()
  await done
}

/** Each chunk in the server's own binary format. */
async function loadChunks({ sourceUrl, events }: StoreJob): Promise<Buffer[]> {
  const client = new pg.Client({ connectionString: sourceUrl, options: asOwner })
  await client.connect()
  try {
    const chunks: Buffer[] = []
    for (let at = 0; at < events; at += chunkRows) {
      const rows = `select * from log.events order by occurred_at, user_id, sequence
        offset ${at} limit ${Math.min(chunkRows, events - at)}`
      const copied = `copy (select ${columnNames} from (${rows}) r) to stdout (format binary)`
      chunks.push(await buffer(client.query(to(copied))))
    }
    return chunks
  } finally {
    await client.end()
  }
}
