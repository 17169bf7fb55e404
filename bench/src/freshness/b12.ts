import { defineBenchmark } from '../benchmark.ts'
import { type Contender, runRounds } from '../rounds.ts'
import { type BenchServers, startBenchServers } from '../servers.ts'
import { startWorker, type Worker } from '../worker/start-worker.ts'
import { type Measured, type RoundResult, rowsOf, shares } from './b12-rows.ts'
import type { Floors, FloorsJob } from './floors.ts'
import type { Probe } from './job.ts'
import { type LeastJob, type LeastWorkers, startLeast } from './least.ts'
import type { PeerLoadJob } from './load-peer.ts'
import type { SynapLoadJob } from './load-synap.ts'
import { measurePaced, type PacedFloors, type PacedWorkers } from './paced-floors.ts'
import type { Told, ToldJob } from './paced-told.ts'
import { peerTables } from './peer-tables.ts'
import { type Pipeline, startPipeline } from './pipeline.ts'
import type { PeerProbeJob } from './probe-peer.ts'
import type { SynapProbeJob } from './probe-synap.ts'
import { findStages } from './stages.ts'

const database = 'bench_fresh'
/** Milliseconds between two probes; no multiple of a poll's. */
const everyMs = 93
/** The load begins before the probes and ends behind them. */
const leadSeconds = 1

export const b12Freshness = defineBenchmark({
  name: 'b12-freshness',
  summary: 'from the request of a write until another request reads it (B12)',
  description: `Each contender writes an item every ${everyMs} ms and looks for it as soon as the write is answered, while others write at
${shares.map((share) => `${share * 100} %`).join(', ')} of what the pipeline holds. Synap: POST to ingest, relay, Kafka, projector, GET with min_sequence from
query, each a process of its own. Peers, in the database alone, without HTTP and Kafka: a projection that polls the
outbox every second and every 100 ms and tells by NOTIFY, and one that the write itself makes. Floors: each step by
itself, in a loop, with nothing else to do; and again at the pace of the probes, so that who is told of it has slept until
then. Least pipeline: the hand-overs of Synap between as many processes, with nothing done on
the way (HTTP, one INSERT, Kafka, one upsert with NOTIFY, one SELECT) and nobody else writing. Everything is durable (fsync on); a probe that reads another item fails the run.`,
  options: {
    seconds: { help: 'of each measurement', unit: 'seconds', default: 6, min: 1, whole: false },
    rounds: { help: 'each contender runs in', unit: 'rounds', default: 5, min: 1 },
  },
  async run({ seconds, rounds }, bench) {
    await using servers = await startBenchServers(['postgres', 'kafka', 'registry', 'object-store'], bench)
    await using scope = new AsyncDisposableStack()
    const pipeline = await startPipeline(servers, database, scope, bench.signal)
    await servers.sql(database, peerTables)
    const workers = await startWorkers(scope)
    const capacity = await measureCapacity(pipeline, workers)
    bench.say(`the pipeline holds ${capacity.toFixed(0)} captures per second`)
    const stores = { databaseUrl: pipeline.databaseUrl, brokers: servers.addresses.KAFKA_BROKERS }
    const floorsJob = { ...stores, topic: 'floors.synap.events.v1' }
    const least = await startLeast(workers.least, { ...stores, topic: 'least.synap.events.v1' })
    const place = { servers, pipeline, workers, least, floorsJob, capacity, seconds }
    const results = await runRounds({ contenders: contendersOf(place), rounds, bench })
    return {
      spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
      rows: rowsOf(results, capacity, bench),
      failures: [],
      notes: [
        `A probe every ${everyMs} ms for ${seconds} s; a round gives its own quantiles, the table their medians.`,
        'Counted from when the write was due to the end of the read that shows it.',
        'Load generators, servers and services share the cores; the peers do without HTTP and Kafka.',
        'Floors are medians of single steps on an idle pipeline; a p99 too is held against their sum.',
        `At the pace of the probes: ${everyMs / 2} ms of sleep before each step, and who consumes or is notified is a process of its own.`,
      ],
      raw: { capacity, results: Object.fromEntries(results) },
    }
  },
})

interface Workers {
  probeSynap: Worker<SynapProbeJob, Probe[]>
  loadSynap: Worker<SynapLoadJob, number>
  probePeer: Worker<PeerProbeJob, Probe[]>
  loadPeer: Worker<PeerLoadJob, number>
  floors: Worker<FloorsJob, Floors>
  paced: PacedWorkers
  least: LeastWorkers
  helloUrl: string
}

