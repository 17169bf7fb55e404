import { type ConsumerDriver, type PausePolicy, pausePolicy, type Watermarks } from '@synap/messaging'
import { type AdminConnection, readWatermarks } from './admin.ts'
import type { KafkaOptions } from './client.ts'
import { createKafkaConsumer } from './consumer.ts'
import type { ConsumerTuning } from './consumer-session.ts'
import { createRecordReader } from './record-reader.ts'

export interface ConsumerDriverOptions {
  tuning?: Partial<ConsumerTuning>
  limits?: { batchRecords: number; batchBytes: number }
  pausePolicy?: PausePolicy
  watchdog?: { everyMs: number; stuckAfterMs: number }
}

const defaultTuning: ConsumerTuning = {
  sessionTimeoutMs: 10_000,
  maxWaitMs: 200,
  maxBytesPerPartition: 512 * 1024,
  maxBytes: 4 * 1024 * 1024,
  concurrency: 3,
}

const defaultLimits = { batchRecords: 2_000, batchBytes: 2 * 1024 * 1024 }
const defaultWatchdog = { everyMs: 15_000, stuckAfterMs: 60_000 }

/** Consumers on Kafka, and single reads. `close` ends the connections it shares; close its consumers first. */
export function createConsumerDriver(
  kafka: KafkaOptions,
  admin: AdminConnection,
  options: ConsumerDriverOptions = {},
): ConsumerDriver & { close(): void } {
  const records = createRecordReader(kafka)
  const watermarks = shareAnswers((topic) => readWatermarks(admin, topic))
  return {
    createConsumer: (consumer) =>
      createKafkaConsumer(
        {
          kafka,
          tuning: { ...defaultTuning, ...options.tuning },
          limits: options.limits ?? defaultLimits,
          pausePolicy: options.pausePolicy ?? pausePolicy,
          watchdog: options.watchdog ?? defaultWatchdog,
          watermarks,
          records,
        },
        consumer,
      ),
    async readAt(topic, partition, offset, signal) {
      const record = await records.firstFrom(topic, partition, offset, signal)
      return record?.offset === offset ? record : undefined
    },
    close: () => records.close(),
  }
}

/** Partitions of one topic are placed together: one question for all of them while its answer is awaited. */
function shareAnswers(ask: (topic: string) => Promise<Watermarks>): (topic: string) => Promise<Watermarks> {
  const asked = new Map<string, Promise<Watermarks>>()
  return (topic) => {
    const pending = asked.get(topic) ?? ask(topic).finally(() => asked.delete(topic))
    asked.set(topic, pending)
    return pending
  }
}
