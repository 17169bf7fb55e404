import { type Client, createPool, transaction } from '@synap/postgres'
import { createSource, type Stored, type StoreJob, timeChunks } from './job.ts'
import type { StoredEvent } from './load-events.ts'

/** A part of Synap's writer, chunk by chunk in its own kind of transaction. */
export function createSynap(
  write: (client: Client, chunk: readonly StoredEvent[]) => Promise<void>,
): (job: StoreJob) => Promise<Stored> {
  const source = createSource()
  return async (job) => {
    const events = await source(job)
    const pool = createPool({ url: job.databaseUrl, applicationName: 'bench', max: 1 })
    try {
      await pool.query('select 1')
      return await timeChunks(events, (chunk) =>
        transaction(pool, { role: 'synap_events_writer' }, (client) => write(client, chunk)),
      )
    } finally {
      await pool.end()
    }
  }
}
