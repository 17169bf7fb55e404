import type { SynapClient } from '@synap/client'
import { startUpkeep } from '@synap/inbox'
import type { ConsumerDriver, Logger, SchemaRegistry } from '@synap/messaging'
import type { ObjectStore } from '@synap/object-store'
import type { Pool } from '@synap/postgres'
import type { ProjectorConfig, ReadModel } from './config.ts'
import { createDerivedConsumer } from './derived-consumer.ts'
import { createEventsConsumer } from './events-consumer.ts'
import { createTextReader } from './read-text.ts'

export interface ConsumersOptions {
  readModel: ReadModel
  pool: Pool
  consumerDriver: ConsumerDriver
  registry: Pick<SchemaRegistry, 'schemaById'>
  ingest: Pick<SynapClient, 'internalEvents' | 'heads'>
  store: Pick<ObjectStore, 'get'>
  logger: Logger
  config: Pick<ProjectorConfig, 'topicPrefix' | 'haltPercent'>
}

/** An operator who marks a derived record waits for what becomes of it. */
const lookForMarksEveryMs = 2_000

/** Both consumers of a read model: of events, and of what was derived from content. */
export type Consumers = ReturnType<typeof createConsumers>

export function createConsumers(options: ConsumersOptions) {
  const events = createEventsConsumer(options)
  const derived = createDerivedConsumer({ ...options, readText: createTextReader(options.store) })
  const both = [events.consumer, derived.consumer]
  return {
    events: events.consumer,
    derived: derived.consumer,
    /** Begins to consume; `fail` is told of a crash. */
    async start(fail: (error: unknown) => void): Promise<void> {
      for (const consumer of both) consumer.finished.catch(fail)
      await Promise.all(both.map((consumer) => consumer.start()))
    },
    async close(): Promise<void> {
      await Promise.all(both.map((consumer) => consumer.close()))
    },
    /** Repairs what no record brings about: lost last events, parked ones that are marked to be tried again. */
    startUpkeep() {
      const upkeep = events.inbox.startUpkeep()
      const retries = startUpkeep(options.logger, lookForMarksEveryMs, {
        retryParked: (signal) => derived.retryParked(signal),
      })
      return { stop: () => Promise.all([upkeep.stop(), retries.stop()]) }
    },
  }
}
