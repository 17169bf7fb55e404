import type { PostgresTools } from '@synap/servers'
import { quantile, range } from '../statistics.ts'
import type { AppendJob } from './job.ts'
import type { Requested } from './requests.ts'
import { template } from './template.ts'

/** One row of about the same bytes, one index, nothing to decide. */
const script = `insert into bench.one_row (user_id, delta)
  values (gen_random_uuid(), '\\x${Buffer.concat([template.delta, template.fingerprint]).toString('hex')}');\n`

/** Postgres' own load generator, in C, with prepared statements over the same number of connections. */
export async function runPgbench(
  tools: PostgresTools,
  { databaseUrl, inFlight, rate, seconds }: Omit<AppendJob, 'postgresPid'>,
  signal: AbortSignal,
): Promise<Requested> {
  const args = ['-n', '-M', 'prepared', '-c', String(inFlight), '-j', '1', '-T', String(seconds)]
  if (rate !== undefined) args.push('-R', rate.toFixed(1))
  const log = await tools.pgbench(databaseUrl, args, script, signal)
  return readPgbenchLog(log)
}

/**
 * The log of single transactions: client, number, microseconds (at a rate: from when it was due), script, its end in
 * seconds and microseconds. Source: PostgreSQL manual, pgbench, "Per-Transaction Logging".
 */
export function readPgbenchLog(log: string): Requested {
  const lines = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' ').map(Number))
  const latencies = lines.map(([, , micros = Number.NaN]) => micros / 1_000)
  const ends = lines.map(([, , , , second = Number.NaN, micros = 0]) => second * 1_000 + micros / 1_000)
  const seconds = (range(ends)[1] - range(ends.map((end, index) => end - (latencies[index] ?? 0)))[0]) / 1_000
  if (!(seconds > 0)) throw new Error(`pgbench's log has ${lines.length} lines`)
  return {
    perSecond: lines.length / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    items: lines.length,
  }
}
