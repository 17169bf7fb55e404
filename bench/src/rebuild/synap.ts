import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { RebuildLine, RebuildResult } from '@synap/contracts'
import { rebuildLaunchOptions } from '@synap/servers'
import { cpuSecondsOfTree } from '../process-cpu.ts'
import { repositoryRoot } from '../repository.ts'

/** Seconds of a rebuild and of its parts, and what it took. */
export interface RebuildTimes {
  /** Until the new read model is complete and may be followed. */
  seconds: number
  copy: number
  /** What words are made by: keys, statistics. */
  keys: number
  words: number
  /** Indexes, references, statistics. */
  rest: number
  /** Until the program has compared every row, too, and ends. */
  command: number
  /** CPU seconds until the new read model is complete: of the program and its threads, and of Postgres. */
  cpu: { program: number; postgres: number }
  /** Most memory of the program, its threads included. */
  megabytes: number
  /** The time that was left according to what it said halfway through the rows, beside what it took from there. */
  halfway: { said: number; took: number }
}

/** Megabytes of heap that the program, and each of its threads, may have, however long the log is. */
export const heapMegabytes = 192
const program = 'services/projector/src/rebuild/main.ts'

/**
 * Runs the projector's program without the switch; rejects when a row differs from those of the active read model.
 * `postgres`: id of the server's process.
 */
export async function rebuildOnce(
  databaseUrl: string,
  { postgres, mayDiffer = false }: { postgres: number; mayDiffer?: boolean },
): Promise<RebuildTimes> {
  const before = await cpuSecondsOfTree(postgres)
  const request = JSON.stringify({ action: 'run', switch: false, limit: 0 })
  const launch = rebuildLaunchOptions()
  const flags = [...launch.arguments, `--max-old-space-size=${heapMegabytes}`]
  const child = spawn(process.execPath, [...flags, program, request], {
    cwd: repositoryRoot,
    env: { ...launch.environment, ...process.env, DATABASE_URL: databaseUrl, TOPIC_PREFIX: 'bench.' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
  })
  const startedAt = performance.now()
  const watch = createWatch()
  let result: RebuildResult | undefined
  let cpu: RebuildTimes['cpu'] | undefined
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as RebuildLine
    const isBrokenOff = mayDiffer && watch.isComplete()
    if ('error' in line && !isBrokenOff) throw new Error(`${line.error.code}: ${line.error.message}`)
    if ('rebuild' in line) result = line.rebuild
    watch.line(line, (performance.now() - startedAt) / 1_000)
    const pid = child.pid ?? 0
    watch.memory(await highWaterOf(pid))
    if (watch.isComplete())
      cpu ??= { program: await cpuSecondsOfTree(pid), postgres: (await cpuSecondsOfTree(postgres)) - before }
    // A read model that was never filled differs in every row: nobody needs to read them all.
    if (mayDiffer && watch.isComplete()) child.kill('SIGTERM')
  }
  await ended
  if (!mayDiffer && !isWhole(result)) throw new Error(`the rebuild came to ${JSON.stringify(result)}`)
  return { ...watch.times(), cpu: cpu ?? { program: 0, postgres: 0 } }
}

/** A new read model was made beside another, and every row is the same. */
function isWhole(result: RebuildResult | undefined): boolean {
  if (result === undefined) return false
  const { from, to, rows, differences } = result
  return from !== to && rows > 0 && differences.explained + differences.unexplained === 0
}

function createWatch() {
  const ends = { copy: 0, keys: 0, words: 0, whole: 0, command: 0 }
  let megabytes = 0
  let halfway = { at: 0, said: 0 }
  return {
    line(line: RebuildLine, at: number) {
      ends.command = at
      if (!('progress' in line)) return
      const { phase, done, of, etaMs } = line.progress
      if (phase === 'copy') {
        ends.copy = at
        if (done <= of / 2) halfway = { at, said: (etaMs ?? 0) / 1_000 }
      }
      if (phase === 'index' && ends.words === 0) ends.keys = at
      if (phase === 'words') ends.words = at
      if (phase === 'compare' && ends.whole === 0) ends.whole = at
    },
    memory(megabytesNow: number) {
      megabytes = Math.max(megabytes, megabytesNow)
    },
    isComplete: () => ends.whole > 0,
    times: (): Omit<RebuildTimes, 'cpu'> => ({
      seconds: ends.whole,
      copy: ends.copy,
      keys: ends.keys - ends.copy,
      words: ends.words - ends.keys,
      rest: ends.whole - ends.words,
      command: ends.command,
      megabytes,
      halfway: { said: halfway.said, took: ends.copy - halfway.at },
    }),
  }
}

/** Megabytes; 0 where there is no /proc. */
async function highWaterOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024
}
