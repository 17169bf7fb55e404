import type { UserId } from '@synap/core'
import type { BatchContext, InboundMessage } from '@synap/messaging'
import { type Admitted, admit } from './admit.ts'
import type { ProcessHow } from './attempts.ts'
import type { Commit } from './commit.ts'
import type { Repair } from './repair.ts'
import type { Report } from './report.ts'
import type { Settled } from './settle.ts'
import { endSpans } from './spans.ts'
import type { InboxOptions } from './types.ts'

/** How many records are decoded between two signs of life. */
const heartbeatEvery = 250

export interface DeliverDeps<E> {
  commit: Commit<E>
  repair: Repair
  report: Report
  /** Tries slots that were filled; failures are the upkeep's business. */
  retryUser(userId: UserId, signal: AbortSignal | undefined): Promise<unknown>
}

/** Takes records of one partition of the events topic all the way into the store. */
export function createDeliver<E>(options: InboxOptions<E>, deps: DeliverDeps<E>) {
  return async (
    messages: readonly InboundMessage[],
    how: ProcessHow,
    context: BatchContext,
  ): Promise<void> => {
    const [first] = messages
    if (first === undefined) return
    const items: Admitted<E>[] = []
    try {
      for (const message of messages) {
        items.push(await admitMessage(options, message, how.undecoded, context.signal))
        if (items.length % heartbeatEvery === 0) await context.heartbeat()
      }
      await how.onDecoded()
      const settled = await commitWithRepair(options, deps, items, first, context)
      if (settled === undefined) return
      await finish(options, deps, settled, messages.length, first, context)
    } finally {
      endSpans(items.flatMap((item) => (item.kind === 'absent' ? [] : [item])))
    }
  }
}

async function finish<E>(
  options: InboxOptions<E>,
  deps: DeliverDeps<E>,
  settled: Settled<E>,
  records: number,
  { topic, partition, offset }: InboundMessage,
  { signal }: BatchContext,
): Promise<void> {
  if (settled.applied.length > 0) await options.onApplied?.(settled.applied)
  const place = { topic, partition, offset: Number(offset) }
  deps.report.settled({ ...settled, applied: settled.applied.length }, place)
  for (const user of settled.filled) {
    await deps.retryUser(user as UserId, signal).catch((error: unknown) => {
      options.logger.warn({ userId: user, err: error }, 'a filled slot is tried again later')
    })
  }
  deps.report.haltIfTooMany(records, settled.parked)
}

/** Commits; where something has to come first, fetches it and begins again. Undefined: another one did the work. */
async function commitWithRepair<E>(
  options: InboxOptions<E>,
  { commit, repair }: DeliverDeps<E>,
  items: Admitted<E>[],
  { topic, partition }: InboundMessage,
  context: BatchContext,
): Promise<Settled<E> | undefined> {
  for (;;) {
    const result = await commit(items, { topic, partition }, context.signal)
    if (result.outcome === 'behind') return undefined
    if (result.outcome === 'settled') return result
    for (const [user, { from, to }] of result.gaps) {
      const userId = user as UserId
      const far = to - from >= (options.repairPage ?? 500)
      if (far && !(await repair.knows(userId, to, context))) disbelieve(items, userId, to + 1)
      else await repair.upTo(userId, to, context)
      await context.heartbeat()
    }
  }
}

/** A sequence far beyond all that ingest ever gave is not a gap but a forgery: it must not open a million slots. */
function disbelieve<E>(items: Admitted<E>[], userId: UserId, sequence: number): void {
  for (const [index, item] of items.entries()) {
    if (item.kind !== 'placed') continue
    const { placement } = item.arrival
    if (placement.userId !== userId || placement.sequence !== sequence) continue
    const { source, span } = item
    const detail = 'its sequence is far beyond what ingest knows of this user'
    items[index] = { kind: 'unplaced', source, span, refusal: { reason: 'inconsistent', detail } }
  }
}

function admitMessage<E>(
  options: InboxOptions<E>,
  message: InboundMessage,
  undecoded: boolean,
  signal: AbortSignal,
): Promise<Admitted<E>> {
  const { topic, partition, offset, key, value, headers } = message
  const source = { key, value, headers, record: { topic, partition, offset } }
  return admit(options, topic, source, { undecoded, signal })
}
