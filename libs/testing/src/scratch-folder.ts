import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { identify, isRunning, type ProcessIdentity } from '@synap/servers'

const prefix = 'synap-test-'
const ownerFile = 'owner.json'

/**
 * A temporary folder that names its owner, so that the next run can clear what a killed one has left. Inside `parent`
 * it is removed with that folder, so it needs no label of its own.
 */
export function createScratchFolder(parent?: string): string {
  if (parent !== undefined) return mkdtempSync(join(parent, 'set-'))
  removeAbandoned()
  const folder = mkdtempSync(join(tmpdir(), prefix))
  writeFileSync(join(folder, ownerFile), JSON.stringify(identify(process.pid)))
  return folder
}

/** Removes the folder; servers killed a moment ago may still write a last file into it. */
export function removeScratchFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
}

function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    const folder = join(tmpdir(), name)
    const owner = readOwner(folder)
    if (owner !== undefined && !isRunning(owner)) removeScratchFolder(folder)
  }
}

/** Undefined for a folder that another process has made and not yet labelled. */
function readOwner(folder: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, ownerFile), 'utf8')) as ProcessIdentity
  } catch {
    return undefined
  }
}
