import { markPublished } from '../sql/outbox.ts'
import type { HeldLease } from './lease.ts'
import type { RelayOptions } from './relay.ts'

/** Notes in the outbox what was published, later and together: nobody waits for it but the one who would send it again. */
export interface Marks {
  /** These are published. */
  add(ids: readonly number[]): void
  /** Resolves when no more than a batch waits. Rejects with why the marks before could not be made. */
  room(): Promise<void>
  /** Makes all of them. Never rejects; those that could not be made lead to a second send. */
  settle(): Promise<void>
}

/** `onMarked` is told what is marked: it can be looked for without being found. */
export function createMarks(
  options: RelayOptions,
  lease: HeldLease,
  onMarked: (ids: readonly number[]) => void,
): Marks {
  const { batchRows, markAfterMs, logger } = options
  let waiting: number[] = []
  let clock: NodeJS.Timeout | undefined
  let marking: Promise<void> | undefined
  let failure: { error: unknown } | undefined

  const isFull = () => waiting.length >= batchRows
  const begin = () => {
    marking = mark()
  }
  const mark = async (): Promise<void> => {
    clearTimeout(clock)
    clock = undefined
    const ids = waiting
    waiting = []
    try {
      await markRows(options, lease, ids)
      onMarked(ids)
    } catch (error) {
      failure = { error }
    }
    marking = undefined
    markSoon()
  }
  const markSoon = () => {
    if (marking !== undefined || waiting.length === 0) return
    if (isFull()) begin()
    else clock ??= setTimeout(begin, markAfterMs)
  }
  return {
    add(ids) {
      waiting.push(...ids)
      markSoon()
    },
    async room() {
      while (marking !== undefined && isFull()) await marking
      if (failure !== undefined) throw failure.error
    },
    async settle() {
      while (marking !== undefined || waiting.length > 0) await (marking ??= mark())
      if (failure === undefined) return
      const { error } = failure
      failure = undefined
      logger.warn({ error }, 'published rows could not be marked: they will be sent again')
    },
  }
}

async function markRows(
  { pool, logger, onPublished }: RelayOptions,
  { epoch }: HeldLease,
  ids: readonly number[],
): Promise<void> {
  const marked = await markPublished(pool, ids, epoch)
  onPublished(marked)
  if (marked < ids.length) {
    logger.warn({ sent: ids.length, marked, epoch }, 'another relay has marked these rows')
  }
}
