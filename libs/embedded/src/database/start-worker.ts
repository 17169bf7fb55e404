import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { describeError, SynapError } from '@synap/core'
import type { FromWorker, WorkerInput } from './worker-protocol.ts'

export interface DatabaseWorker {
  /** Writes everything down and ends the thread; ends it anyhow after `closeMs`. */
  close(): Promise<void>
}

const closeMs = 10_000

/**
 * For all WebAssembly of the process. V8 would compile Postgres a second time, for speed: that takes some hundred
 * megabytes and seconds of both cores just after the start. Without it a statement that computes much (an index over
 * vectors) takes half as long again; short ones are faster.
 */
const compileOnce = ['--no-wasm-dynamic-tiering', '--no-wasm-tier-up']

/**
 * Starts the thread and resolves when the database answers. `onExit` is called at most once, when the thread ended
 * although nobody closed it.
 */
export async function startWorker(
  input: WorkerInput,
  onExit: (error: SynapError) => void,
): Promise<DatabaseWorker> {
  for (const flag of compileOnce) setFlagsFromString(flag)
  // Without the options of the main thread: they load the telemetry, which has nothing to see there. What the database
  // prints may hold values of statements, and goes nowhere.
  const worker = new Worker(new URL('./database-worker.ts', import.meta.url), {
    workerData: input,
    execArgv: [],
    stdout: true,
    stderr: true,
  })
  worker.stdout.resume()
  worker.stderr.resume()
  let closing = false
  let ready = false
  let cause: unknown
  const started = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  worker.on('message', (message: FromWorker) => {
    if (message === 'closed') closed.resolve()
    else ready = true
    started.resolve()
  })
  worker.on('error', (error) => {
    cause = error
  })
  worker.on('exit', () => {
    ended.resolve()
    if (closing) return
    const error = brokenError(cause)
    if (ready) onExit(error)
    else started.reject(error)
  })
  await started.promise
  return {
    close: async () => {
      closing = true
      worker.postMessage('close', [])
      const timer = setTimeout(() => ended.resolve(), closeMs)
      await Promise.race([closed.promise, ended.promise])
      clearTimeout(timer)
      await worker.terminate()
    },
  }
}

function brokenError(cause: unknown): SynapError {
  const reason = cause === undefined ? '' : `: ${describeError(cause)}`
  return new SynapError(`the embedded database ended by itself${reason}`, {
    code: 'embedded.database_ended',
    class: 'dependency',
    ...(cause === undefined ? {} : { cause }),
  })
}
