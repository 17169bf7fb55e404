import { wait } from '@synap/core'
import { type Ledger, ledgerGaps } from './ledger.ts'
import type { LedgerReader } from './open-ledger.ts'

export interface WatchOptions {
  /** Milliseconds without any movement after which it is taken as it is. */
  stillMs: number
  signal: AbortSignal
  onProgress(progress: { done: number; of: number }): void
  /** Milliseconds between two looks. */
  everyMs?: number
}

/**
 * Reads the ledger until its stores agree or nothing moves any more; the topic is read last, for it costs most. Rejects
 * with the signal's reason when it aborts.
 */
export async function watchLedger(
  reader: Pick<LedgerReader, 'read' | 'readTopic'>,
  options: WatchOptions,
): Promise<Ledger> {
  const { stillMs, signal, everyMs = 500 } = options
  let movedAt = performance.now()
  let last = ''
  for (;;) {
    signal.throwIfAborted()
    const ledger = await reader.read()
    options.onProgress({
      done: Math.min(ledger.jobs.done, ledger.readModel.vectors),
      of: ledger.acknowledged.items,
    })
    const now = JSON.stringify(ledger)
    if (now !== last) movedAt = performance.now()
    last = now
    const isStill = performance.now() - movedAt > stillMs
    if (ledgerGaps(ledger).length === 0 || isStill) return { ...ledger, topic: await reader.readTopic() }
    await wait(everyMs, signal)
  }
}
