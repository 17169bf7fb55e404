import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineBenchmark, type Row } from '../benchmark.ts'
import { cpuSecondsOfTree } from '../process-cpu.ts'
import { type Contender, runRounds } from '../rounds.ts'
import { type BenchServers, startBenchServers } from '../servers.ts'
import { median, range, ratioOf } from '../statistics.ts'
import { makeEventMix } from '../stream/event-mix.ts'
import { measureLoads } from './aggregate-load.ts'
import { copyFinal, exportFinal, type FinalState } from './copy-final.ts'
import { fillLog } from './fill-log.ts'
import { projectRowByRow } from './row-by-row.ts'
import { heapMegabytes, type RebuildTimes, rebuildOnce } from './synap.ts'

type Name = 'synap' | 'copy' | 'rows'
type Run = Partial<RebuildTimes> & Pick<RebuildTimes, 'seconds' | 'cpu'>

const database = 'bench_rebuild'
/** The one that was made from nothing becomes the active one, which the others are made beside. */
const takeItsPlace = `
  update read_meta.read_active set n = 2; update read_meta.rebuilds set phase = 'switched' where n = 2;
  delete from read_meta.read_models where n = 1; drop schema read_v1 cascade;`

export const b13Rebuild = defineBenchmark({
  name: 'b13-rebuild',
  summary: 'a read model made anew from the log, beside row by row and a COPY of what it comes to (B13)',
  description: `Fills the log with the events of imports of real Markdown, and makes the read model anew with the program behind
./synap rebuild, in a heap of ${heapMegabytes} MB for each of its threads, beside one that has the same rows. Counted is all until the new
one may be followed: start of the program, plan, rows, keys, indexes, references, words for search, statistics. Then it
compares every row, and each has to be the same; that is in "the whole command". Limit: a binary COPY of the finished
rows in random order on two connections, then the same keys, indexes (which sort them), references and statistics. Peer: one event
after the other, read its row, evolve it, upsert it, commit; over fewer events. Then loads aggregates of 10, 1,000 and
10,000 events with and without their snapshots.`,
  options: {
    events: { help: 'in the log', unit: 'events', default: 1_000_000, min: 1_000 },
    users: { help: 'they are spread over', unit: 'users', default: 1_000, min: 1 },
    'row-events': { help: 'for row by row', unit: 'events', default: 5_000, min: 100 },
    rounds: { help: 'each contender runs in', unit: 'rounds', default: 3, min: 1 },
  },
  async run({ events, users, 'row-events': few, rounds }, bench) {
    const folder = await mkdtemp(join(tmpdir(), 'synap-rebuild-'))
    try {
      await using servers = await startBenchServers(['postgres'], bench)
      const url = await servers.createDatabase(database, ['events-writer', 'projector'])
      await fillLog(url, { events, users }, bench.say)
      await servers.sql(database, 'create schema bench_final authorization synap_projector; checkpoint;')
      const mix = await makeEventMix(few, Math.max(1, Math.round(users / 10)))
      await rebuildOnce(url, { postgres: servers.pidOf('postgres'), mayDiffer: true })
      await servers.sql(database, takeItsPlace)
      const final = await exportFinal(url, folder)
      const contenders = contendersOf(servers, url, final, () => projectRowByRow(url, mix))
      const results = await runRounds({ contenders, rounds, warmUps: 0, bench })
      const loads = await measureLoads(url, [10, 1_000, 10_000])
      const of = (name: Name) => results.get(name) ?? []
      return {
        spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
        rows: [...rowsOf(of, { events, few }, bench.random), ...loads.flatMap(loadRows)],
        failures: [],
        notes: [
          `${events} events of ${users} users; row by row ${few} of them. The first rebuild, which does not count, made what the limit copies.`,
          'The limit writes what is finished: it reads no events, folds nothing and takes no words.',
          ...etaOf(of('synap')),
        ],
        raw: { ...Object.fromEntries(results), loads },
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
})

function contendersOf(
  servers: BenchServers,
  url: string,
  final: FinalState,
  rowByRow: () => Promise<number>,
): Contender<Run>[] {
  const postgres = servers.pidOf('postgres')
  const fresh = async () => {
    await servers.sql(
      database,
      'drop schema if exists read_v3 cascade; delete from read_meta.read_models where n = 3; checkpoint;',
    )
  }
  const again = async () => {
    await fresh()
    return rebuildOnce(url, { postgres })
  }
  const settled = async (work: () => Promise<number>) => {
    await servers.sql(database, 'checkpoint;')
    const [own, before] = [process.cpuUsage(), await cpuSecondsOfTree(postgres)]
    const seconds = await work()
    const { user, system } = process.cpuUsage(own)
    return {
      seconds,
      cpu: { program: (user + system) / 1_000_000, postgres: (await cpuSecondsOfTree(postgres)) - before },
    }
  }
  return [
    { name: 'synap', run: again },
    { name: 'copy', run: () => settled(() => copyFinal(url, final)) },
    { name: 'rows', run: () => settled(rowByRow) },
  ]
}

function rowsOf(
  of: (name: Name) => Run[],
  { events, few }: { events: number; few: number },
  random: () => number,
): Row[] {
  const rates = (name: Name, count: number) => of(name).map(({ seconds }) => count / seconds)
  const [synap, copy, rows] = [rates('synap', events), rates('copy', events), rates('rows', few)]
  const ratio = (what: string, to: readonly number[], target?: Row['target']): Row => {
    const { median: value, interval } = ratioOf(synap, to, random)
    const row = { what, value, unit: 'times', count: to.length, spread: interval }
    return target === undefined ? row : { ...row, target }
  }
  const row = (what: string, unit: string, values: readonly number[]): Row => ({
    what,
    unit,
    value: median(values),
    count: values.length,
    spread: range(values),
  })
  const part = (name: 'copy' | 'keys' | 'words' | 'rest' | 'command' | 'megabytes') =>
    of('synap').map((run) => run[name] ?? 0)
  const cpu = (name: Name, whose: 'program' | 'postgres') =>
    of(name).map((run) => (run.cpu[whose] * 1_000_000) / events)
  return [
    ratio('Synap / limit', copy, { atLeast: 0.4 }),
    ratio('Synap / row by row', rows),
    row('Synap', 'events/s', synap),
    row('limit: COPY of the finished rows, keys, indexes, statistics', 'events/s', copy),
    row('row by row', 'events/s', rows),
    row('Synap: reading, folding, COPY', 's', part('copy')),
    row('Synap: keys and statistics for the words', 's', part('keys')),
    row('Synap: words', 's', part('words')),
    row('Synap: indexes, references, statistics', 's', part('rest')),
    row('the whole command: also every row compared', 's', part('command')),
    row('most memory of the program', 'MB', part('megabytes')),
    row('CPU of Synap: program', 'µs/event', cpu('synap', 'program')),
    row('CPU of Synap: Postgres', 'µs/event', cpu('synap', 'postgres')),
    row('CPU of the limit: program', 'µs/event', cpu('copy', 'program')),
    row('CPU of the limit: Postgres', 'µs/event', cpu('copy', 'postgres')),
  ]
}

function etaOf(runs: readonly Run[]): string[] {
  const [said, took] = (['said', 'took'] as const).map((name) =>
    median(runs.map((run) => run.halfway?.[name] ?? 0)),
  )
  return [
    `Halfway through the rows it said ${said?.toFixed(1)} s more for them; it took ${took?.toFixed(1)} s.`,
  ]
}

function loadRows({
  events,
  withSnapshot,
  without,
}: Awaited<ReturnType<typeof measureLoads>>[number]): Row[] {
  const row = (how: string, { ms, folded }: typeof withSnapshot): Row => ({
    what: `aggregate of ${events} events, ${how} (${folded} folded)`,
    value: ms,
    unit: 'ms',
    count: 15,
  })
  return [row('with snapshot', withSnapshot), row('without', without)]
}