async function startWorkers(scope: AsyncDisposableStack): Promise<Workers> {
  const start = async <Job, Value>(file: string) =>
    scope.use(await startWorker<Job, Value>(new URL(file, import.meta.url).href))
  const hello = await start<object, string>('../append/hello.ts')
  return {
    probeSynap: await start<SynapProbeJob, Probe[]>('probe-synap.ts'),
    loadSynap: await start<SynapLoadJob, number>('load-synap.ts'),
    probePeer: await start<PeerProbeJob, Probe[]>('probe-peer.ts'),
    loadPeer: await start<PeerLoadJob, number>('load-peer.ts'),
    floors: await start<FloorsJob, Floors>('floors.ts'),
    paced: {
      takes: await start<FloorsJob, PacedFloors>('paced-floors.ts'),
      told: await start<ToldJob, Told>('paced-told.ts'),
    },
    least: {
      write: await start<LeastJob, string>('least-write.ts'),
      project: await start<LeastJob, null>('least-project.ts'),
      read: await start<LeastJob, string>('least-read.ts'),
    },
    helloUrl: (await hello.run({})).value,
  }
}

/** Captures per second, 16 under way, until all of them can be read. */
async function measureCapacity(pipeline: Pipeline, { loadSynap }: Workers): Promise<number> {
  const { ingestUrl, loadKeys: keys } = pipeline
  const hold = async (seconds: number) => {
    const began = performance.now()
    const { value: items } = await loadSynap.run({ ingestUrl, keys, rate: 0, inFlight: 16, seconds })
    await pipeline.level()
    return items / ((performance.now() - began) / 1_000)
  }
  await hold(2)
  return hold(4)
}

interface Setting {
  servers: BenchServers
  pipeline: Pipeline
  workers: Workers
  /** Its addresses. */
  least: Pick<Pipeline, 'ingestUrl' | 'queryUrl'>
  floorsJob: Omit<FloorsJob, 'helloUrl' | 'times'>
  capacity: number
  seconds: number
}

function contendersOf(setting: Setting): Contender<RoundResult>[] {
  const { pipeline, workers, least, floorsJob, seconds } = setting
  const peer = (name: string, pollMs: number | null): Contender<RoundResult> => ({
    name,
    run: () => atEachShare(setting, (share) => measurePeer(setting, pollMs, share)),
  })
  return [
    { name: 'synap', run: () => atEachShare(setting, (share) => measureSynap(setting, share)) },
    peer('poll1000', 1_000),
    peer('poll100', 100),
    peer('synchronous', null),
    {
      name: 'least',
      run: async () => {
        await pipeline.level()
        const job = { ...least, keys: pipeline.probeKeys, everyMs, seconds }
        return { least: (await workers.probeSynap.run(job)).value }
      },
    },
    {
      name: 'floors',
      run: async () => {
        await pipeline.level()
        const job = { ...floorsJob, helloUrl: `${workers.helloUrl}/`, times: 200 }
        return { floors: (await workers.floors.run(job)).value }
      },
    },
    {
      name: 'paced',
      run: async () => {
        await pipeline.level()
        const job = { ...floorsJob, helloUrl: `${workers.helloUrl}/`, times: 40, pauseMs: everyMs / 2 }
        return { floors: await measurePaced(workers.paced, job) }
      },
    },
  ]
}

async function atEachShare(
  { pipeline }: Setting,
  measure: (share: number) => Promise<Measured>,
): Promise<RoundResult> {
  const measured: Record<number, Measured> = {}
  for (const share of shares) {
    await pipeline.level()
    measured[share] = await measure(share)
  }
  return { measured }
}

async function measureSynap(
  { servers, pipeline, workers, capacity, seconds }: Setting,
  share: number,
): Promise<Measured> {
  const { ingestUrl, queryUrl, probeKeys, loadKeys } = pipeline
  const rate = capacity * share
  const load = workers.loadSynap.run({ ingestUrl, keys: loadKeys, rate, seconds: seconds + 2 * leadSeconds })
  const probe = workers.probeSynap.run({ ingestUrl, queryUrl, keys: probeKeys, everyMs, seconds })
  const [{ value: probes }] = await Promise.all([probe, load])
  return { probes, stages: await findStages(servers, database, probes) }
}

async function measurePeer(
  { pipeline, workers, capacity, seconds }: Setting,
  pollMs: number | null,
  share: number,
): Promise<Measured> {
  const { databaseUrl } = pipeline
  const rate = capacity * share
  const projects = pollMs === null
  const load = workers.loadPeer.run({ databaseUrl, projects, rate, seconds: seconds + 2 * leadSeconds })
  const probe = workers.probePeer.run({ databaseUrl, pollMs, everyMs, seconds })
  const [{ value: probes }] = await Promise.all([probe, load])
  return { probes }
}
