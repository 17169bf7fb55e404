import { Worker } from 'node:worker_threads'
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
  /** Documents wait for each other. Never rejects because of content; rejects with the signal's reason. */
  extract(request: ExtractRequest, signal: AbortSignal): Promise<ExtractAnswer>
  close(): Promise<void>
}

export interface ExtractorOptions {
  /** Milliseconds for one document, 10,000 by default. */
  timeoutMs?: number
  /** MiB of heap, and as many outside of it (buffers: what a PDF unpacks to), 384 by default. */
  memoryMb?: number
}

/** Buffers are no part of the heap that a thread's limits know, so they are looked at this often, in milliseconds. */
const lookEvery = 50

const unprocessable: ExtractAnswer = { analysable: false, extraction: null, reason: 'unprocessable' }

/**
 * Reads documents in a thread of its own with limits on time and memory, because what people store may be hostile, and
 * so that a large one does not hold up everything else in this process. A thread that breaks a limit is ended and a new
 * one is made for the next document.
 */
export function createExtractor({ timeoutMs = 10_000, memoryMb = 384 }: ExtractorOptions = {}): Extractor {
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
    const limits = [signal, AbortSignal.timeout(timeoutMs), tooMuchMemory(worker, memoryMb, done.signal)]
    const answer = await answerOf(worker, request, AbortSignal.any(limits))
    done.abort()
    if (answer !== undefined) return answer
    await end()
    signal.throwIfAborted()
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

function startWorker(memoryMb: number): Worker {
  const worker = new Worker(new URL('./extract-worker.ts', import.meta.url), {
    // Else the thread would load what this process was started with: the telemetry preload.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
  })
  worker.unref()
  return worker
}

/** Aborts when the thread holds more in buffers than it may. Asks the engine, so also while the thread is busy. */
function tooMuchMemory(worker: Worker, memoryMb: number, done: AbortSignal): AbortSignal {
  const limit = new AbortController()
  const look = async () => {
    // The thread can be over before it answers.
    const statistics = await worker.getHeapStatistics().catch(() => undefined)
    if ((statistics?.external_memory ?? 0) > memoryMb * 1024 * 1024) limit.abort()
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
