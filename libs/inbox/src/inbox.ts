import { type Batch, type BatchContext, createSlots } from '@synap/messaging'
import { transaction } from '@synap/postgres'
import { type AttemptGuard, createAttemptGuard } from './attempts.ts'
import { createCommit } from './commit.ts'
import { createDeliver, createDeliverTogether, type Delivery } from './deliver.ts'
import { createHeadCheck, fillSlots, noHeartbeat } from './heads.ts'
import { createParkedMeasure } from './measure-parked.ts'
import { createMeters } from './meters.ts'
import { createRepair } from './repair.ts'
import { createReport } from './report.ts'
import { resumeStrictly } from './resume.ts'
import { createRetry } from './retry.ts'
import { slicesOf } from './slices.ts'
import { hasMarked } from './sql/retry.ts'
import { createTogether } from './together.ts'
import type { Inbox, InboxOptions } from './types.ts'
import { startUpkeep } from './upkeep.ts'

const upkeepEveryMs = 60_000
/** Partitions handled by themselves at the same time: what is at work on one leaves connections to the others. */
const aloneAtOnce = 3
/** Records of a partition that are worth no transaction of their own. */
const fewRecords = 100
/** An operator who marks something waits for what becomes of it. */
const lookForMarksEveryMs = 2_000

/**
 * A consumer of the events topic that keeps what it applies in Postgres: each event applied effectively once and in its
 * user's order, what cannot be applied parked, what is missing fetched (design: delivery and failure).
 *
 * A batch goes: count the start (`attempts`) → decode and place (`admit`) → in one transaction lock the position, decide
 * per user (`gate`), apply, park, move the positions (`settle`) → where something has to come first, fetch it
 * (`repair`) and begin again.
 */
export function createInbox<E>(options: InboxOptions<E>): Inbox {
  const { logger, schema, role, pool } = options
  const meters = createMeters(options.consumer)
  const report = createReport({ logger, meters, haltShare: options.haltShare ?? 0.05 })
  const commit = createCommit(options)
  const repair = createRepair(options, { commit, report, meters })
  const retry = createRetry(options, meters)
  const attempts = createAttemptGuard({ schema, role, pool })
  const take = createTake(options, { commit, repair, report, retryUser: retry.user, attempts })
  const lag = new Map<number, bigint>()
  const checkHeads = createHeadCheck(options, { repair, retry, lag })
  const measureParked = createParkedMeasure(options, meters)
  const retryParked = async (signal?: AbortSignal) => {
    await fillSlots(options, { repair, retry }, { signal, heartbeat: noHeartbeat }, true)
    return retry.all(signal)
  }
  const retryMarked = async (signal: AbortSignal) => {
    if (await transaction(pool, { role }, (client) => hasMarked(client, schema))) await retryParked(signal)
  }

  return {
    async resumeAt(topic, partition, at) {
      const context = { schema, role, pool, logger, meters }
      attempts.assigned(topic, partition)
      const next = await resumeStrictly(context, options.readAt, topic, partition, at)
      lag.set(partition, at.high - next)
      return next
    },
    async handle(batch: Batch, context: BatchContext) {
      const { partition, highWatermark } = batch
      const noteLag = (next: bigint) => {
        lag.set(partition, highWatermark - next)
        meters.lag(batch.topic, partition, Number(highWatermark - next))
      }
      for (const slice of slicesOf(batch.messages)) {
        noteLag(slice[0]?.offset ?? highWatermark)
        await take({ messages: slice, context })
        noteLag((slice.at(-1)?.offset ?? highWatermark - 1n) + 1n)
        await context.heartbeat()
      }
    },
    checkHeads,
    retryParked,
    measureParked,
    startUpkeep() {
      const tasks = { retryParked, checkHeads, measureParked }
      const upkeeps = [
        startUpkeep(logger, upkeepEveryMs, tasks),
        startUpkeep(logger, lookForMarksEveryMs, { retryMarked }),
      ]
      return { stop: async () => void (await Promise.all(upkeeps.map((upkeep) => upkeep.stop()))) }
    },
  }
}

/** Takes what comes of a partition into the store: together with what comes of others, where that is possible. */
function createTake<E>(
  options: InboxOptions<E>,
  { attempts, ...deps }: Parameters<typeof createDeliver<E>>[1] & { attempts: AttemptGuard },
): (delivery: Delivery) => Promise<void> {
  const slots = createSlots(aloneAtOnce)
  const deliver = createDeliver(options, deps)
  const deliverAlone = ({ messages, context }: Delivery) =>
    slots.run(context.signal, () => attempts.run(messages, (some, how) => deliver(some, how, context)))
  const deliverTogether = createTogether({
    attempts,
    deliverTogether: createDeliverTogether(options, deps),
    deliverAlone,
  })
  return (delivery) => {
    const [first] = delivery.messages
    const isSmall = delivery.messages.length <= fewRecords
    const joins = isSmall && first !== undefined && attempts.continues(first)
    return joins ? deliverTogether(delivery) : deliverAlone(delivery)
  }
}
