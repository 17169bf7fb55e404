import { describeError, SynapError, wait, withDeadline } from '@synap/core'
import {
  type Consumer,
  type ConsumerHealth,
  type ConsumerOptions,
  createSlots,
  driverActionOf,
  type Logger,
  type PartitionHealth,
  type PausePolicy,
  pauseMs,
} from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import type { Claims } from './claims.ts'
import type { Heads } from './heads.ts'
import { createOffsetHints } from './offset-hints.ts'
import { createPartition, runPartition } from './partition.ts'
import { unknownTopic } from './publisher.ts'
import { findTopic } from './sql/partitions.ts'

export interface LocalConsumerParts {
  pool: Pool
  heads: Heads
  logger: Logger
  /** What the handler gets at once. */
  limits: { batchRecords: number; batchBytes: number }
  /** Partitions handled at the same time, where the consumer does not say. */
  concurrency: number
  pausePolicy: PausePolicy
  hintEveryMs: number
  claims: Pick<Claims, 'claim'>
}

/** Below the 10 s that the port promises. */
const closeDeadlineMs = 5_000

/**
 * A consumer of all partitions of its topics. It ends for good by `close()`, by a halt (a person must act) or by a
 * crash (a bug).
 */
export function createLocalConsumer(parts: LocalConsumerParts, options: ConsumerOptions): Consumer {
  const { logger } = parts
  const { groupId } = options
  const ending = new AbortController()
  const finished = Promise.withResolvers<void>()
  const status: Pick<ConsumerHealth, 'state' | 'reason'> = { state: 'idle', reason: null }
  const hints = createOffsetHints({ pool: parts.pool, logger, everyMs: parts.hintEveryMs }, groupId)
  let partitions: PartitionHealth[] = []
  let running: Promise<void> | undefined
  let release = () => {}

  const end = () =>
    ending.abort(new SynapError('the consumer is closing', { code: 'consumer.closed', class: 'dependency' }))

  const fail = (error: unknown) => {
    if (ending.signal.aborted) return
    end()
    const reason = describeError(error)
    const fields = { groupId, error: reason, ...fieldsOf(error) }
    if (driverActionOf(error) === 'crash') {
      Object.assign(status, { state: 'crashed', reason })
      logger.error(fields, 'consumer crashed')
      finished.reject(error)
      return
    }
    Object.assign(status, { state: 'halted', reason })
    logger.error(fields, 'consumer halted, a person has to act')
  }

  const run = async () => {
    release = parts.claims.claim({ groupId, topics: options.topics, partitions: () => partitions })
    partitions = await join(parts, options, status, ending.signal)
    if (ending.signal.aborted) return
    Object.assign(status, { state: 'running', reason: null })
    const { signal } = ending
    const slots = createSlots(options.concurrency ?? parts.concurrency)
    const onHandled = ({ topic, partition, position }: PartitionHealth) =>
      hints.note({ topic, partition, committed: position ?? 0n })
    const shared = { ...parts, slots, options, signal, onHandled }
    await Promise.all(partitions.map((partition) => runPartition(partition, shared).catch(fail)))
  }

  return {
    finished: finished.promise,
    async start() {
      if (running !== undefined) throw new TypeError('the consumer has been started already')
      status.state = 'joining'
      running = run().catch(fail)
    },
    health: () => healthOf(status, partitions),
    async close() {
      end()
      const ended = async () => {
        await running
        await hints.flush()
      }
      await withDeadline('close', closeDeadlineMs, undefined, ended).catch(() => undefined)
      release()
      if (status.state !== 'crashed') status.state = 'closed'
      finished.resolve()
    },
  }
}

/** Every partition of the topics, once all of them are there. */
async function join(
  { pool, logger, pausePolicy }: LocalConsumerParts,
  { groupId, topics }: ConsumerOptions,
  status: Pick<ConsumerHealth, 'state' | 'reason'>,
  signal: AbortSignal,
): Promise<PartitionHealth[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const found: PartitionHealth[] = []
      for (const topic of topics) {
        const row = await findTopic(pool, topic, signal)
        if (row === undefined) throw unknownTopic(topic)
        for (let number = 0; number < row.partitions; number += 1) found.push(createPartition(topic, number))
      }
      return found
    } catch (error) {
      signal.throwIfAborted()
      if (driverActionOf(error) !== 'pause') throw error
      status.reason = describeError(error)
      logger.warn({ groupId, attempt, error: status.reason }, 'consumer cannot join yet, trying again')
      await wait(pauseMs(attempt, error, pausePolicy), signal)
    }
  }
}

function healthOf(
  status: Pick<ConsumerHealth, 'state' | 'reason'>,
  partitions: readonly PartitionHealth[],
): ConsumerHealth {
  const troubled = partitions.find(({ error }) => error !== null)
  return {
    ...status,
    ready:
      status.state === 'running' &&
      partitions.every(({ state, error }) => state === 'running' && error === null),
    reason: status.reason ?? troubled?.error ?? null,
    partitions: partitions.map((partition) => ({ ...partition })),
  }
}

function fieldsOf(error: unknown): Record<string, unknown> {
  return error instanceof SynapError ? { code: error.code, ...error.fields } : {}
}
