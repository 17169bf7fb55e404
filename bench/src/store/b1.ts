import { type Bench, defineBenchmark, type Row } from '../benchmark.ts'
import { cpuSecondsOfTree } from '../process-cpu.ts'
import { type Contender, runRounds } from '../rounds.ts'
import { type BenchServers, startBenchServers } from '../servers.ts'
import { median, range, ratioOf } from '../statistics.ts'
import { makeEventMix } from '../stream/event-mix.ts'
import { startWorker } from '../worker/start-worker.ts'
import { chunkRows } from '../writer/rows.ts'
import { assertLog, createExpected, emptyLog, type Sum } from '../writer/stores.ts'
import type { Stored, StoreJob } from './job.ts'
import { copyOnServer, writeServerFile } from './server-copy.ts'

export interface Run {
  rowsPerSecond: number
  rows: number
  /** CPU seconds; the program's are null where there is none. */
  cpu: { program: number | null; postgres: number }
}

const names = {
  rows: "Synap, the events table alone (the writer's COPY)",
  store: 'Synap, all that the log keeps (day spans, aggregates, counts)',
  unnest: 'UNNEST ON CONFLICT',
  temp: 'COPY to a temporary table, ON CONFLICT',
  copyRows: 'COPY, text, row by row',
  jdbc: 'JDBC batch: 128-row VALUES, pipelined',
  values: 'VALUES, 500 rows, prepared',
  insert: 'INSERT per row, prepared',
  prepared: 'limit with commits: COPY of encoded rows, by chunks',
  server: 'limit: COPY by the server from its own file',
} as const
type Name = keyof typeof names

const modules: Readonly<Partial<Record<Name, string>>> = {
  rows: 'synap-rows.ts',
  store: 'synap-store.ts',
  unnest: 'unnest.ts',
  temp: 'temp-table.ts',
  copyRows: 'copy-rows.ts',
  jdbc: 'jdbc-batch.ts',
  values: 'multi-values.ts',
  insert: 'per-row-insert.ts',
  prepared: 'prepared-copy.ts',
}

const database = 'bench_log'

export const b1Store = defineBenchmark({
  name: 'b1-store',
  summary: 'decoded events to rows of the log, beside other ways of writing them (B1)',
  description: `Each contender, a process with one connection, brings the same decoded events into log.events, with the
same indexes and in transactions of ${chunkRows.toLocaleString('en')} rows: Synap's COPY alone and with all side tables; UNNEST ON CONFLICT; COPY
into a temporary table and on from there; COPY row by row; a JDBC batch; VALUES; one INSERT per row. Limits: the server
reads the rows from a file of its own in one COPY; the same chunks and commits with rows that are encoded already. The
database syncs to disk, and what each has written is compared with what was made.`,
  options: {
    events: { help: 'that each writes', unit: 'events', default: 60_000, min: 100 },
    'insert-events': { help: 'for one INSERT per row', unit: 'events', default: 7_500, min: 100 },
    users: { help: 'they are spread over', unit: 'users', default: 200, min: 1 },
    rounds: { help: 'each contender runs in', unit: 'rounds', default: 7, min: 1 },
  },
  async run({ events: count, 'insert-events': few, users, rounds }, bench) {
    await using servers = await startBenchServers(['postgres'], bench)
    await using workers = new AsyncDisposableStack()
    bench.say(`making ${count} events`)
    const events = await makeEventMix(count, users)
    const whole = await createExpected(servers, 'expected_all', events)
    const part = await createExpected(servers, 'expected_few', events.slice(0, Math.min(few, count)))
    await writeServerFile(servers, 'expected_all')
    const databaseUrl = await servers.createDatabase(database, ['events-writer'])
    const work = (name: Name) => {
      const { url, sum } = name === 'insert' ? part : whole
      return { job: { sourceUrl: url, databaseUrl, events: sum.rows }, sum }
    }
    const contenders: Contender<Run>[] = []
    for (const name of Object.keys(names) as Name[]) {
      const { job, sum } = work(name)
      contenders.push({ name, run: await createRun(servers, workers, name, job, sum) })
    }
    const results = await runRounds({ contenders, rounds, bench })
    return {
      spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
      rows: rowsOf(results as Map<Name, Run[]>, bench),
      failures: [],
      notes: [
        `${count} events of ${users} users (INSERT per row: ${part.sum.rows}); every run left the log as it should be.`,
        'Like for like is the first of Synap; the second does what no peer does, in the same transactions.',
      ],
      raw: Object.fromEntries(results),
    }
  },
})

