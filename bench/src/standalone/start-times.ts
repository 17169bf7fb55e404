import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bench, defineBenchmark, type Row } from '../benchmark.ts'
import { runRounds } from '../rounds.ts'
import { median, range } from '../statistics.ts'
import { sampleProcess } from './sample-process.ts'
import { createDataFolder, startStandalone } from './standalone.ts'

/** One start, in milliseconds; the parts follow each other. */
interface Start {
  ready: number
  /** The command line, the new process and its modules. */
  load: number
  /** The database: made the first time, opened later. */
  database: number
  /** Migrations, topics, keys, services. */
  services: number
  rssMiB: number
  cpuSeconds: number
}

export const standaloneStart = defineBenchmark({
  name: 'standalone-start',
  summary: 'how long ./synap start takes, the first time and later',
  description: `Per round, in random order: ./synap start --json on a fresh folder, and on one that was started before; the
clock runs from the command to its line on stdout, which comes when everything works. The parts are read from its log.
Dependencies are installed before.`,
  options: { rounds: { help: 'that count, after one that does not', unit: 'rounds', default: 5, min: 1 } },
  async run({ rounds }, bench) {
    await using known = await createDataFolder()
    await timeStart(known.path)
    const results = await runRounds({ rounds, bench, contenders: contendersOf(known.path, bench) })
    return {
      spreadIs: 'lowest to highest',
      rows: [
        ...rowsOf('first start', results.get('first') ?? [], 15_000),
        ...rowsOf('later start', results.get('later') ?? [], 4_000),
      ],
      failures: [],
      notes: ['Files are in the cache of the system: dependencies have just been installed or run.'],
      raw: Object.fromEntries(results),
    }
  },
})

function contendersOf(known: string, bench: Bench) {
  const told = (name: string, start: Start) => {
    bench.say(`${name}: ${start.ready.toFixed(0)} ms`)
    return start
  }
  return [
    {
      name: 'first',
      run: async () => {
        await using fresh = await createDataFolder()
        return told('first', await timeStart(fresh.path))
      },
    },
    { name: 'later', run: async () => told('later', await timeStart(known)) },
  ]
}

async function timeStart(dataDir: string): Promise<Start> {
  const log = join(dataDir, 'standalone.log')
  const saidBefore = (await readFile(log, 'utf8').catch(() => '')).length
  await using standalone = await startStandalone(dataDir, 'info')
  const { rssMiB, cpuSeconds } = await sampleProcess(standalone.pid)
  const lines = (await readFile(log, 'utf8')).slice(saidBefore).split('\n')
  const opened = findLine(lines, 'embedded database open')
  const load = opened.at - opened.ms - standalone.startedAt
  return {
    ready: standalone.readyMs,
    load,
    database: opened.ms,
    services: standalone.readyMs - load - opened.ms,
    rssMiB,
    cpuSeconds,
  }
}

/** Unix milliseconds of the log line with this message, and the duration that it tells. */
function findLine(lines: readonly string[], message: string): { at: number; ms: number } {
  const text = lines.find((line) => line.includes(`"msg":"${message}"`))
  if (text === undefined) throw new Error(`the log of standalone does not say "${message}"`)
  const { time, ms } = JSON.parse(text) as { time: string; ms: number }
  return { at: Date.parse(time), ms }
}

function rowsOf(name: string, starts: readonly Start[], atMost: number): Row[] {
  const row = (what: string, unit: string, values: number[]): Row => ({
    what: `${name}${what}`,
    value: median(values),
    unit,
    count: values.length,
    spread: range(values),
  })
  const ready = row(
    '',
    'ms',
    starts.map((start) => start.ready),
  )
  const parts: [what: string, unit: string, part: keyof Start][] = [
    [': command, process, modules', 'ms', 'load'],
    [': database', 'ms', 'database'],
    [': schemas and services', 'ms', 'services'],
    [': CPU of Synap', 's', 'cpuSeconds'],
    [': resident when ready', 'MiB', 'rssMiB'],
  ]
  return [
    { ...ready, target: { atMost } },
    ...parts.map(([what, unit, part]) =>
      row(
        what,
        unit,
        starts.map((start) => start[part]),
      ),
    ),
  ]
}
