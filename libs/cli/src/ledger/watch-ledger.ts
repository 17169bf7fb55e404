import { setTimeout as timer } from 'node:timers/promises'
import { type Ledger, ledgerGaps } from './ledger.ts'
import type { LedgerReader } from './open-ledger.ts'

export interface WatchOptions {
  /** Milliseconds without any movement after which it is taken as it is. */
  stillMs: number
  signal: AbortSignal
  onProgress(progress: { done: number; of: number }): void
}

const everyMs = 500

/** Reads the ledger until its stores agree or nothing moves any more; the topic is read last, for it costs most. */
export async function watchLedger(reader: LedgerReader, options: WatchOptions): Promise<Ledger> {
  let movedAt = performance.now()
  let last = ''
  for (;;) {
    const ledger = await reader.read()
    options.onProgress({
      done: Math.min(ledger.jobs.done, ledger.readModel.vectors),
      of: ledger.acknowledged.items,
    })
    const now = JSON.stringify(ledger)
    if (now !== last) movedAt = performance.now()
    last = now
    const still = performance.now() - movedAt > options.stillMs
    if (ledgerGaps(ledger).length === 0 || still || options.signal.aborted)
      return { ...ledger, topic: await reader.readTopic() }
    await timer(everyMs)
  }
}
