import type { BenchServers } from '../servers.ts'
import { columnNames } from '../writer/rows.ts'
import type { Stored } from './job.ts'

/** On the server, in the folder that it may write to. */
const file = '/srv/bench-events'

/** Puts the rows of `source` into a file of the server. */
export async function writeServerFile(servers: BenchServers, source: string): Promise<void> {
  const rows = 'select * from log.events order by occurred_at, user_id, sequence'
  await servers.sql(source, `copy (select ${columnNames} from (${rows}) r) to '${file}' (format binary);`)
}

/** The server reads that file into the log by itself: one COPY, one commit, no client. */
export async function copyOnServer(servers: BenchServers, database: string): Promise<Stored> {
  const clock = 'select extract(epoch from clock_timestamp());'
  const lines = await servers.sql(
    database,
    `${clock} copy log.events (${columnNames}) from '${file}' (format binary); ${clock}`,
  )
  const [began, ended] = lines.map(Number)
  return { seconds: (ended ?? Number.NaN) - (began ?? Number.NaN) }
}
