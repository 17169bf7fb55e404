import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock.ts'

/** One line about what is going on, for a person who waits. */
export type Report = (line: string) => void

export interface CacheEntry {
  /** Folder name: what it is and its version. */
  name: string
  /** Fills the empty folder; when it throws, nothing is kept. */
  build(folder: string): Promise<void>
}

/**
 * The folder `<root>/<name>`, built when it is not there: in a temporary folder beside it, then renamed, so a folder
 * that exists is complete. Of several processes that want it at once, one builds and the others wait.
 */
export async function cached(
  root: string,
  entry: CacheEntry,
  options: { report: Report; signal?: AbortSignal | undefined },
): Promise<string> {
  const folder = join(root, entry.name)
  if (existsSync(folder)) return folder
  const onWait = (holder: number) =>
    options.report(`waiting for process ${holder}, which builds ${entry.name}`)
  await withLock(`${folder}.lock`, { onWait, signal: options.signal }, async () => {
    if (existsSync(folder)) return
    for (const left of readdirSync(root).filter((name) => name.startsWith(`${entry.name}.building-`))) {
      rmSync(join(root, left), { recursive: true, force: true })
    }
    const building = `${folder}.building-${process.pid}`
    mkdirSync(building, { recursive: true })
    try {
      await entry.build(building)
      renameSync(building, folder)
    } catch (error) {
      rmSync(building, { recursive: true, force: true })
      throw error
    }
  })
  return folder
}
