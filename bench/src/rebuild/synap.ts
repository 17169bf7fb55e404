import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { RebuildLine } from '@synap/contracts'
import { repositoryRoot } from '../repository.ts'

/** Seconds of a rebuild, and of its parts. */
export interface RebuildTimes {
  seconds: number
  copy: number
  index: number
  words: number
}

/** Megabytes of heap that the program may have, however long the log is. */
export const heapMegabytes = 192
const program = 'services/projector/src/rebuild/main.ts'

/** Runs the projector's program until the new read model is complete; following and comparing are not counted. */
export async function rebuildOnce(databaseUrl: string): Promise<RebuildTimes> {
  const request = JSON.stringify({ action: 'run', switch: false, limit: 0 })
  const flags = ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${heapMegabytes}`]
  const child = spawn(process.execPath, [...flags, program, request], {
    cwd: repositoryRoot,
    env: { ...process.env, DATABASE_URL: databaseUrl, TOPIC_PREFIX: 'bench.' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve)
  })
  const startedAt = performance.now()
  const ends = { copy: 0, index: 0, words: 0, whole: 0 }
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as RebuildLine
    if ('error' in line) throw new Error(`${line.error.code}: ${line.error.message}`)
    if (!('progress' in line)) continue
    const { phase } = line.progress
    const at = (performance.now() - startedAt) / 1_000
    if (phase === 'copy') ends.copy = at
    if (phase === 'index' && ends.words === 0) ends.index = at
    if (phase === 'words') ends.words = at
    if (phase === 'compare' || phase === 'follow') {
      ends.whole = at
      break
    }
  }
  child.kill('SIGTERM')
  const code = await ended
  if (ends.whole === 0) throw new Error(`the rebuild ended with ${String(code)}`)
  return {
    seconds: ends.whole,
    copy: ends.copy,
    index: ends.index - ends.copy,
    words: ends.words - ends.index,
  }
}
