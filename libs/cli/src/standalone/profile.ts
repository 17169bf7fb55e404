import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { identify, isRunning, type ProcessIdentity } from '@synap/servers'
import { repositoryRoot } from '../repository.ts'
import { readStackEnv, stackEnvFile } from '../stack-environment.ts'
import type { Standalone } from './run-standalone.ts'

/** Where the commands find a standalone of this checkout, while it runs. */
export const standaloneEnvFile = join(repositoryRoot, '.synap', 'standalone.env')

/** Where it keeps everything unless told otherwise. */
export const defaultDataDir = join(repositoryRoot, '.synap', 'standalone')

/** A standalone that runs, as its profile tells it. */
export interface RunningStandalone {
  process: ProcessIdentity
  /** Milliseconds since 1970. */
  since: number
  url: string
  /** Where /readyz is. */
  adminUrl: string
  dataDir: string
  logFile: string
}

/** Lets the other commands find it; for its owner's eyes. The last one that was started is found. */
export function writeProfile(standalone: Standalone, file = standaloneEnvFile): void {
  const { url, apiKey, adminUrl, dataDir, logFile, pid } = standalone
  const values = {
    SYNAP_INGEST_URL: url,
    SYNAP_QUERY_URL: url,
    SYNAP_API_KEY: apiKey,
    SYNAP_STANDALONE_PID: String(pid),
    SYNAP_STANDALONE_STARTED: identify(pid)?.startedAt ?? '',
    SYNAP_STANDALONE_SINCE: String(Date.now()),
    SYNAP_STANDALONE_ADMIN_URL: adminUrl,
    SYNAP_STANDALONE_DATA: dataDir,
    SYNAP_STANDALONE_LOG: logFile,
  }
  const lines = Object.entries(values).map(([name, value]) => `${name}=${quoted(value)}\n`)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.${pid}`, lines.join(''), { mode: 0o600 })
  renameSync(`${file}.${pid}`, file)
}

/** The format has no escapes: a quotation mark that the value does not hold. */
const quoted = (value: string): string => {
  const mark = ["'", '"', '`'].find((each) => !value.includes(each)) ?? "'"
  return `${mark}${value}${mark}`
}

/** Forgets it, unless another one was started since. */
export function removeProfile(pid: number, file = standaloneEnvFile): void {
  if (readStackEnv(file)['SYNAP_STANDALONE_PID'] === String(pid)) rmSync(file, { force: true })
}

/** The standalone that the profile tells of, while it runs. */
export function findStandalone(file = standaloneEnvFile): RunningStandalone | undefined {
  const written = readStackEnv(file)
  const startedAt = written['SYNAP_STANDALONE_STARTED'] ?? ''
  const identity = { pid: Number(written['SYNAP_STANDALONE_PID']), startedAt }
  if (!isRunning(identity)) return undefined
  return {
    process: identity,
    since: Number(written['SYNAP_STANDALONE_SINCE']),
    url: written['SYNAP_INGEST_URL'] ?? '',
    adminUrl: written['SYNAP_STANDALONE_ADMIN_URL'] ?? '',
    dataDir: written['SYNAP_STANDALONE_DATA'] ?? '',
    logFile: written['SYNAP_STANDALONE_LOG'] ?? '',
  }
}

/** The file that tells where Synap is on this machine: of a standalone that runs and of the stack, the later one. */
export function localProfile(standaloneFile = standaloneEnvFile, stackFile = stackEnvFile): string {
  if (findStandalone(standaloneFile) === undefined) return stackFile
  if (!existsSync(stackFile)) return standaloneFile
  return statSync(stackFile).mtimeMs > statSync(standaloneFile).mtimeMs ? stackFile : standaloneFile
}
