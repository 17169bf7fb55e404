import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError } from '../command-error.ts'
import { exitCodes } from '../exit-codes.ts'
import { repositoryRoot } from '../repository.ts'
import { keepLogBounded, rotateLog } from './log-rotation.ts'

export interface StandaloneOptions {
  /** Absolute. */
  dataDir: string
  /** 0 = any free port. */
  port: number
}

/** A standalone that answers. */
export interface Standalone {
  url: string
  apiKey: string
  /** Where /readyz is. */
  adminUrl: string
  dataDir: string
  logFile: string
  pid: number
  /** Resolves when somebody asked it to end and it has ended; rejects when it ended otherwise. */
  ended: Promise<void>
  /** Asks it to end, a second time at once. */
  stop(signal: NodeJS.Signals): void
}

interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/**
 * MiB of each half of the young generation, in each of three threads. By itself V8 takes 64, and keeps them: 300 MB more
 * for the same CPU.
 */
const youngMiB = 8

/** A process of its own, in a group of its own: Ctrl-C reaches this one, which passes it on once. */
function spawnStandalone({ dataDir, port }: StandaloneOptions, log: number): ChildProcess {
  const program = join('services', 'standalone', 'src', 'main.ts')
  const options = ['--disable-warning=ExperimentalWarning', `--max-semi-space-size=${youngMiB}`]
  const preload = ['--import', '@synap/telemetry/register']
  return spawn(process.execPath, [...options, ...preload, program], {
    cwd: repositoryRoot,
    detached: true,
    env: {
      LOG_LEVEL: 'warn',
      ...process.env,
      DATA_DIR: dataDir,
      HOST: '127.0.0.1',
      PORT: String(port),
      ADMIN_HOST: '127.0.0.1',
      ADMIN_PORT: '0',
    },
    stdio: ['ignore', log, log, 'ipc'],
  })
}

/**
 * Starts Synap in one process and resolves when it answers. It ends when this process ends, however that happens.
 * Rejects with its own reason when it cannot start.
 */
export async function runStandalone(options: StandaloneOptions): Promise<Standalone> {
  const logFile = join(options.dataDir, 'standalone.log')
  const { child, saidBefore } = openLog(options, logFile)
  const bounded = keepLogBounded(logFile)
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      bounded.stop()
      resolve({ code, signal })
    })
  })
  let asked = false
  const stop = (signal: NodeJS.Signals) => {
    asked = true
    child.kill(signal)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  const ready = new Promise<Pick<Standalone, 'url' | 'apiKey' | 'adminUrl' | 'dataDir'>>((resolve) => {
    child.once('message', (message) => resolve(message as Standalone))
  })
  const neverReady = exited.then((exit) => {
    if (asked) throw new CommandError('Ended before it was ready.', exitCodes.interrupted)
    throw failure(exit, logFile, saidBefore)
  })
  const told = await Promise.race([ready, neverReady])
  neverReady.catch(() => undefined)
  const ended = exited.then((exit) => {
    // Somebody else may have asked: ./synap down, or a supervisor.
    if (exit.code !== 0) throw failure(exit, logFile, saidBefore)
  })
  return { ...told, logFile, pid: child.pid ?? 0, ended, stop }
}

function openLog(options: StandaloneOptions, logFile: string) {
  let log: number
  try {
    mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
    rotateLog(logFile)
    log = openSync(logFile, 'a', 0o600)
  } catch (error) {
    const message = `The data folder cannot be used: ${(error as Error).message}.`
    throw new CommandError(message, exitCodes.configuration)
  }
  const saidBefore = statSync(logFile).size
  const child = spawnStandalone(options, log)
  closeSync(log)
  return { child, saidBefore }
}

/**
 * Why it ended: the last fatal line of its log that came after `from` bytes (any, if it was emptied since), unless it
 * was killed.
 */
function failure({ code, signal }: Exit, logFile: string, from: number): CommandError {
  const lines = signal === null ? linesSince(logFile, from) : []
  const reason = lines.flatMap(fatalReason).at(-1)
  const how = signal === null ? `exit code ${String(code)}` : `killed by ${signal}`
  const exitCode = code === exitCodes.configuration ? exitCodes.configuration : exitCodes.failed
  return new CommandError(reason ?? `Synap ended (${how}); its log says more: ${logFile}`, exitCode)
}

function linesSince(logFile: string, from: number): string[] {
  const bytes = readFileSync(logFile)
  return bytes
    .subarray(bytes.length < from ? 0 : from)
    .toString('utf8')
    .split('\n')
}

interface LogLine {
  level?: string
  msg?: string
  error?: { message?: string }
  problems?: { name: string; problem: string }[]
}

function fatalReason(text: string): string[] {
  if (!text.startsWith('{')) return []
  try {
    const line = JSON.parse(text) as LogLine
    if (line.level !== 'fatal') return []
    const problems = line.problems?.map(({ name, problem }) => `${name} ${problem}`).join('; ')
    return [`${line.msg ?? 'failed'}: ${problems ?? line.error?.message ?? 'see the log'}`]
  } catch {
    return []
  }
}
