import type { Ledger } from '@synap/contracts'
import { wait } from '@synap/core'
import type { LedgerReader } from './create-ledger-reader.ts'
import { ledgerGaps } from './ledger-gaps.ts'

export interface WatchOptions {
  /** Milliseconds without any movement after which it is taken as it is. */
  stillMs: number
  signal: AbortSignal
  onProgress(progress: { done: number; of: number }): void
  /** Milliseconds between two looks, at least; 500 by default. More where a look takes long: it costs the stores. */
  everyMs?: number
}

/** For one part of looking, so many of leaving the stores alone. */
const lookShare = 4

/**
 * Reads the ledger until its stores agree or nothing moves any more; the topic is read last, for it costs most. Rejects
 * with the signal's reason when it aborts.
 */
export async function watchLedger(reader: LedgerReader, options: WatchOptions): Promise<Ledger> {
  const { stillMs, signal, everyMs = 500 } = options
  let movedAt = performance.now()
  let last = ''
  for (;;) {
    signal.throwIfAborted()
    const lookedAt = performance.now()
    const ledger = await reader.read(signal)
    const tookMs = performance.now() - lookedAt
    options.onProgress({
      done: Math.min(ledger.jobs.done, ledger.readModel.vectors),
      of: ledger.acknowledged.items,
    })
    const now = JSON.stringify(ledger)
    if (now !== last) movedAt = performance.now()
    last = now
    const isStill = performance.now() - movedAt > stillMs
    if (ledgerGaps(ledger).length === 0 || isStill)
      return { ...ledger, topic: await reader.readTopic(signal) }
    await wait(Math.max(everyMs, lookShare * tookMs), signal)
  }
}
