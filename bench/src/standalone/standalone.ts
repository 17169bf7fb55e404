import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createClient, type SynapClient } from '@synap/client'
import { repositoryRoot } from '../repository.ts'

/** A running `./synap start`. */
export interface Standalone extends AsyncDisposable {
  url: string
  apiKey: string
  dataDir: string
  /** The process that is Synap. */
  pid: number
  /** The command that started it and waits for its end. */
  launcherPid: number
  /** Milliseconds from the command to its first line, which it prints when everything works. */
  readyMs: number
  /** Unix milliseconds when the command was given. */
  startedAt: number
  /** Every call is made once: one that is refused is a finding. */
  client: SynapClient
  /** Tries again, for what is not measured. */
  patient: SynapClient
  /** As Ctrl-C does. Rejects when it does not end cleanly. */
  stop(): Promise<void>
}

/**
 * Runs `./synap start` on the folder as a person would, offline: whatever model or collector the environment names, the
 * numbers are those of Synap alone. Rejects with what it said when it does not start.
 */
export async function startStandalone(dataDir: string, logLevel = 'warn'): Promise<Standalone> {
  const foreign = Object.keys(process.env).filter((name) => /^(OPENAI|OTEL|SYNAP|NODE|npm)_/.test(name))
  const env = {
    ...process.env,
    ...Object.fromEntries(foreign.map((name) => [name, undefined])),
    LOG_LEVEL: logLevel,
  }
  const startedAt = Date.now()
  const began = performance.now()
  const args = ['start', '--json', '--quiet', '--no-profile', '--port', '0', '--data', dataDir]
  const child = spawn(join(repositoryRoot, 'synap'), args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const ready = await readFirstLine(child)
  const readyMs = performance.now() - began
  const { url, apiKey } = JSON.parse(ready) as { url: string; apiKey: string }
  const { pid } = JSON.parse(await readFile(join(dataDir, 'lock.json'), 'utf8')) as { pid: number }
  const stop = () => stopChild(child)
  const account = { ingestUrl: url, queryUrl: url, apiKey }
  return {
    url,
    apiKey,
    dataDir,
    pid,
    launcherPid: child.pid ?? 0,
    readyMs,
    startedAt,
    stop,
    client: createClient({ ...account, attempts: 1, deadlineMs: 60_000 }),
    patient: createClient({ ...account, attempts: 20, deadlineMs: 180_000 }),
    [Symbol.asyncDispose]: stop,
  }
}

/** A fresh folder that goes away at the end. */
export async function createDataFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'synap-bench-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

async function readFirstLine(child: ChildProcess): Promise<string> {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`synap start ended with ${String(code)}: ${said}`)))
  })
  failed.catch(() => undefined)
  if (child.stdout === null) throw new TypeError('stdout of the child is a pipe')
  const lines = createInterface({ input: child.stdout })
  const [line] = (await Promise.race([once(lines, 'line'), failed])) as [string]
  return line
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    child.kill('SIGINT')
    await exited
  }
  if (child.exitCode !== 0)
    throw new Error(`synap start ended with ${String(child.exitCode ?? child.signalCode)}`)
}
