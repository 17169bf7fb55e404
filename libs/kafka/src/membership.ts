import type { ConsumerOptions, PausePolicy, Watermarks } from '@synap/messaging'
import type { EachBatchPayload } from 'kafkajs'
import type { AssignedPartition, Assignment } from './assignment.ts'
import type { KafkaOptions } from './client.ts'
import { type ConsumerSession, type ConsumerTuning, openConsumerSession } from './consumer-session.ts'
import { deliver } from './delivery.ts'
import { createOffsetHints } from './offset-hints.ts'
import { placePartition } from './placement.ts'
import type { RecordReader } from './record-reader.ts'

export interface KafkaConsumerParts {
  kafka: KafkaOptions
  tuning: ConsumerTuning
  /** What the handler gets at once, unpacked. */
  limits: { batchRecords: number; batchBytes: number }
  pausePolicy: PausePolicy
  /** How often to look for partitions that do not move, and how long that must last. */
  watchdog: { everyMs: number; stuckAfterMs: number }
  watermarks: (topic: string, signal: AbortSignal) => Promise<Watermarks>
  records: RecordReader
}

export interface MembershipEvents {
  /** In the group or on the way (back) into it. */
  onState(state: 'joining' | 'running'): void
  /** A failure that ends the whole consumer. */
  onFatal(error: unknown): void
}

/** One kafkajs consumer, wired to the assignment: what is fetched, from where, and who handles it. */
export function openMembership(
  parts: KafkaConsumerParts,
  options: ConsumerOptions,
  assignment: Assignment,
  events: MembershipEvents,
): ConsumerSession {
  const hints = createOffsetHints(parts.kafka.logger)
  const fatal = (error: unknown) => {
    assignment.revoke()
    events.onFatal(error)
  }
  const place = (partition: AssignedPartition) => {
    partition.state = 'starting'
    void placePartition(partition, {
      resumeAt: (topic, number, at) => options.resumeAt(topic, number, at),
      watermarks: parts.watermarks,
      pausePolicy: parts.pausePolicy,
      release: ({ topic, partition: number }, offset) => session.release(topic, number, offset),
      fatal,
    })
  }
  /** kafkajs is somewhere else than we are: it reset the offset by itself. Find out why before anything is handled. */
  const placeAgain = (partition: AssignedPartition | undefined) => {
    if (partition === undefined || partition.state === 'starting') return
    session.pause(partition.topic, partition.partition)
    place(partition)
  }
  const onBatch = async (payload: EachBatchPayload) => {
    const partition = assignment.get(payload.batch.topic, payload.batch.partition)
    if (partition?.state !== 'running' || partition.signal.aborted) return
    if (fetchedOffset(payload) !== partition.position) return placeAgain(partition)
    await deliver(payload, partition, {
      handle: (batch, context) => options.handle(batch, context),
      limits: parts.limits,
      pausePolicy: parts.pausePolicy,
      logger: parts.kafka.logger,
      hints,
      pause: (held) => session.pause(held.topic, held.partition),
      resume: (held) => session.resume(held.topic, held.partition),
      lost: () => assignment.revoke(),
      fatal,
    })
  }
  const session: ConsumerSession = openConsumerSession(parts.kafka, options, tuningOf(parts, options), {
    onAssigned(partitions) {
      events.onState('running')
      for (const partition of assignment.replace(partitions)) place(partition)
    },
    onRebalancing() {
      events.onState('joining')
      assignment.revoke()
    },
    onBatch,
    onSkipped(topic, number, lastOffset) {
      const partition = assignment.get(topic, number)
      if (partition?.state === 'running') partition.position = lastOffset + 1n
    },
    onOutOfRange: (topic, number) => placeAgain(assignment.get(topic, number)),
  })
  return session
}

const tuningOf = ({ tuning }: KafkaConsumerParts, { concurrency = tuning.concurrency }: ConsumerOptions) => ({
  ...tuning,
  concurrency,
})

/** Where kafkajs asked the broker to begin; not in its types. */
function fetchedOffset({ batch }: EachBatchPayload): bigint {
  return BigInt((batch as typeof batch & { fetchedOffset: string }).fetchedOffset)
}
