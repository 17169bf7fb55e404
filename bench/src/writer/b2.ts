import { createKafkaTools, serversConfig } from '@synap/servers'
import { type Bench, defineBenchmark, type Row } from '../benchmark.ts'
import { cpuSecondsOfTree } from '../process-cpu.ts'
import { type Contender, runRounds } from '../rounds.ts'
import { type BenchServers, startBenchServers } from '../servers.ts'
import { median, range, ratioOf } from '../statistics.ts'
import { type MixedEvent, makeEventMix } from '../stream/event-mix.ts'
import { fillTopic, recordOf } from '../stream/events-topic.ts'
import { consumerPerf } from '../stream/kafka-perf.ts'
import { startWorker } from '../worker/start-worker.ts'
import type { CopyJob } from './copy.ts'
import type { Drained, DrainJob } from './drain.ts'
import { assertLog, createExpected, emptyLog, type Sum } from './stores.ts'

interface Run {
  eventsPerSecond: number
  events: number
  joinSeconds: number
  /** CPU seconds; the program's are not known of Kafka's own tool. */
  cpu: { program: number | null; postgres: number; kafka: number }
}

const names = {
  synap: 'Synap',
  platformatic: '@platformatic/kafka + UNNEST',
  unnest: 'kafkajs eachBatch + UNNEST',
  naive: 'kafkajs eachMessage + INSERT',
  copy: 'limit of the database: binary COPY',
  perf: 'limit of Kafka: consumer-perf-test',
} as const
type Name = keyof typeof names

const database = 'bench_log'

export const b2Writer = defineBenchmark({
  name: 'b2-writer',
  summary: 'Kafka to decoded rows in the log, beside other consumers (B2)',
  description: `Fills a topic with the events of an import of real Markdown and lets each contender, a process of its own, bring
all of it into the same table with the same indexes: Synap's consumer, inbox and store with the side tables they keep;
kafkajs message by message; kafkajs and @platformatic/kafka by batches with UNNEST ON CONFLICT. Limits: one binary COPY
of rows that are encoded already, and Kafka's own consumer-perf-test. The broker runs on the same machine, the database
syncs to disk, and what each has written is compared with what was made. Counted from the first record handed over to
the last commit; events/s of one at a time are measured over fewer events.`,
  options: {
    events: { help: 'in the topic', unit: 'events', default: 60_000, min: 500 },
    'naive-events': { help: 'for message by message', unit: 'events', default: 3_000, min: 100 },
    users: { help: 'they are spread over', unit: 'users', default: 200, min: 1 },
    rounds: { help: 'each contender runs in', unit: 'rounds', default: 7, min: 1 },
  },
  async run({ events: count, 'naive-events': few, users, rounds }, bench) {
    await using servers = await startBenchServers(['postgres', 'kafka'], bench)
    await using workers = new AsyncDisposableStack()
    bench.say(`making ${count} events`)
    const events = await makeEventMix(Math.max(count, few), users)
    const contenders = await createContenders(servers, workers, bench, {
      whole: await prepareWork(servers, 'all', events.slice(0, count), bench.signal),
      part: await prepareWork(servers, 'few', events.slice(0, few), bench.signal),
    })
    const results = await runRounds({ contenders, rounds, bench })
    return {
      spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
      rows: rowsOf(results as Map<Name, Run[]>, bench),
      failures: [],
      notes: [
        `${count} events of ${users} users, ${few} of them message by message; every run left the log as it should be.`,
        'Each contender is a process that lives through all rounds; peers write the log alone, Synap also its side tables.',
      ],
      raw: Object.fromEntries(results),
    }
  },
})

/** A filled topic, and the log that has to come of it. */
interface Work {
  brokers: string
  topic: string
  records: number
  expectedUrl: string
  expected: Sum
}

async function prepareWork(
  servers: BenchServers,
  name: string,
  events: readonly MixedEvent[],
  signal: AbortSignal,
): Promise<Work> {
  const brokers = servers.addresses.KAFKA_BROKERS
  const topic = await fillTopic(brokers, `${name}.`, events.map(recordOf), signal)
  const { url, sum } = await createExpected(servers, `expected_${name}`, events)
  return { brokers, topic, records: events.length, expectedUrl: url, expected: sum }
}

