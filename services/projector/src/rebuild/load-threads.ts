import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import { Worker } from 'node:worker_threads'
import { type ErrorClass, SynapError } from '@synap/core'
import type { Slice } from './load-slice.ts'
import type { Work } from './plan.ts'

/** What a thread is started with. */
export interface LoadTask {
  databaseUrl: string
  /** Of the lease. */
  holder: string
  work: Work
  statementTimeoutMs: number
}

/** What a thread answers about a part. */
export interface LoadAnswer {
  error?: { message: string; code?: string; class?: ErrorClass; fields?: SynapError['fields'] }
}

export interface LoadThreads {
  /** Loads a part here or on a thread, where nothing is under way; at most one more at once than there are threads. */
  load: (slice: Slice) => Promise<void>
  close: () => Promise<void>
}

/** Much of what a fold makes is garbage at once: with more room for it, it is looked at less often. */
const youngMegabytes = 64

/**
 * Threads that fold besides this one: one thread of Node cannot keep two cores and the server busy. Each that is started
 * costs a second of CPU until it is as quick as this one is, so this one is the first to get a part.
 */
export function startLoadThreads(
  count: number,
  task: LoadTask,
  here: (slice: Slice) => Promise<void>,
  signal: AbortSignal,
): LoadThreads {
  // What this thread has compiled, the others need not, where a folder for it was named.
  flushCompileCache()
  const threads = Array.from({ length: count }, () => startThread(task))
  const idle = [...threads, { load: here }]
  const end = () => void Promise.all(threads.map((thread) => thread.terminate()))
  signal.addEventListener('abort', end, { once: true })
  return {
    async load(slice) {
      const free = idle.pop()
      if (free === undefined) throw new TypeError('more parts at once than threads')
      try {
        await free.load(slice)
      } catch (error) {
        signal.throwIfAborted()
        throw error
      } finally {
        idle.push(free)
      }
    },
    async close() {
      signal.removeEventListener('abort', end)
      await Promise.all(threads.map((thread) => thread.terminate()))
    },
  }
}

function startThread(task: LoadTask) {
  const worker = new Worker(new URL('./load-thread.ts', import.meta.url), {
    workerData: task,
    // Else the thread would load what this process was started with: the telemetry preload.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
  })
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => undefined)
  worker.once('error', (error) => broken.reject(error))
  worker.once('exit', () => broken.reject(new Error('a thread of the rebuild has ended')))
  return {
    terminate: () => worker.terminate(),
    async load(slice: Slice): Promise<void> {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
      worker.postMessage(slice)
      const [answer] = (await Promise.race([once(worker, 'message'), broken.promise])) as [LoadAnswer]
      if (answer.error !== undefined) throw toError(answer.error)
    },
  }
}

function toError({ message, code, class: of, fields }: NonNullable<LoadAnswer['error']>): Error {
  if (code === undefined || of === undefined) return new Error(message)
  return new SynapError(message, { code, class: of, ...(fields === undefined ? {} : { fields }) })
}
