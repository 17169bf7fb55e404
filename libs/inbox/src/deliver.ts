import type { UserId } from '@synap/core'
import type { BatchContext, InboundMessage } from '@synap/messaging'
import { type Admitted, admit, type Placed } from './admit.ts'
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
      await commitWithRepair(options, deps, items, first, context)
    } finally {
      endSpans(items.flatMap((item) => (item.kind === 'absent' ? [] : [item])))
    }
  }
}

/** After a commit: tells, counts, tries what was filled, and halts when too much was refused. */
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

/**
 * Commits; where something has to come first, commits what stands before, fetches it, and goes on. Ends early when
 * another consumer has done the work.
 */
async function commitWithRepair<E>(
  options: InboxOptions<E>,
  deps: DeliverDeps<E>,
  items: readonly Admitted<E>[],
  first: InboundMessage,
  context: BatchContext,
): Promise<void> {
  const from = { topic: first.topic, partition: first.partition }
  let rest = [...items]
  for (;;) {
    const result = await deps.commit(rest, from, context.signal)
    if (result.outcome === 'behind') return
    if (result.outcome === 'settled') return finish(options, deps, result, rest.length, first, context)
    const at = rest.indexOf(result.item)
    if (at > 0) {
      const before = await deps.commit(rest.slice(0, at), from, context.signal)
      if (before.outcome === 'gap') continue
      if (before.outcome === 'settled') await finish(options, deps, before, at, first, context)
      rest = rest.slice(at)
    }
    const { userId } = result.item.arrival.placement
    const far = result.to - result.from >= (options.repairPage ?? 500)
    if (far && !(await deps.repair.knows(userId, result.to, context))) rest[0] = disbelieve(result.item)
    else await deps.repair.upTo(userId, result.to, context)
    await context.heartbeat()
  }
}

/** A sequence far beyond all that ingest ever gave is not a gap but a forgery: it must not open a million slots. */
function disbelieve<E>({ source, span }: Placed<E>): Admitted<E> {
  const detail = 'its sequence is far beyond what ingest knows of this user'
  return { kind: 'unplaced', source, span, refusal: { reason: 'inconsistent', detail } }
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