async function createContenders(
  servers: BenchServers,
  workers: AsyncDisposableStack,
  { say, signal }: Bench,
  { whole, part }: { whole: Work; part: Work },
): Promise<Contender<Run>[]> {
  const tools = await createKafkaTools(serversConfig(), say)
  const databaseUrl = await servers.createDatabase(database, ['events-writer'])
  const launch = async <Job>(file: string) =>
    workers.use(await startWorker<Job, Drained>(new URL(file, import.meta.url).href))
  const drainer = async (name: Name, file: string, work: Work): Promise<Contender<Run>> => {
    const worker = await launch<DrainJob>(file)
    const { brokers, topic, records, expected } = work
    const job = { brokers, topic, records, databaseUrl }
    return { name, run: () => measured(servers, records, expected, () => worker.run(job)) }
  }
  const copier = await launch<CopyJob>('copy.ts')
  const copy = () => copier.run({ sourceUrl: whole.expectedUrl, databaseUrl })
  const perf = async () => {
    const rate = await consumerPerf(tools, whole, signal)
    return { value: { seconds: whole.records / rate, joinSeconds: 0 }, cpuSeconds: null }
  }
  return [
    await drainer('synap', 'synap.ts', whole),
    await drainer('platformatic', 'platformatic-unnest.ts', whole),
    await drainer('unnest', 'kafkajs-unnest.ts', whole),
    await drainer('naive', 'kafkajs-each-message.ts', part),
    { name: 'copy', run: () => measured(servers, whole.records, whole.expected, copy) },
    { name: 'perf', run: () => measured(servers, whole.records, undefined, perf) },
  ]
}

/** Empties the log, runs, compares the log with what it should hold (undefined = nothing was to be written). */
async function measured(
  servers: BenchServers,
  events: number,
  expected: Sum | undefined,
  work: () => Promise<{ value: Drained; cpuSeconds: number | null }>,
): Promise<Run> {
  await emptyLog(servers, database)
  const cpu = () =>
    Promise.all([cpuSecondsOfTree(servers.pidOf('postgres')), cpuSecondsOfTree(servers.pidOf('kafka'))])
  const before = await cpu()
  const { value, cpuSeconds } = await work()
  const after = await cpu()
  if (expected !== undefined) await assertLog(servers, database, expected)
  return {
    eventsPerSecond: events / value.seconds,
    events,
    joinSeconds: value.joinSeconds,
    cpu: { program: cpuSeconds, postgres: after[0] - before[0], kafka: after[1] - before[1] },
  }
}

function rowsOf(results: ReadonlyMap<Name, readonly Run[]>, { random }: Bench): Row[] {
  const of = (name: Name) => results.get(name) ?? []
  const rates = (name: Name) => of(name).map(({ eventsPerSecond }) => eventsPerSecond)
  const limit = rates('copy').map((copy, round) => Math.min(copy, rates('perf')[round] ?? Number.NaN))
  const ratio = (what: string, to: readonly number[], atLeast: number): Row => {
    const { median: value, interval } = ratioOf(rates('synap'), to, random)
    return { what, value, unit: 'times', count: to.length, spread: interval, target: { atLeast } }
  }
  const best = median(rates('platformatic')) > median(rates('unnest')) ? 'platformatic' : 'unnest'
  const row = (what: string, unit: string, values: readonly number[]): Row => ({
    what,
    unit,
    value: median(values),
    count: values.length,
    spread: range(values),
  })
  const micros = (runs: readonly Run[], part: keyof Run['cpu']) =>
    runs.map(({ cpu, events }) => ((cpu[part] ?? Number.NaN) / events) * 1_000_000)
  return [
    ratio('Synap / limit', limit, 0.6),
    ratio('Synap / eachMessage + INSERT', rates('naive'), 20),
    ratio(`Synap / best peer (${names[best]})`, rates(best), 1.5),
    ...(Object.keys(names) as Name[]).map((name) => row(names[name], 'events/s', rates(name))),
    ...(['synap', 'platformatic', 'unnest', 'naive', 'copy'] as const).flatMap((name) => [
      row(`CPU of ${names[name]}`, 'µs/event', micros(of(name), 'program')),
      row(`CPU of Postgres under ${names[name]}`, 'µs/event', micros(of(name), 'postgres')),
    ]),
  ]
}
