import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { identify, isRunning } from '@synap/servers'
import { repositoryRoot } from '../repository.ts'
import { readStackEnv, stackEnvFile } from '../stack-environment.ts'
import type { Standalone } from './run-standalone.ts'

/** Where the commands find a standalone of this checkout, while it runs. */
export const standaloneEnvFile = join(repositoryRoot, '.synap', 'standalone.env')

/** Lets the other commands find it; for its owner's eyes. The last one that was started is found. */
export function writeProfile({ url, apiKey, pid }: Standalone, file = standaloneEnvFile): void {
  const values = {
    SYNAP_INGEST_URL: url,
    SYNAP_QUERY_URL: url,
    SYNAP_API_KEY: apiKey,
    SYNAP_STANDALONE_PID: pid,
    SYNAP_STANDALONE_STARTED: identify(pid)?.startedAt ?? '',
  }
  const lines = Object.entries(values).map(([name, value]) => `${name}='${value}'\n`)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.${pid}`, lines.join(''), { mode: 0o600 })
  renameSync(`${file}.${pid}`, file)
}

/** Forgets it, unless another one was started since. */
export function removeProfile(pid: number, file = standaloneEnvFile): void {
  if (readStackEnv(file)['SYNAP_STANDALONE_PID'] === String(pid)) rmSync(file, { force: true })
}

/** The file that tells where Synap is on this machine: of a standalone that runs and of the stack, the later one. */
export function localProfile(standaloneFile = standaloneEnvFile, stackFile = stackEnvFile): string {
  const { SYNAP_STANDALONE_PID: pid, SYNAP_STANDALONE_STARTED: startedAt = '' } = readStackEnv(standaloneFile)
  if (!isRunning({ pid: Number(pid), startedAt })) return stackFile
  if (!existsSync(stackFile)) return standaloneFile
  return statSync(stackFile).mtimeMs > statSync(standaloneFile).mtimeMs ? stackFile : standaloneFile
}
