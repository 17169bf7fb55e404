import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bench, defineBenchmark, type Row } from '../benchmark.ts'
import { type Contender, runRounds } from '../rounds.ts'
import { type BenchServers, startBenchServers } from '../servers.ts'
import { median, range, ratioOf } from '../statistics.ts'
import { makeEventMix } from '../stream/event-mix.ts'
import { recordOf } from '../stream/events-topic.ts'
import { startWorker } from '../worker/start-worker.ts'
import { assertLog, createExpected, emptyLog, type Sum } from '../writer/stores.ts'
import { type Share, shares } from './deliveries.ts'
import { type Deduped, type DedupeJob, lineOf } from './job.ts'
import { killWriters } from './kills.ts'

interface Run {
  deliveriesPerSecond: number
  cpuSeconds: number
}

const names = {
  synap: 'Synap, inbox and store',
  plain: 'Synap without dedupe',
  unnest: 'UNNEST ON CONFLICT',
  temp: 'COPY to a temporary table, ON CONFLICT',
} as const
type Name = keyof typeof names
/** A contender at a share of replay; without dedupe there is none. */
type Key = `${Name} ${Share}`

const modules: Readonly<Record<Name, string>> = {
  synap: 'synap.ts',
  plain: 'no-dedupe.ts',
  unnest: 'unnest.ts',
  temp: 'temp-table.ts',
}

const database = 'bench_log'

export const b3Dedupe = defineBenchmark({
  name: 'b3-dedupe',
  summary: 'what was delivered before changes nothing: what that costs, and 20 kills (B3)',
  description: `Each contender, a process of its own, brings the same records, some of which a relay sent again, into the log:
none, 1 % and 50 % of what is delivered was delivered before. Synap's inbox and store with all side tables; UNNEST ON
CONFLICT; COPY to a temporary table and on with ON CONFLICT; and, where nothing comes twice, Synap's decoder and store
without its inbox: the limit. Then events-writer processes read a topic on which every batch stands twice and are killed
(SIGKILL) while they copy: nothing may be lost, and nothing there twice.`,
  options: {
    events: { help: 'that are different', unit: 'events', default: 40_000, min: 1_000 },
    users: { help: 'they are spread over', unit: 'users', default: 200, min: 1 },
    rounds: { help: 'each contender runs in; 0 = only the kills', unit: 'rounds', default: 7 },
    kills: { help: 'of a writer; 0 = only the rounds', unit: 'kills', default: 20 },
    'kill-events': { help: 'on the topic of the kills', unit: 'events', default: 80_000, min: 1_000 },
  },
  async run({ events: count, users, rounds, kills, 'kill-events': killEvents }, bench) {
    await using servers = await startBenchServers(['postgres', 'kafka', 'registry'], bench)
    bench.say(`making ${Math.max(count, killEvents)} events`)
    const events = await makeEventMix(Math.max(count, killEvents), users)
    const results =
      rounds === 0 ? new Map<Key, Run[]>() : await compare(servers, events.slice(0, count), rounds, bench)
    const killed = kills === 0 ? undefined : await kill(servers, events.slice(0, killEvents), kills, bench)
    const told =
      killed === undefined
        ? []
        : [
            `${killed.kills} events-writers were killed, ${killed.inTransaction} of them inside a COPY, over ${killed.deliveries / 2} events that each stood twice on the topic: 0 lost, 0 twice, every count beside them right.`,
          ]
    return {
      spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
      rows: rounds === 0 ? [] : rowsOf(results, bench),
      failures: [],
      notes: [`${count} events of ${users} users; every run left the log as it should be.`, ...told],
      raw: { names, results: Object.fromEntries(results), killed },
    }
  },
})

type Events = Awaited<ReturnType<typeof makeEventMix>>

async function compare(
  servers: BenchServers,
  events: Events,
  rounds: number,
  bench: Bench,
): Promise<Map<Key, Run[]>> {
  await using workers = new AsyncDisposableStack()
  const { sum } = await createExpected(servers, 'expected_all', events)
  const databaseUrl = await servers.createDatabase(database, ['events-writer'])
  const folder = await mkdtemp(join(tmpdir(), 'synap-bench-'))
  workers.defer(() => rm(folder, { recursive: true, force: true }))
  const recordsFile = join(folder, 'records')
  await writeFile(recordsFile, events.map((event) => lineOf(recordOf(event))).join('\n'))
  const contenders: Contender<Run>[] = []
  for (const name of Object.keys(names) as Name[]) {
    const module = new URL(modules[name], import.meta.url).href
    const worker = workers.use(await startWorker<DedupeJob, Deduped>(module))
    for (const share of name === 'plain' ? ([0] as const) : shares) {
      const work = () => worker.run({ databaseUrl, recordsFile, share })
      contenders.push({ name: `${name} ${share}`, run: () => measured(servers, sum, work) })
    }
  }
  return (await runRounds({ contenders, rounds, bench })) as Map<Key, Run[]>
}

async function kill(servers: BenchServers, events: Events, kills: number, bench: Bench) {
  const { sum } = await createExpected(servers, 'expected_kills', events)
  return killWriters(servers, { events, expected: sum, kills }, bench)
}

async function measured(
  servers: BenchServers,
  expected: Sum,
  work: () => Promise<{ value: Deduped; cpuSeconds: number }>,
): Promise<Run> {
  await emptyLog(servers, database)
  const { value, cpuSeconds } = await work()
  await assertLog(servers, database, expected)
  return { deliveriesPerSecond: value.deliveries / value.seconds, cpuSeconds }
}

function rowsOf(results: ReadonlyMap<Key, readonly Run[]>, { random }: Bench): Row[] {
  const rates = (key: Key) => (results.get(key) ?? []).map((run) => run.deliveriesPerSecond)
  const ratio = (what: string, [a, b]: readonly [Key, Key], atLeast?: number): Row => {
    const { median: value, interval } = ratioOf(rates(a), rates(b), random)
    const target = atLeast === undefined ? {} : { target: { atLeast } }
    return { what, value, unit: 'times', count: rates(a).length, spread: interval, ...target }
  }
  return [
    ratio('Synap, nothing twice / without dedupe', ['synap 0', 'plain 0'], 0.9),
    ratio('Synap, 1 % twice / without dedupe', ['synap 1', 'plain 0'], 0.9),
    ratio('Synap / UNNEST ON CONFLICT, 50 % twice', ['synap 50', 'unnest 50'], 1),
    ratio('Synap / temporary table, 50 % twice', ['synap 50', 'temp 50']),
    ratio('Synap / UNNEST ON CONFLICT, nothing twice', ['synap 0', 'unnest 0']),
    ...[...results.keys()].map((key): Row => {
      const [name, share] = key.split(' ') as [Name, string]
      const values = rates(key)
      const what = `${names[name]}, ${share} % twice`
      return { what, unit: 'records/s', value: median(values), count: values.length, spread: range(values) }
    }),
  ]
}
