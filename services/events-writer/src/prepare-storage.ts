import { SynapError } from '@synap/core'
import { type Pool, transaction } from '@synap/postgres'
import {
  enableCompression,
  findHypertable,
  findTimescale,
  hasRetentionPolicy,
  setChunkInterval,
} from './sql/storage.ts'

export interface StorageOptions {
  /** Hours of events per chunk; 0 = as it is, see fit-chunks.ts. */
  logChunkHours: number
  /** Days until events are dropped; 0 = never. */
  logRetentionDays: number
}

/** What the log is stored in, in words that an operator knows. */
export interface Storage {
  kind: 'plain' | 'hypertable'
  /** For the log line. */
  description: string
  chunkHours: number | null
  /** The schema of TimescaleDB's functions; null when the log is a plain table. */
  place: string | null
  /** The schema of TimescaleDB's functions where the edition can compress, else null. */
  compressor: string | null
}

const hourMs = 3_600_000

/**
 * Finds out what the database offers and sets what the configuration asks of it; the same on every start. Rejects with
 * `log.retention_without_archive` (configuration) when old events would be dropped, by our setting or a policy in the
 * database: the log is the only place that has all of them.
 */
export async function prepareStorage(pool: Pool, options: StorageOptions): Promise<Storage> {
  if (options.logRetentionDays > 0) throw refusal('LOG_RETENTION_DAYS is set')
  return transaction(pool, { role: 'synap_events_writer' }, async (client): Promise<Storage> => {
    const timescale = await findTimescale(client)
    if (timescale === undefined) return plain('plain Postgres, without TimescaleDB')
    const found = await findHypertable(client)
    if (found === undefined) {
      return plain(`plain table: TimescaleDB ${timescale.version} was added after the log was made`)
    }
    if (await hasRetentionPolicy(client)) throw refusal('the database has a retention policy on log.events')
    const chunkMs = options.logChunkHours === 0 ? found.chunkMs : options.logChunkHours * hourMs
    if (found.chunkMs !== chunkMs) await setChunkInterval(client, timescale.place, chunkMs)
    const full = timescale.license === 'timescale'
    if (full && !found.compressed) await enableCompression(client)
    return {
      kind: 'hypertable',
      description: `TimescaleDB ${timescale.version}, ${full ? 'full' : 'Apache'} edition`,
      chunkHours: chunkMs / hourMs,
      place: timescale.place,
      compressor: full ? timescale.place : null,
    }
  })
}

function refusal(what: string): SynapError {
  return new SynapError(`${what}, but there is no archive that keeps the events which would be dropped`, {
    code: 'log.retention_without_archive',
    class: 'configuration',
  })
}

function plain(description: string): Storage {
  return { kind: 'plain', description, chunkHours: null, place: null, compressor: null }
}
