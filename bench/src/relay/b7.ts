import { createKafkaTools, type KafkaTools, serversConfig } from '@synap/servers'
import { defineBenchmark } from '../benchmark.ts'
import { cpuSecondsOfTree } from '../process-cpu.ts'
import { type Contender, runRounds } from '../rounds.ts'
import { type BenchServers, startBenchServers } from '../servers.ts'
import { type MixedEvent, makeEventMix } from '../stream/event-mix.ts'
import { fillTopic, recordOf } from '../stream/events-topic.ts'
import { producerPerf } from '../stream/kafka-perf.ts'
import { startWorker, type Worker } from '../worker/start-worker.ts'
import { rowsOf } from './b7-rows.ts'
import type { RelayJob, RelayRun } from './job.ts'
import { contenders, type Name, names, type Result } from './names.ts'
import { countWaiting, createOutboxes, digestOf, emptyOutboxes, endsOf, readDigest } from './stores.ts'

const database = 'bench_outbox'

export const b7Relay = defineBenchmark({
  name: 'b7-relay',
  summary: 'committed rows of an outbox to acknowledged records, beside other relays (B7)',
  description: `Each contender, a process of its own, brings the same rows of an outbox to the same topic, acknowledged by all
replicas; Postgres syncs to disk. First the rate it holds: rows are put in as fast as it takes them, so that the same
number waits all the time (the slope of the backlog is reported). Then the time from a commit to the acknowledgement, at
single commits at a fixed rate. What arrived is read back and compared, in order per user. Limits: one cursor over the
outbox, and Kafka's producer-perf-test with records of the same size.`,
  options: {
    rows: { help: 'to hold the rate for', unit: 'rows', default: 40_000, min: 500 },
    'naive-rows': { help: 'for row by row', unit: 'rows', default: 1_500, min: 100 },
    waiting: { help: 'kept in the outbox meanwhile', unit: 'rows', default: 4_000, min: 1 },
    singles: { help: 'to measure the latency', unit: 'commits', default: 1_000, min: 50 },
    'every-ms': { help: 'between two of them', unit: 'milliseconds', default: 4, min: 1 },
    users: { help: 'they are spread over', unit: 'users', default: 200, min: 1 },
    'sync-ms': {
      help: 'that a commit takes longer, for all alike: 1 is a usual disk of a cloud, and 0 the disk of this machine',
      unit: 'milliseconds',
      default: 0,
      min: 0,
      whole: false,
    },
    rounds: { help: 'each contender runs in', unit: 'rounds', default: 7, min: 1 },
  },
  async run(values, bench) {
    await using servers = await startBenchServers(['postgres', 'kafka'], bench)
    await using workers = new AsyncDisposableStack()
    await servers.setPostgres('wal_level', 'logical')
    if (values['sync-ms'] > 0) {
      // Postgres itself waits so long before each sync of the log, whoever else commits.
      await servers.setPostgres('commit_siblings', '0')
      await servers.setPostgres('commit_delay', String(Math.round(values['sync-ms'] * 1_000)))
    }
    const tools = await createKafkaTools(serversConfig(), bench.say)
    const counts = { rows: values.rows, naive: values['naive-rows'], singles: values.singles }
    const events = await makeEventMix(Math.max(...Object.values(counts)), values.users)
    const databaseUrl = await createOutboxes(servers, database, events)
    const topic = await fillTopic(servers.addresses.KAFKA_BROKERS, 'relay.', [], bench.signal)
    // Records of random letters pack badly: the limit is that of a topic that packs nothing.
    const plain = { 'compression.type': 'uncompressed' }
    const perfTopic = await fillTopic(servers.addresses.KAFKA_BROKERS, 'perf.', [], bench.signal, plain)
    const place: Place = {
      servers,
      tools,
      databaseUrl,
      topic,
      perfTopic,
      events,
      signal: bench.signal,
      values,
    }
    const list: Contender<Result>[] = []
    for (const [name, { file }] of Object.entries(contenders)) {
      const module = new URL(file, import.meta.url).href
      const worker = workers.use(await startWorker<RelayJob, RelayRun>(module))
      list.push({ name, run: () => runContender(place, name as Name, worker) })
    }
    list.push({ name: 'perf', run: () => runPerf(place) })
    const results = await runRounds({ contenders: list, rounds: values.rounds, bench })
    return {
      spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
      rows: rowsOf(results as Map<Name | 'perf', Result[]>, bench),
      failures: [],
      notes: [
        `${counts.rows} rows (${counts.naive} row by row) of ${values.users} users with ${values.waiting} waiting; every run put every record on the topic once, in order per user.`,
        `Latency at ${1_000 / values['every-ms']} commits/s, ${counts.singles} per round.`,
        ...(values['sync-ms'] > 0
          ? [`Each commit waits ${values['sync-ms']} ms more than this disk takes (commit_delay).`]
          : []),
        'Debezium is not among them: docs/reference/benchmarks.md says why.',
      ],
      raw: { names, results: Object.fromEntries(results) },
    }
  },
})

