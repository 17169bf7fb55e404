import { describeError } from '@synap/core'
import { type Bench, defineBenchmark, type Outcome, type Row } from '../benchmark.ts'
import type { OpenLoopResult } from '../open-loop.ts'
import { readRealMarkdown } from '../real-markdown.ts'
import { quantile, range } from '../statistics.ts'
import { importTexts, listIds, waitUntilComplete } from './import-texts.ts'
import { type Growth, growthOf, type MemorySample, sampleMemory } from './memory-samples.ts'
import { runMixedLoad } from './mixed-load.ts'
import { sampleProcess } from './sample-process.ts'
import { createDataFolder, type Standalone, startStandalone } from './standalone.ts'

interface Soak {
  afterStartMiB: number
  afterImportMiB: number
  samples: MemorySample[]
  load: Record<string, OpenLoopResult>
  failures: string[]
}

export const standaloneMemory = defineBenchmark({
  name: 'standalone-memory',
  summary: 'does the memory of ./synap start grow under steady load?',
  description: `Starts ./synap start on a fresh folder, imports real Markdown (READMEs of npm packages), then captures,
reads, searches and lists at steady rates and samples resident memory and the sizes on disk. Memory grows when
the slope of its second half (Theil-Sen) over that half is more than the tolerance: then the command fails, as it
does when an acknowledged item is not there at the end. Calls that are refused (an overloaded machine) are told.`,
  options: {
    minutes: { help: 'of load', unit: 'minutes', default: 60, min: 0.1, whole: false },
    files: { help: 'imported before the load', unit: 'files', default: 300, min: 1 },
    captures: { help: 'half of them documents', unit: 'per second', default: 1, whole: false },
    reads: { help: 'of one item', unit: 'per second', default: 2, whole: false },
    searches: { help: 'in mode hybrid', unit: 'per second', default: 1, whole: false },
    lists: { help: 'of 50 items', unit: 'per second', default: 1, whole: false },
    'sample-seconds': { help: 'between two samples', unit: 'seconds', default: 10, min: 1 },
    tolerance: {
      help: 'growth over the second half that counts as none',
      unit: '% of the level',
      default: 5,
    },
  },
  async run(values, bench) {
    const soak = await runSoak(values, bench)
    const growth = growthOf(soak.samples)
    const toleratedMiB = (growth.levelMiB * values.tolerance) / 100
    if (growth.grownMiB > toleratedMiB)
      soak.failures.push(
        `memory grew by ${growth.grownMiB.toFixed(0)} MiB in the second half (tolerated: ${toleratedMiB.toFixed(0)})`,
      )
    return outcomeOf(soak, growth, values.minutes)
  },
})

type Values = Parameters<typeof standaloneMemory.run>[0]

async function runSoak(values: Values, bench: Bench): Promise<Soak> {
  const { minutes = 0, files = 0, captures = 0, reads = 0, searches = 0, lists = 0 } = values
  await using folder = await createDataFolder()
  await using standalone = await startStandalone(folder.path)
  const { client, patient, pid } = standalone
  const rssNow = async () => (await sampleProcess(pid)).rssMiB
  const afterStartMiB = await rssNow()
  const texts = await readRealMarkdown(files)
  bench.say(`ready with ${afterStartMiB.toFixed(0)} MiB; importing ${files} files`)
  const { ids } = await importTexts(patient, texts, bench.signal)
  await waitUntilComplete(patient, ids, bench.signal)
  const afterImportMiB = await rssNow()
  bench.say(`imported and enriched, ${afterImportMiB.toFixed(0)} MiB; ${minutes} minutes of load`)

  const over = AbortSignal.any([bench.signal, AbortSignal.timeout(minutes * 60_000)])
  const rates = { captures, reads, searches, lists }
  const everyMs = (values['sample-seconds'] ?? 10) * 1_000
  const [samples, load] = await Promise.all([
    sampleMemory(standalone, { everyMs, signal: over, onSample: reporter(bench) }),
    runMixedLoad({ client, rates, texts, ids, signal: over, random: bench.random }),
  ])
  bench.signal.throwIfAborted()
  const failures = await findLosses(standalone, ids, bench.signal)
  return { afterStartMiB, afterImportMiB, samples, load, failures }
}

/** Every acknowledged item is in the list and reaches the end of the pipeline. */
async function findLosses(
  { patient }: Standalone,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  try {
    await waitUntilComplete(patient, ids, signal)
    const listed = await listIds(patient, signal)
    const lost = ids.filter((id) => !listed.has(id))
    return lost.length === 0 ? [] : [`${lost.length} acknowledged items are not there, first: ${lost[0]}`]
  } catch (error) {
    signal.throwIfAborted()
    return [describeError(error)]
  }
}

/** One line a minute. */
function reporter(bench: Bench): (sample: MemorySample) => void {
  let minute = -1
  return ({ seconds, rssMiB, databaseMiB, walMiB }) => {
    if (Math.floor(seconds / 60) === minute) return
    minute = Math.floor(seconds / 60)
    const [rss, database, wal] = [rssMiB, databaseMiB, walMiB].map((mib) => mib.toFixed(0))
    bench.say(`minute ${minute}: ${rss} MiB resident, database ${database} MiB (write-ahead log ${wal} MiB)`)
  }
}

function outcomeOf(soak: Soak, growth: Growth, minutes: number): Outcome {
  const { samples, load } = soak
  const [first, last] = [samples[0], samples.at(-1)]
  const rss = samples.map(({ rssMiB }) => rssMiB)
  const elapsed = (last?.seconds ?? 0) - (first?.seconds ?? 0)
  const cpu = (((last?.cpuSeconds ?? 0) - (first?.cpuSeconds ?? 0)) / elapsed) * 100
  const once = (what: string, value = 0, unit = 'MiB'): Row => ({ what, value, unit, count: 1 })
  const count = samples.length
  return {
    spreadIs: 'lowest to highest',
    rows: [
      once('resident after the start', soak.afterStartMiB),
      once('resident after the import', soak.afterImportMiB),
      {
        what: 'resident, second half of the load',
        value: growth.levelMiB,
        unit: 'MiB',
        count,
        spread: range(rss),
      },
      { ...once('growth per hour, second half', growth.mibPerHour, 'MiB/h'), count: Math.ceil(count / 2) },
      once('database at the end', last?.databaseMiB),
      { ...once('write-ahead log, highest', Math.max(...samples.map(({ walMiB }) => walMiB))), count },
      once('objects at the end', last?.objectsMiB),
      once('log at the end', last?.logMiB),
      once('CPU under this load', cpu, '% of a core'),
      ...Object.entries(load).flatMap(([kind, { latencies, failures }]): Row[] => [
        { ...once(`${kind}, p99`, quantile(latencies, 0.99), 'ms'), count: latencies.length },
        ...(failures.length === 0 ? [] : [once(`${kind} that were refused`, failures.length, 'calls')]),
      ]),
    ],
    failures: soak.failures,
    notes: [
      `${minutes} minutes of load; the spread of the resident memory is that of the whole time.`,
      'Resident memory is that of the process that is Synap, all threads; the command that waits for it comes on top.',
    ],
    raw: { growth, samples, load },
  }
}
