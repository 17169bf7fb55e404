import { createPostgresTools, type PostgresTools, serversConfig } from '@synap/servers'
import { type Bench, defineBenchmark } from '../benchmark.ts'
import { cpuSecondsOfTree } from '../process-cpu.ts'
import { type Contender, runRounds } from '../rounds.ts'
import { type BenchServers, startBenchServers } from '../servers.ts'
import { startWorker } from '../worker/start-worker.ts'
import { rowsOf } from './b6-rows.ts'
import { type HttpStage, startHttpStage } from './http-stage.ts'
import type { Appended, AppendJob } from './job.ts'
import { contenders, inFlights, type Name, names, type Result, type Run, shares } from './names.ts'
import { runPgbench } from './pgbench.ts'
import type { Requested, RequestsJob } from './requests.ts'
import { assertStored, createStores, emptyStores, type Place } from './stores.ts'

const database = 'bench_write'
const body = JSON.stringify({ type: 'task', title: 'Buy oat milk and call the plumber' })

export const b6Append = defineBenchmark({
  name: 'b6-append',
  summary: 'durable appends, in the database and over HTTP, beside other outboxes (B6)',
  description: `Each contender stores the same captured task, its state and its event, durably (fsync on): Synap's append in one
round trip; BEGIN, two INSERTs, COMMIT, also with NOTIFY and pipelined; Drizzle; graphile-worker's add_job. Closed loop with
${inFlights.join(', ')} calls under way; Synap and the limit also in an open loop at ${shares.map((share) => `${share * 100} %`).join(', ')} of what each did with 16. Limits: pgbench
with a one-row INSERT, and one prepared INSERT through the same driver. Then the HTTP stage: 201 after commit by an ingest
process with its relay at work, beside a bare fastify. What was acknowledged is compared with what is stored.`,
  options: {
    seconds: { help: 'of each measurement', unit: 'seconds', default: 2, min: 0.2, whole: false },
    rounds: { help: 'each contender runs in', unit: 'rounds', default: 5, min: 1 },
  },
  async run({ seconds, rounds }, bench) {
    await using servers = await startBenchServers(['postgres', 'kafka', 'object-store'], bench)
    await using workers = new AsyncDisposableStack()
    const tools = await createPostgresTools(serversConfig(), bench.say)
    const databaseUrl = await createStores(servers, database)
    const http = workers.use(await startHttpStage(servers, 'bench_http', bench.signal))
    const place = { servers, workers, tools, databaseUrl, seconds, bench }
    const list = [
      ...(await Promise.all(contenders.map(([name, file, stored]) => appender(place, name, file, stored)))),
      pgbench(place),
      ...(await httpContenders(place, http)),
    ]
    const results = (await runRounds({ contenders: list, rounds, bench })) as Map<Name, Result[]>
    return {
      spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
      rows: rowsOf(results, bench),
      failures: [],
      notes: [
        `${seconds} s per measurement, a thousand users; every event that was acknowledged is stored once, Synap's in gapless sequences.`,
        'The peers give out no numbers and check no version; add_job keeps no state beside the job.',
        'One program, Postgres and the load share the cores; the HTTP stage adds the load generator and the relay.',
      ],
      raw: { names, results: Object.fromEntries(results) },
    }
  },
})

interface Setting {
  servers: BenchServers
  workers: AsyncDisposableStack
  tools: PostgresTools
  databaseUrl: string
  seconds: number
  bench: Bench
}

type Ask = Pick<AppendJob, 'inFlight' | 'rate'>

async function appender(
  { servers, workers, databaseUrl, seconds }: Setting,
  name: Name,
  file: string,
  stored: Place,
): Promise<Contender<Result>> {
  const module = new URL(file, import.meta.url).href
  const worker = workers.use(await startWorker<AppendJob, Appended>(module))
  const measure = async (ask: Ask): Promise<Run> => {
    await emptyStores(servers, database)
    const { value } = await worker.run({
      databaseUrl,
      seconds,
      postgresPid: servers.pidOf('postgres'),
      ...ask,
    })
    await assertStored(servers, database, stored, value)
    return value
  }
  return { name, run: () => measureAll(measure, name === 'synap') }
}

function pgbench({ servers, tools, databaseUrl, seconds, bench }: Setting): Contender<Result> {
  // pgbench counts whole seconds; in one it may hardly have begun on a busy machine.
  const whole = Math.max(2, Math.round(seconds))
  const measure = async (ask: Ask): Promise<Run> => {
    await emptyStores(servers, database)
    const before = await cpuSecondsOfTree(servers.pidOf('postgres'))
    const run = await runPgbench(tools, { databaseUrl, seconds: whole, ...ask }, bench.signal)
    const postgres = (await cpuSecondsOfTree(servers.pidOf('postgres'))) - before
    const [count] = await servers.sql(database, 'select count(*) from bench.one_row;')
    if (count !== String(run.items)) throw new Error(`pgbench stored ${count} rows and told of ${run.items}`)
    return { ...run, cpu: { program: null, postgres, calls: run.items } }
  }
  return { name: 'pgbench', run: () => measureAll(measure, true) }
}

async function httpContenders(
  { servers, workers, seconds }: Setting,
  http: HttpStage,
): Promise<Contender<Result>[]> {
  const start = async <Job, Value>(file: string) =>
    workers.use(await startWorker<Job, Value>(new URL(file, import.meta.url).href))
  const generator = await start<RequestsJob, Requested>('requests.ts')
  const hello = await start<object, string>('hello.ts')
  const { value: helloUrl } = await hello.run({})
  const measure = async (target: Pick<RequestsJob, 'url' | 'keys'>, pid: number, ask: Ask): Promise<Run> => {
    const cpuNow = () => Promise.all([cpuSecondsOfTree(pid), cpuSecondsOfTree(servers.pidOf('postgres'))])
    const before = await cpuNow()
    const { value } = await generator.run({ ...target, ...ask, body, seconds })
    const after = await cpuNow()
    const cpu = { program: after[0] - before[0], postgres: after[1] - before[1], calls: value.items }
    return { ...value, cpu }
  }
  const capture = async (ask: Ask): Promise<Run> => {
    const before = await http.count()
    const run = await measure(http, http.pid, ask)
    await http.idle()
    const stored = (await http.count()) - before
    if (stored !== run.items) throw new Error(`${run.items} captures were answered, ${stored} are stored`)
    return run
  }
  const bare = (ask: Ask) => measure({ url: helloUrl, keys: [] }, hello.pid, ask)
  return [
    { name: 'http', run: () => measureAll(capture, true) },
    { name: 'hello', run: () => measureAll(bare, false) },
  ]
}

/** Closed loops, then open loops at shares of what the closed one came to with 16 under way. */
async function measureAll(measure: (ask: Ask) => Promise<Run>, open: boolean): Promise<Result> {
  const closed: Record<number, Run> = {}
  for (const inFlight of inFlights) closed[inFlight] = await measure({ inFlight })
  const capacity = closed[16]?.perSecond ?? Number.NaN
  const paced: Record<number, Run> = {}
  for (const share of open ? shares : [])
    paced[share] = await measure({ inFlight: 16, rate: capacity * share })
  return { closed, paced }
}
