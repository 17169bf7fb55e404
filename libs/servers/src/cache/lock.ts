import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isRunning, type ProcessIdentity } from '../process/identity.ts'

/**
 * Runs `work` while this process holds the lock file at `path`; others wait. The file names its holder, so a lock
 * left by a process that died is taken over.
 */
export async function withLock<T>(
  path: string,
  options: { signal?: AbortSignal | undefined; onWait?: (holder: number) => void },
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true })
  const mine = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  writeFileSync(mine, JSON.stringify(identify(process.pid)))
  let waiting = false
  try {
    while (!tryLink(mine, path)) {
      const holder = readHolder(path)
      if (holder !== undefined && !isRunning(holder)) {
        removeStale(path, holder)
        continue
      }
      if (!waiting && holder !== undefined) options.onWait?.(holder.pid)
      waiting = true
      await sleep(100, undefined, options.signal === undefined ? {} : { signal: options.signal })
    }
    try {
      return await work()
    } finally {
      rmSync(path, { force: true })
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

/** link(2) fails when the name exists, and the file is complete the moment it can be seen. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readHolder(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity
  } catch {
    return undefined
  }
}

/**
 * Of two that find the same stale lock, the slower one could remove the faster one's new lock. So the file is first
 * moved aside and looked at again; a live holder's lock goes back.
 */
function removeStale(path: string, stale: ProcessIdentity): void {
  const aside = `${path}.stale.${randomBytes(4).toString('hex')}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const moved = readHolder(aside)
  if (moved?.pid !== stale.pid || moved.startedAt !== stale.startedAt) tryLink(aside, path)
  rmSync(aside, { force: true })
}
