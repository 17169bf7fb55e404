import { existsSync, rmSync } from 'node:fs'

/**
 * Deletes the data folder of a standalone that does not run. Rejects (configuration, the message names the process)
 * while one runs on it, also one that no profile tells of.
 */
export async function wipeData(dataDir: string): Promise<void> {
  if (!existsSync(dataDir)) return
  // Loaded here alone: with it comes a whole database.
  const { lockFolder } = await import('@synap/embedded')
  const lock = await lockFolder(dataDir)
  try {
    rmSync(dataDir, { recursive: true, force: true })
  } finally {
    lock.release()
  }
}
