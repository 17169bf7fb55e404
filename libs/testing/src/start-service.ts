import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts, identify, launchOptionsOf, type ProcessIdentity, signalProcess } from '@synap/servers'
import { eventually } from './eventually.ts'
import { programEnvironment, repositoryRoot } from './run-program.ts'

export interface ServiceExit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface TestService extends AsyncDisposable {
  name: string
  pid: number
  /** Base addresses: the API (for services that have one), and the admin server with /livez, /readyz, /metrics. */
  url: string
  adminUrl: string
  /** Everything it has said so far. */
  logs(): string
  /** Its JSON log lines, parsed; other lines are left out. */
  logLines(): Record<string, unknown>[]
  /** Resolves when /readyz answers 200; rejects with its log when it ends first or is late. */
  waitReady(options?: { deadlineMs?: number }): Promise<void>
  kill(signal: NodeJS.Signals): void
  /** Resolves when it has ended. */
  exited: Promise<ServiceExit>
  /** SIGTERM, after 15 s SIGKILL. How it ended. */
  stop(): Promise<ServiceExit>
}

export interface StartServiceOptions {
  /** Load the telemetry preload; false by default, for its start costs half a second. */
  telemetry?: boolean
  /** Program to run in place of `services/<name>/src/main.ts`, relative to the repository. */
  program?: string
  /** Arguments of the program. */
  arguments?: readonly string[]
}

const stopDeadlineMs = 15_000
/** Several processes may start at once, on two cores that are slow. */
const readyMs = 90_000

/**
 * Starts a service as a process of its own, with PORT and ADMIN_PORT chosen and its log captured. Of this process'
 * environment it gets only PATH, HOME and what Node itself needs; everything else comes from `env`. It ends with the
 * test process, however that ends.
 */
export async function startService(
  name: string,
  env: Record<string, string | undefined>,
  options: StartServiceOptions = {},
): Promise<TestService> {
  const [port = 0, adminPort = 0] = await freePorts(2)
  const child = spawnBound(programArguments(name, options), {
    ...programEnvironment(),
    ...(options.program === undefined ? launchOptionsOf(name).environment : {}),
    HOST: '127.0.0.1',
    ADMIN_HOST: '127.0.0.1',
    PORT: String(port),
    ADMIN_PORT: String(adminPort),
    KAFKA_SESSION_TIMEOUT_MS: '4000',
    OTEL_SDK_DISABLED: options.telemetry === true ? undefined : 'true',
    ...env,
  })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => chunks.push(text))
  }
  const exited = new Promise<ServiceExit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const pid = child.pid ?? 0
  endWithUs(pid, exited)
  const logs = () => chunks.join('')
  const service = {
    name,
    pid,
    url: `http://127.0.0.1:${env['PORT'] ?? port}`,
    adminUrl: `http://127.0.0.1:${env['ADMIN_PORT'] ?? adminPort}`,
    logs,
    logLines: () => parseLines(logs()),
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    exited,
  }
  const stop = () => stopService(child, exited)
  return {
    ...service,
    stop,
    waitReady: ({ deadlineMs = readyMs } = {}) => waitReady(service, deadlineMs),
    [Symbol.asyncDispose]: async () => void (await stop()),
  }
}

function programArguments(name: string, options: StartServiceOptions): string[] {
  const program = options.program ?? join('services', name, 'src', 'main.ts')
  const launch = options.program === undefined ? launchOptionsOf(name).arguments : []
  const preload = options.telemetry === true ? ['--import', '@synap/telemetry/register'] : []
  return [...launch, ...preload, program, ...(options.arguments ?? [])]
}

/** setpriv(1) becomes Node and has the kernel kill it when this process dies, SIGKILL included. */
function spawnBound(args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const options: SpawnOptions = { cwd: repositoryRoot, env, stdio: ['ignore', 'pipe', 'pipe'] }
  const setpriv = '/usr/bin/setpriv'
  if (!existsSync(setpriv)) return spawn(process.execPath, args, options)
  return spawn(setpriv, ['--pdeathsig', 'KILL', process.execPath, ...args], options)
}

function endWithUs(pid: number, exited: Promise<unknown>): void {
  const identity: ProcessIdentity | undefined = identify(pid)
  if (identity === undefined) return
  const atExit = () => void signalProcess(identity, 'SIGKILL')
  process.once('exit', atExit)
  const forget = () => void process.off('exit', atExit)
  exited.then(forget, forget)
}

async function waitReady(
  service: Pick<TestService, 'name' | 'adminUrl' | 'logs' | 'exited'>,
  deadlineMs: number,
): Promise<void> {
  let ended: ServiceExit | undefined
  void service.exited.then((exit) => (ended = exit))
  const probe = async () => {
    if (ended !== undefined) return true
    const response = await fetch(`${service.adminUrl}/readyz`, { signal: AbortSignal.timeout(2_000) })
    if (response.ok) return true
    throw new Error(`/readyz answered ${response.status}: ${await response.text()}`)
  }
  try {
    await eventually(`${service.name} is ready`, probe, { deadlineMs, everyMs: 50 })
  } catch (error) {
    throw new Error(`${service.name} is not ready. It said:\n${service.logs().slice(-4_000)}`, {
      cause: error,
    })
  }
  if (ended === undefined) return
  const how = ended.signal ?? `code ${String(ended.code)}`
  throw new Error(
    `${service.name} ended (${how}) before it was ready. It said:\n${service.logs().slice(-4_000)}`,
  )
}

async function stopService(child: ChildProcess, exited: Promise<ServiceExit>): Promise<ServiceExit> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs)
  try {
    return await exited
  } finally {
    clearTimeout(timer)
  }
}

function parseLines(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return []
    try {
      return [JSON.parse(line) as Record<string, unknown>]
    } catch {
      return []
    }
  })
}
