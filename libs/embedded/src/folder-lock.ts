import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeError, SynapError } from '@synap/core'

export interface FolderLock {
  /** Lets another process have the folder. */
  release(): void
}

interface Holder {
  pid: number
  /** ISO 8601. */
  startedAt: string
}

const lockFile = 'lock'
const holderFile = 'lock.json'
const sqliteBusy = 5

/**
 * Makes the folder (mode 700) and takes it for this process. The lock is the kernel's, taken through SQLite, since Node
 * has no lock of its own: it ends with the process, however that ends, so no lock is ever stale, no reused process id
 * is mistaken for its holder, and of two that start at once one gets it. `lock.json` only says who that is.
 *
 * Nothing in this process may open and close the file `lock`: that would drop the lock (POSIX record locks).
 *
 * Rejects with `folder.in_use` (configuration; the message names the process), or `folder.unusable`.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const startedAfter = new Date()
  const lock = await take(folder)
  if (lock === undefined) throw inUse(folder, await findHolder(folder, startedAfter))
  try {
    await writeHolder(folder)
  } catch (error) {
    lock.close()
    throw unusable(folder, error)
  }
  return {
    release: () => {
      if (lock.isOpen) lock.close()
    },
  }
}

/** Undefined when another holds it. */
async function take(folder: string): Promise<DatabaseSync | undefined> {
  let lock: DatabaseSync | undefined
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
    lock = new DatabaseSync(join(folder, lockFile), { timeout: 0 })
    lock.exec('begin exclusive')
    return lock
  } catch (error) {
    lock?.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return undefined
    throw unusable(folder, error)
  }
}

async function writeHolder(folder: string): Promise<void> {
  const holder: Holder = { pid: process.pid, startedAt: new Date().toISOString() }
  const draft = join(folder, `${holderFile}.${process.pid}`)
  await writeFile(draft, `${JSON.stringify(holder)}\n`, { mode: 0o600 })
  await rename(draft, join(folder, holderFile))
}

/** Who holds it. A holder that has just taken it writes its name a moment later, so a dead one's is read again. */
async function findHolder(folder: string, since: Date): Promise<Holder | undefined> {
  for (;;) {
    const holder = await readHolder(folder)
    if (holder !== undefined && isAlive(holder.pid)) return holder
    if (Date.now() - since.getTime() > 1_000) return undefined
    await sleep(20)
  }
}

async function readHolder(folder: string): Promise<Holder | undefined> {
  try {
    const { pid, startedAt } = JSON.parse(await readFile(join(folder, holderFile), 'utf8')) as Partial<Holder>
    return typeof pid === 'number' && typeof startedAt === 'string' ? { pid, startedAt } : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function inUse(folder: string, holder: Holder | undefined): SynapError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid}, since ${holder.startedAt}`
  return new SynapError(`the data folder ${folder} is in use by ${who}: stop it, or give another folder`, {
    code: 'folder.in_use',
    class: 'configuration',
    fields: { folder, pid: holder?.pid ?? null },
  })
}

function unusable(folder: string, error: unknown): SynapError {
  return new SynapError(`the data folder ${folder} cannot be used: ${describeError(error)}`, {
    code: 'folder.unusable',
    class: 'configuration',
    fields: { folder },
    cause: error,
  })
}
