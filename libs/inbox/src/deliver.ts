import { errorClass, type UserId } from '@synap/core'
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
      await admitAll(options, items, { messages, context }, how.undecoded)
      await how.onDecoded()
      await commitWithRepair(options, deps, items, first, context)
    } finally {
      endSpans(items.flatMap((item) => (item.kind === 'absent' ? [] : [item])))
    }
  }
}

/** Messages of one partition, and what their handler was given along with them. */
export interface Delivery {
  messages: readonly InboundMessage[]
  context: BatchContext
}

/**
 * Takes records of several partitions into the store in one transaction. False when they have to be taken one partition after the
 * other: something has to come first, or the store refuses something. Then nothing is done.
 */
export function createDeliverTogether<E>(options: InboxOptions<E>, deps: DeliverDeps<E>) {
  return async (deliveries: readonly Delivery[], how: ProcessHow): Promise<boolean> => {
    const [delivery] = deliveries
    const [first] = delivery?.messages ?? []
    if (delivery === undefined || first === undefined) return true
    const admitted = deliveries.map((one) => ({ ...one, items: [] as Admitted<E>[] }))
    try {
      for (const one of admitted) await admitAll(options, one.items, one, how.undecoded)
      await how.onDecoded()
      const parts = admitted.map(({ messages, items }) => ({ partition: messages[0]?.partition ?? 0, items }))
      const signal = signalOf(deliveries)
      const result = await deps.commit.parts(first.topic, parts, signal)
      if (result.outcome === 'gap') return false
      const records = parts.reduce((sum, { items }) => sum + items.length, 0)
      if (result.outcome === 'settled')
        await finish(options, deps, result, records, first, { ...delivery.context, signal })
      return true
    } catch (error) {
      if (errorClass(error) !== 'data') throw error
      return false
    } finally {
      const items = admitted.flatMap((one) => one.items)
      endSpans(items.flatMap((item) => (item.kind === 'absent' ? [] : [item])))
    }
  }
}

/** Aborts as soon as one of them does. */
function signalOf(deliveries: readonly Delivery[]): AbortSignal {
  const signals = [...new Set(deliveries.map(({ context }) => context.signal))]
  return signals.length === 1 && signals[0] !== undefined ? signals[0] : AbortSignal.any(signals)
}

async function admitAll<E>(
  options: InboxOptions<E>,
  items: Admitted<E>[],
  { messages, context }: Delivery,
  undecoded: boolean,
): Promise<void> {
  for (const message of messages) {
    items.push(await admitMessage(options, message, undecoded, context.signal))
    if (items.length % heartbeatEvery === 0) await context.heartbeat()
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
  const { topic, partition } = first
  const commit = (some: readonly Admitted<E>[]) =>
    deps.commit.parts(topic, [{ partition, items: some }], context.signal)
  let rest = [...items]
  for (;;) {
    const result = await commit(rest)
    if (result.outcome === 'behind') return
    if (result.outcome === 'settled') return finish(options, deps, result, rest.length, first, context)
    const at = rest.indexOf(result.item)
    if (at > 0) {
      const before = await commit(rest.slice(0, at))
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
