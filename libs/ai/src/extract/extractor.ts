import { Worker } from 'node:worker_threads'
import { SynapError } from '@synap/core'
import type { Chunking } from './chunk.ts'
import type { Extraction, NotAnalysable } from './extraction.ts'

export interface ExtractRequest {
  bytes: Uint8Array
  fileType: string
}

/** An extraction with its chunks. `unprocessable`: reading it took too long or too much memory. */
export type ExtractAnswer =
  | { analysable: true; extraction: Extraction; chunking: Chunking; reason: null }
  | { analysable: false; extraction: null; reason: NotAnalysable }

export interface Extractor {
  /**
   * Documents wait for each other. Never rejects because of content; rejects with the signal's reason, or with `extract.no_time`
   * (dependency) when this machine gave reading none.
   */
  extract(request: ExtractRequest, signal: AbortSignal): Promise<ExtractAnswer>
  close(): Promise<void>
}

export interface ExtractorOptions {
  /** Milliseconds of a core's work for one document, 10,000 by default: what others do on a busy machine is not its fault. */
  cpuMs?: number
  /** Milliseconds after which one is given up that had not so much of a core, six times as many by default. */
  timeoutMs?: number
  /** MiB of heap, and as many outside of it (buffers: what a PDF unpacks to), 384 by default. */
  memoryMb?: number
}

/** Buffers are no part of the heap that a thread's limits know: they, and the time, are looked at this often, in milliseconds. */
const lookEvery = 50

const unprocessable: ExtractAnswer = { analysable: false, extraction: null, reason: 'unprocessable' }

/**
 * Reads documents in a thread of its own with limits on work and memory, because what people store may be hostile, and
 * so that a large one does not hold up everything else in this process. A thread that breaks a limit is ended and a new
 * one is made for the next document.
 */
export function createExtractor({
  cpuMs = 10_000,
  timeoutMs = 6 * cpuMs,
  memoryMb = 384,
}: ExtractorOptions = {}): Extractor {
  let worker: Worker | undefined
  let turn: Promise<unknown> = Promise.resolve()

  const end = async () => {
    const ending = worker
    worker = undefined
    await ending?.terminate()
  }

  const ask = async (request: ExtractRequest, signal: AbortSignal): Promise<ExtractAnswer> => {
    signal.throwIfAborted()
    worker ??= startWorker(memoryMb)
    const done = new AbortController()
    const noTime = AbortSignal.timeout(timeoutMs)
    const broken = tooMuch(worker, { cpuMs, memoryMb }, done.signal)
    const answer = await answerOf(worker, request, AbortSignal.any([signal, noTime, broken]))
    done.abort()
    if (answer !== undefined) return answer
    await end()
    signal.throwIfAborted()
    if (noTime.aborted && !broken.aborted) throw noTimeError(timeoutMs)
    return unprocessable
  }

  return {
    extract(request, signal) {
      const mine = turn.then(() => ask(request, signal))
      turn = mine.catch(() => undefined)
      return mine
    },
    close: end,
  }
}

const noTimeError = (timeoutMs: number) =>
  new SynapError(
    `the document was not read within ${timeoutMs / 1_000} s, in which this machine gave it too little of a core; it is tried again`,
    { code: 'extract.no_time', class: 'dependency' },
  )

function startWorker(memoryMb: number): Worker {
  const worker = new Worker(new URL('./extract-worker.ts', import.meta.url), {
    // Else the thread would load what this process was started with: the telemetry preload.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
  })
  worker.unref()
  return worker
}

/**
 * Aborts when the thread holds more in buffers than it may, or has worked for longer since. Asks the engine, so also while the
 * thread is busy, be it inside one regular expression.
 */
function tooMuch(
  worker: Worker,
  { cpuMs, memoryMb }: { cpuMs: number; memoryMb: number },
  done: AbortSignal,
): AbortSignal {
  const limit = new AbortController()
  let before: NodeJS.CpuUsage | undefined
  const look = async () => {
    // The thread can be over before it answers.
    const [heap, cpu] = await Promise.all([worker.getHeapStatistics(), worker.cpuUsage()]).catch(() => [])
    if (heap === undefined || cpu === undefined) return
    before ??= cpu
    const workedMs = (cpu.user + cpu.system - before.user - before.system) / 1_000
    if (workedMs > cpuMs || heap.external_memory > memoryMb * 1024 * 1024) limit.abort()
  }
  const timer = setInterval(() => void look(), lookEvery)
  done.addEventListener('abort', () => clearInterval(timer), { once: true })
  return limit.signal
}

/** Undefined when the thread died or had to be given up. */
function answerOf(
  worker: Worker,
  request: ExtractRequest,
  limit: AbortSignal,
): Promise<ExtractAnswer | undefined> {
  return new Promise((resolve) => {
    const settle = (answer: ExtractAnswer | undefined) => {
      worker.off('message', settle)
      worker.off('error', onDeath)
      worker.off('exit', onDeath)
      limit.removeEventListener('abort', onDeath)
      worker.unref()
      resolve(answer)
    }
    const onDeath = () => settle(undefined)
    worker.on('message', settle)
    worker.on('error', onDeath)
    worker.on('exit', onDeath)
    limit.addEventListener('abort', onDeath, { once: true })
    worker.ref()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
    worker.postMessage(request)
  })
}
