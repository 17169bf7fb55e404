import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, defineBenchmark, type Row } from '../benchmark.ts'
import { type OpenLoopResult, runOpenLoop } from '../open-loop.ts'
import { readRealMarkdown } from '../real-markdown.ts'
import { median, quantile, range, ratioOf } from '../statistics.ts'
import { importTexts, waitUntilComplete } from './import-texts.ts'
import { sampleProcess } from './sample-process.ts'
import { createDataFolder, type Standalone, startStandalone } from './standalone.ts'

interface Round {
  idle: OpenLoopResult
  importing: OpenLoopResult
  capturesPerSecond: number
  itemsPerSecond: number
  rssMiB: number
}

const probeEveryMs = 50
const quantiles: readonly (readonly [name: string, q: number])[] = [
  ['p50', 0.5],
  ['p99', 0.99],
  ['max', 1],
]

export const standaloneImport = defineBenchmark({
  name: 'standalone-import',
  summary: 'rate of an import, and how fast HTTP answers meanwhile',
  description: `Starts ./synap start on a fresh folder. Per round: a cheap read (one item) every 50 ms for some seconds while
nothing else happens, then the same while a part of the files is captured, eight at once, until all of it is logged,
enriched and searchable. Latency counts from the time a read was due, so a stall is charged to all who would have waited.`,
  options: {
    files: { help: 'in all', unit: 'files', default: 1_000, min: 1 },
    rounds: { help: 'the files are spread over', unit: 'rounds', default: 5, min: 1 },
    'idle-seconds': { help: 'of reads alone, per round', unit: 'seconds', default: 10, min: 1 },
  },
  async run(values, bench) {
    await using folder = await createDataFolder()
    await using standalone = await startStandalone(folder.path)
    const texts = await readRealMarkdown(values.files)
    const perRound = Math.ceil(texts.length / values.rounds)
    const { id } = await standalone.client.capture({ type: 'note', content: 'The item that is read.' })
    await waitUntilComplete(standalone.patient, [id], bench.signal)
    const rounds: Round[] = []
    for (let from = 0; from < texts.length; from += perRound) {
      const part = texts.slice(from, from + perRound)
      rounds.push(await runRound(standalone, id, part, values['idle-seconds'], bench))
      bench.say(`${from + part.length} files are in: ${describe(rounds.at(-1))}`)
    }
    const refused = rounds.flatMap(({ idle, importing }) => [...idle.failures, ...importing.failures])
    return {
      spreadIs: 'lowest to highest round',
      rows: rowsOf(rounds, bench),
      failures:
        refused.length === 0
          ? []
          : [`${refused.length} reads were not answered, first: ${refused[0]?.reason ?? ''}`],
      notes: [`${values.files} files, READMEs of npm packages, in ${rounds.length} parts.`],
      raw: rounds,
    }
  },
})

async function runRound(
  { client, patient, pid }: Standalone,
  id: string,
  texts: readonly string[],
  idleSeconds: number,
  { signal }: Bench,
): Promise<Round> {
  const probe = async (work: () => Promise<void>): Promise<OpenLoopResult> => {
    const over = new AbortController()
    const reading = runOpenLoop({
      everyMs: probeEveryMs,
      signal: over.signal,
      call: async () => {
        await client.getEntity(id as Parameters<typeof client.getEntity>[0])
      },
    })
    try {
      await work()
    } finally {
      over.abort()
      await reading
    }
    return reading
  }
  const idle = await probe(() => sleep(idleSeconds * 1_000, undefined, { signal }))
  const rate = { captures: 0, items: 0 }
  const importing = await probe(async () => {
    const startedAt = performance.now()
    const { ids, seconds } = await importTexts(patient, texts, signal)
    await waitUntilComplete(patient, ids, signal)
    rate.captures = texts.length / seconds
    rate.items = texts.length / ((performance.now() - startedAt) / 1_000)
  })
  const { rssMiB } = await sampleProcess(pid)
  return { idle, importing, capturesPerSecond: rate.captures, itemsPerSecond: rate.items, rssMiB }
}

function rowsOf(rounds: readonly Round[], bench: Bench): Row[] {
  const row = (what: string, unit: string, values: number[]): Row => ({
    what,
    unit,
    value: median(values),
    count: values.length,
    spread: range(values),
  })
  const latency = (part: 'idle' | 'importing', q: number) =>
    rounds.map((round) => quantile(round[part].latencies, q))
  const [importing, idle] = [latency('importing', 0.99), latency('idle', 0.99)]
  const ratio = ratioOf(importing, idle, bench.random)
  return [
    row(
      'captures answered',
      'files/s',
      rounds.map((round) => round.capturesPerSecond),
    ),
    row(
      'logged, enriched and searchable',
      'files/s',
      rounds.map((round) => round.itemsPerSecond),
    ),
    ...quantiles.map(([name, q]) => row(`read while idle, ${name}`, 'ms', latency('idle', q))),
    ...quantiles.map(([name, q]) => row(`read during the import, ${name}`, 'ms', latency('importing', q))),
    {
      ...row('p99 during the import / idle', 'times', importing),
      value: ratio.median,
      spread: ratio.interval,
    },
    row(
      'resident after a part',
      'MiB',
      rounds.map(({ rssMiB }) => rssMiB),
    ),
  ]
}

function describe(round: Round | undefined): string {
  if (round === undefined) return ''
  const { itemsPerSecond, importing } = round
  const [p50, p99, max] = quantiles.map(([, q]) => quantile(importing.latencies, q).toFixed(0))
  return `${itemsPerSecond.toFixed(1)} files/s, reads p50 ${p50}, p99 ${p99}, max ${max} ms`
}
