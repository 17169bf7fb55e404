import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface ProcessSample {
  /** Resident memory of all its threads. */
  rssMiB: number
  /** CPU seconds of all its threads since it began, user and system. */
  cpuSeconds: number
}

/** Rejects when there is no such process. */
export async function sampleProcess(pid: number): Promise<ProcessSample> {
  const { stdout } = await run('ps', ['-o', 'rss=', '-o', 'time=', '-p', String(pid)])
  const [rss = '', time = ''] = stdout.trim().split(/\s+/)
  return { rssMiB: Number(rss) / 1024, cpuSeconds: (await readTicks(pid)) ?? parseCpuTime(time) }
}

/** Where the kernel tells it, hundredths of a second; `ps` of Linux knows whole seconds only. */
async function readTicks(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The name in brackets may hold anything; user and system time are the 12th and 13th field behind it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / 100
}

/** `[[days-]hours:]minutes:seconds[.hundredths]` in seconds. */
export function parseCpuTime(text: string): number {
  const [clock = '', days = '0'] = text.split('-', 2).toReversed()
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return Number(days) * 86_400 + seconds
}