async function createRun(
  servers: BenchServers,
  workers: AsyncDisposableStack,
  name: Name,
  job: StoreJob,
  expected: Sum,
): Promise<() => Promise<Run>> {
  const module = modules[name]
  if (module === undefined) {
    const copy = async () => ({ value: await copyOnServer(servers, database), cpuSeconds: null })
    return () => measured(servers, expected, copy)
  }
  const url = new URL(module, import.meta.url).href
  const worker = workers.use(await startWorker<StoreJob, Stored>(url))
  // Reads and prepares its events outside of the rounds.
  return () => measured(servers, expected, () => worker.run(job))
}

/** Empties the log, runs, compares the log with what it should hold. */
async function measured(
  servers: BenchServers,
  expected: Sum,
  work: () => Promise<{ value: Stored; cpuSeconds: number | null }>,
): Promise<Run> {
  await emptyLog(servers, database)
  const before = await cpuSecondsOfTree(servers.pidOf('postgres'))
  const { value, cpuSeconds } = await work()
  const postgres = (await cpuSecondsOfTree(servers.pidOf('postgres'))) - before
  await assertLog(servers, database, expected)
  const { rows } = expected
  return { rowsPerSecond: rows / value.seconds, rows, cpu: { program: cpuSeconds, postgres } }
}

function rowsOf(results: ReadonlyMap<Name, readonly Run[]>, { random }: Bench): Row[] {
  const of = (name: Name) => results.get(name) ?? []
  const rates = (name: Name) => of(name).map(({ rowsPerSecond }) => rowsPerSecond)
  const ratio = (what: string, [a, b]: readonly [Name, Name], atLeast?: number): Row => {
    const { median: value, interval } = ratioOf(rates(a), rates(b), random)
    const target = atLeast === undefined ? {} : { target: { atLeast } }
    return { what, value, unit: 'times', count: rates(a).length, spread: interval, ...target }
  }
  const row = (what: string, unit: string, values: readonly number[]): Row => ({
    what,
    unit,
    value: median(values),
    count: values.length,
    spread: range(values),
  })
  const micros = (runs: readonly Run[], cpu: (run: Run) => number) =>
    runs.map((run) => (cpu(run) / run.rows) * 1_000_000)
  const whole = ({ cpu }: Run) => (cpu.program ?? 0) + cpu.postgres
  return [
    ratio('Synap / limit', ['rows', 'server'], 0.85),
    ratio('Synap / UNNEST ON CONFLICT', ['rows', 'unnest'], 1.7),
    ratio('Synap / temporary table', ['rows', 'temp'], 1.3),
    ratio('Synap / limit with commits', ['rows', 'prepared']),
    ratio('Synap with side tables / limit', ['store', 'server']),
    ratio('Synap with side tables / UNNEST ON CONFLICT', ['store', 'unnest']),
    ...(Object.keys(names) as Name[]).map((name) => row(names[name], 'rows/s', rates(name))),
    ...(Object.keys(names) as Name[]).flatMap((name) => [
      row(`CPU, program and Postgres: ${names[name]}`, 'µs/row', micros(of(name), whole)),
      row(
        `CPU of Postgres: ${names[name]}`,
        'µs/row',
        micros(of(name), ({ cpu }) => cpu.postgres),
      ),
    ]),
  ]
}