interface Place {
  servers: BenchServers
  tools: KafkaTools
  databaseUrl: string
  topic: string
  perfTopic: string
  events: readonly MixedEvent[]
  signal: AbortSignal
  values: Readonly<Record<'rows' | 'naive-rows' | 'waiting' | 'singles' | 'every-ms', number>>
}

async function runContender(place: Place, name: Name, worker: Worker<RelayJob, RelayRun>): Promise<Result> {
  const { values } = place
  const { holds, singles } = contenders[name]
  const rows = name === 'naive' ? values['naive-rows'] : values.rows
  const waiting = Math.min(values.waiting, rows >> 1)
  return {
    hold: holds
      ? await runLoad(place, name, worker, { rows, load: { kind: 'backlog', waiting } })
      : undefined,
    single: singles
      ? await runLoad(place, name, worker, {
          rows: values.singles,
          load: { kind: 'single', everyMs: values['every-ms'] },
        })
      : undefined,
  }
}

async function runLoad(
  { servers, databaseUrl, topic, events }: Place,
  name: Name,
  worker: Worker<RelayJob, RelayRun>,
  load: Pick<RelayJob, 'rows' | 'load'>,
): Promise<Result['hold']> {
  const brokers = servers.addresses.KAFKA_BROKERS
  const { sends, leaves } = contenders[name]
  await emptyOutboxes(servers, database)
  const from = await endsOf(brokers, topic)
  const cpu = () =>
    Promise.all([cpuSecondsOfTree(servers.pidOf('postgres')), cpuSecondsOfTree(servers.pidOf('kafka'))])
  const before = await cpu()
  const { value, cpuSeconds } = await worker.run({ brokers, topic, databaseUrl, ...load })
  const after = await cpu()
  const left = await countWaiting(servers, database)
  if (left !== (leaves ? load.rows : 0)) throw new Error(`${name} left ${left} of ${load.rows} rows`)
  if (sends !== 'nothing') {
    const found = await readDigest(brokers, topic, from)
    const wanted = digestOf(events.slice(0, load.rows))
    if (found.records !== load.rows || (sends === 'in order' && found.digest !== wanted))
      throw new Error(
        `${name} put ${found.records} records of ${load.rows} on the topic, or others, or in another order`,
      )
  }
  const perRow = (seconds: number) => (seconds / load.rows) * 1_000_000
  return {
    ...value,
    microsPerRow: {
      program: perRow(cpuSeconds),
      postgres: perRow(after[0] - before[0]),
      kafka: perRow(after[1] - before[1]),
    },
  }
}

/** As many times the rows: Java needs a while until it is at full speed. */
const perfTimes = 4

async function runPerf({ servers, tools, perfTopic, events, signal, values }: Place): Promise<Result> {
  const sample = events.slice(0, 1_000).map(recordOf)
  const bytes = sample.map(
    ({ key, value, headers }) => key.length + value.length + JSON.stringify(headers).length,
  )
  const recordBytes = Math.round(bytes.reduce((sum, size) => sum + size, 0) / sample.length)
  const brokers = servers.addresses.KAFKA_BROKERS
  const { recordsPerSecond } = await producerPerf(
    tools,
    { brokers, topic: perfTopic, records: perfTimes * values.rows, recordBytes, throughput: -1 },
    signal,
  )
  return {
    hold: {
      rowsPerSecond: recordsPerSecond,
      slope: 0,
      latencies: [],
      microsPerRow: { program: Number.NaN, postgres: 0, kafka: Number.NaN },
    },
    single: undefined,
  }
}
