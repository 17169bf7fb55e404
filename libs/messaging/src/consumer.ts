import type { InboundMessage } from './message.ts'

/** Records of one partition in offset order. Offsets may have holes (compaction). Never empty. */
export interface Batch {
  topic: string
  partition: number
  messages: readonly InboundMessage[]
  /** The offset after the partition's last record when the batch was read; its distance is the lag. */
  highWatermark: bigint
}

export interface BatchContext {
  /**
   * Aborts when the partition is being taken away or the consumer closes. What the handler does after that may already
   * be done by another member of the group: only the fence in its own transaction protects it.
   */
  signal: AbortSignal
  /** Say "still working"; call it in long loops, at least every few seconds. Cheap when called often. */
  heartbeat(): Promise<void>
}

/** What the server holds of a partition at the moment of assignment. */
export interface StartPoint {
  /** Offset of the oldest record still there. */
  low: bigint
  /** Offset that the next record will get. */
  high: bigint
}

export interface ConsumerOptions {
  groupId: string
  topics: readonly string[]
  /** Partitions handled at the same time at most; the driver's own number by default. */
  concurrency?: number
  /**
   * Where to go on: the offset of the next record to be handled. Asked each time a partition is assigned; the server's
   * committed offsets are a hint for lag displays and are never read back.
   * A `SynapError` decides as in `handle`: `dependency` → asked again, `configuration` → halt. An answer below `low` or
   * beyond `high` halts: a consumer never resets its position by itself.
   */
  resumeAt(topic: string, partition: number, at: StartPoint): Promise<bigint>
  /**
   * Applies a batch and stores its position itself, in one transaction; one batch of a partition at a time. While it
   * takes its time other partitions may have to wait too (on Kafka those of the same broker). How it rejects decides
   * what happens:
   * - `dependency`: the partition is paused, and after a wait (grows, jittered, ≤ 30 s) delivered again from the same
   *   first record, perhaps with more behind it; other partitions go on;
   * - `configuration`, and `data` or `order` that the handler let through: the consumer halts: it leaves the
   *   group, stays alive, is not ready and says why, until it is started anew;
   * - `bug` and whatever is no SynapError: the consumer crashes, see `Consumer.finished`.
   */
  handle(batch: Batch, context: BatchContext): Promise<void>
}

export interface Consumer {
  /** Begins to join the group and returns without waiting for it: with the server away it keeps trying. */
  start(): Promise<void>
  health(): ConsumerHealth
  /**
   * Resolves after `close()`. Rejects when the consumer has crashed (a bug, or no progress although there is lag): log
   * it and end the process with status 1. Left unobserved, the rejection ends the process too, which is intended.
   */
  readonly finished: Promise<void>
  /** Aborts running handlers, leaves the group, lets go of everything; within 10 s. Never rejects. */
  close(): Promise<void>
}

export type ConsumerState = 'idle' | 'joining' | 'running' | 'halted' | 'crashed' | 'closed'

/** Holds bigints, which `JSON.stringify` refuses. */
export interface ConsumerHealth {
  state: ConsumerState
  /** Running, every position known, and no partition failing (paused or being tried again). */
  ready: boolean
  /** Why it is not ready, in words for an operator. */
  reason: string | null
  partitions: readonly PartitionHealth[]
}

export interface PartitionHealth {
  topic: string
  partition: number
  /** `starting`: assigned, but it is not known yet where to go on. `paused`: waiting to try again. */
  state: 'starting' | 'running' | 'paused'
  /** Offset of the next record to be handled; null before the first answer of `resumeAt`. */
  position: bigint | null
  /** As last seen; minus `position` it is the lag. */
  highWatermark: bigint
  /** Failed attempts in a row. */
  attempts: number
  /** What the last attempt failed on; null while all is well. */
  error: string | null
}

export interface ConsumerDriver {
  createConsumer(options: ConsumerOptions): Consumer
  /**
   * The record stored at exactly this offset, or undefined when there is none (compacted, expired, not yet written).
   * Rejects with `SynapError` dependency when the server does not answer within some seconds.
   */
  readAt(
    topic: string,
    partition: number,
    offset: bigint,
    signal?: AbortSignal,
  ): Promise<InboundMessage | undefined>
}
