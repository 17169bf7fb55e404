import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createClient } from '@synap/client'
import type { UserId } from '@synap/core'
import { programEnvironment } from '@synap/testing'
import type { Account, CommandResult } from './pipeline.ts'

const run = promisify(execFile)
export const root = join(import.meta.dirname, '..', '..')

export interface Urls {
  ingestUrl: string
  queryUrl: string
}

/** An account whose client outlives the restart of a service. */
export const accountOf = (urls: Urls, { userId, key }: { userId: UserId; key: string }): Account => ({
  userId,
  apiKey: key,
  client: createClient({ ...urls, apiKey: key, deadlineMs: 30_000 }),
})

/** Runs the `synap` command for an account; its journals go to `stateDir`. */
export async function runSynap(
  {
    urls,
    account,
    env,
    stateDir,
  }: { urls: Urls; account: Account; env: Record<string, string>; stateDir: string },
  args: readonly string[],
): Promise<CommandResult> {
  const own = {
    SYNAP_INGEST_URL: urls.ingestUrl,
    SYNAP_QUERY_URL: urls.queryUrl,
    SYNAP_API_KEY: account.apiKey,
    XDG_STATE_HOME: stateDir,
  }
  const options = {
    cwd: root,
    env: { ...programEnvironment(), ...env, ...own },
    maxBuffer: 64 * 1024 * 1024,
  }
  try {
    const { stdout, stderr } = await run(process.execPath, ['libs/cli/src/main.ts', ...args], options)
    return { stdout, stderr, code: 0 }
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number | undefined }
    return { stdout, stderr, code: code ?? -1 }
  }
}
