import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { wait } from '@synap/core'
import { freePorts } from '@synap/servers'
import { repositoryRoot } from './repository.ts'

export interface Service extends AsyncDisposable {
  pid: number
  /** Of its API, for a service that has one. */
  url: string
  /** Resolves when /readyz answers 200; rejects with what it said when it ends or is late. */
  waitReady(signal: AbortSignal): Promise<void>
  /** Resolves when it is gone. */
  end(signal: NodeJS.Signals): Promise<void>
}

const readyDeadlineMs = 60_000

/** Starts a service of this checkout as a process of its own. It gets `env` and nothing of ours but the path. */
export async function startService(name: string, env: Readonly<Record<string, string>>): Promise<Service> {
  const [port = 0, adminPort = 0] = await freePorts(2)
  const child = spawn(process.execPath, [join('services', name, 'src', 'main.ts')], {
    cwd: repositoryRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      ADMIN_HOST: '127.0.0.1',
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      OTEL_SDK_DISABLED: 'true',
      LOG_LEVEL: 'warn',
      ...env,
    },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)))
  const end = (signal: NodeJS.Signals) => endOf(child, signal)
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    end,
    async waitReady(signal) {
      const until = performance.now() + readyDeadlineMs
      while (!(await answers(`http://127.0.0.1:${adminPort}/readyz`))) {
        if (isOver(child) || performance.now() > until)
          throw new Error(`${name} is not ready. It said:\n${said}`)
        await wait(100, signal)
      }
    },
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  }
}

const isOver = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

async function endOf(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (isOver(child)) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}
