import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, defineBenchmark } from '../benchmark.ts'
import { readRealMarkdown } from '../real-markdown.ts'
import { median, range } from '../statistics.ts'
import { importTexts, waitUntilComplete } from './import-texts.ts'
import { type ProcessSample, sampleProcess } from './sample-process.ts'
import { createDataFolder, type Standalone, startStandalone } from './standalone.ts'

interface Minute extends ProcessSample {
  /** Of one core, Synap and the command that waits for it. */
  cpuPercent: number
  launcher: ProcessSample
}

export const standaloneIdle = defineBenchmark({
  name: 'standalone-idle',
  summary: 'what ./synap start uses while nobody asks it anything',
  description: `Starts ./synap start on a fresh folder, imports real Markdown, waits until all is enriched and lets a minute
pass; then counts CPU seconds minute by minute, as % of one core, and resident memory. CPU seconds are counted by the
kernel, so other work on the machine hardly changes them.`,
  options: {
    minutes: { help: 'of idleness', unit: 'minutes', default: 5, min: 1 },
    files: { help: 'imported before; 0 = as after the first start', unit: 'files', default: 100 },
  },
  async run({ minutes, files }, bench) {
    await using folder = await createDataFolder()
    await using standalone = await startStandalone(folder.path)
    if (files > 0) {
      bench.say(`importing ${files} files`)
      const { ids } = await importTexts(standalone.patient, await readRealMarkdown(files), bench.signal)
      await waitUntilComplete(standalone.patient, ids, bench.signal)
    }
    bench.say('a minute to come to rest')
    await sleep(60_000, undefined, { signal: bench.signal })
    const samples = await watchMinutes(standalone, minutes, bench)
    const row = (what: string, unit: string, values: number[]) => ({
      what,
      unit,
      value: median(values),
      count: values.length,
      spread: range(values),
    })
    const cpu = row(
      'CPU while idle',
      '% of a core',
      samples.map(({ cpuPercent }) => cpuPercent),
    )
    return {
      spreadIs: 'lowest to highest minute',
      rows: [
        { ...cpu, target: { atMost: 2 } },
        row(
          'resident, Synap',
          'MiB',
          samples.map(({ rssMiB }) => rssMiB),
        ),
        row(
          'resident, the command that waits for it',
          'MiB',
          samples.map(({ launcher }) => launcher.rssMiB),
        ),
      ],
      failures: [],
      notes: [`After ${files} files; CPU is that of both processes.`],
      raw: samples,
    }
  },
})

async function watchMinutes(
  { pid, launcherPid }: Standalone,
  minutes: number,
  bench: Bench,
): Promise<Minute[]> {
  const look = async () => {
    const [own, launcher] = await Promise.all([sampleProcess(pid), sampleProcess(launcherPid)])
    return { own, launcher, at: performance.now(), cpuSeconds: own.cpuSeconds + launcher.cpuSeconds }
  }
  const result: Minute[] = []
  let before = await look()
  for (let minute = 1; minute <= minutes; minute++) {
    await sleep(60_000, undefined, { signal: bench.signal })
    const now = await look()
    const cpuPercent = ((now.cpuSeconds - before.cpuSeconds) / ((now.at - before.at) / 1_000)) * 100
    bench.say(`minute ${minute}: ${cpuPercent.toFixed(2)} % of a core, ${now.own.rssMiB.toFixed(0)} MiB`)
    result.push({ ...now.own, cpuPercent, launcher: now.launcher })
    before = now
  }
  return result
}
