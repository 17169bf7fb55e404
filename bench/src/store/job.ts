import pg from 'pg'
import type { CreateContender } from '../worker/protocol.ts'
import { asOwner, chunkRows } from '../writer/rows.ts'
import { loadEvents, type StoredEvent } from './load-events.ts'

/** Decoded events to rows of `log.events`. */
export interface StoreJob {
  /** The log that the events are read from, once per process. */
  sourceUrl: string
  databaseUrl: string
  /** How many of them are written. */
  events: number
}

export interface Stored {
  /** From the first decoded event in memory to the last commit; connecting is not counted. */
  seconds: number
}

/** Keeps what a process has read for its next job. */
export function createSource(): (job: StoreJob) => Promise<readonly StoredEvent[]> {
  let loaded: Promise<readonly StoredEvent[]> | undefined
  return async ({ sourceUrl, events }) => (await (loaded ??= loadEvents(sourceUrl))).slice(0, events)
}

/** A peer: `write` brings each chunk into the log through one connection and commits it. */
export function createPeer(
  write: (client: pg.Client, chunk: readonly StoredEvent[]) => Promise<void>,
  options: pg.ClientConfig = {},
): CreateContender<StoreJob, Stored> {
  return () => {
    const source = createSource()
    return async (job) => {
      const events = await source(job)
      const client = new pg.Client({ connectionString: job.databaseUrl, options: asOwner, ...options })
      await client.connect()
      try {
        return await timeChunks(events, (chunk) => write(client, chunk))
      } finally {
        await client.end()
      }
    }
  }
}

export async function timeChunks(
  events: readonly StoredEvent[],
  write: (chunk: readonly StoredEvent[]) => Promise<void>,
): Promise<Stored> {
  const beganAt = performance.now()
  for (let at = 0; at < events.length; at += chunkRows) await write(events.slice(at, at + chunkRows))
  return { seconds: (performance.now() - beganAt) / 1_000 }
}
