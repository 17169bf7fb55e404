import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, theilSen } from '../statistics.ts'
import { folderMiB } from './folder-size.ts'
import { type ProcessSample, sampleProcess } from './sample-process.ts'
import type { Standalone } from './standalone.ts'

export interface MemorySample extends ProcessSample {
  /** Since the first sample. */
  seconds: number
  databaseMiB: number
  walMiB: number
  objectsMiB: number
  logMiB: number
}

export interface SamplingOptions {
  everyMs: number
  signal: AbortSignal
  onSample: (sample: MemorySample) => void
}

/** Looks at the process and its folder until the signal aborts. Rejects when the process is gone. */
export async function sampleMemory(
  { pid, dataDir }: Pick<Standalone, 'pid' | 'dataDir'>,
  { everyMs, signal, onSample }: SamplingOptions,
): Promise<MemorySample[]> {
  const startedAt = performance.now()
  const samples: MemorySample[] = []
  for (let turn = 1; !signal.aborted; turn++) {
    const seconds = (performance.now() - startedAt) / 1_000
    const sample = {
      seconds,
      ...(await sampleProcess(pid)),
      databaseMiB: await folderMiB(join(dataDir, 'postgres')),
      walMiB: await folderMiB(join(dataDir, 'postgres', 'pg_wal')),
      objectsMiB: await folderMiB(join(dataDir, 'objects')),
      logMiB: (await stat(join(dataDir, 'standalone.log'))).size / 2 ** 20,
    }
    samples.push(sample)
    onSample(sample)
    const rest = startedAt + turn * everyMs - performance.now()
    await sleep(Math.max(0, rest), undefined, { signal }).catch(() => undefined)
  }
  return samples
}

export interface Growth {
  /** Resident memory in the middle of the second half. */
  levelMiB: number
  /** Slope of the second half, when caches and pools have their size. */
  mibPerHour: number
  /** That slope over the second half. */
  grownMiB: number
}

/** What the second half of the samples says about growth; the first half is warm-up. */
export function growthOf(samples: readonly Pick<MemorySample, 'seconds' | 'rssMiB'>[]): Growth {
  const second = samples.slice(Math.floor(samples.length / 2))
  const perSecond = theilSen(second.map(({ seconds, rssMiB }) => [seconds, rssMiB]))
  const duration = (second.at(-1)?.seconds ?? 0) - (second[0]?.seconds ?? 0)
  return {
    levelMiB: median(second.map(({ rssMiB }) => rssMiB)),
    mibPerHour: perSecond * 3_600,
    grownMiB: perSecond * duration,
  }
}
