import type { SynapClient } from '@synap/client'
import { type SynapEvent, topicName, topics } from '@synap/contracts'
import { createInbox, createReaderDecoder, type Inbox } from '@synap/inbox'
import type { Consumer, Logger, MessageLog, SchemaRegistry } from '@synap/messaging'
import { ownership, type Pool } from '@synap/postgres'
import { applyEvents } from './apply-events.ts'
import type { EnricherConfig } from './config.ts'

export interface EventsConsumerOptions {
  config: Pick<EnricherConfig, 'topicPrefix'>
  pool: Pool
  log: Pick<MessageLog, 'consumerDriver'>
  registry: Pick<SchemaRegistry, 'schemaById'>
  client: Pick<SynapClient, 'internalEvents' | 'heads'>
  logger: Logger
  /** New jobs were committed. */
  onJobs(): void
}

/** What comes in: the events topic. Under which policy: that of the inbox. What happens: `applyEvents`. */
export function createEventsConsumer(options: EventsConsumerOptions): { consumer: Consumer; inbox: Inbox } {
  const { pool, registry, client: ingest, logger } = options
  const { topicPrefix } = options.config
  const driver = options.log.consumerDriver
  const inbox = createInbox<SynapEvent>({
    schema: 'enrich',
    role: ownership.enricher.role,
    consumer: 'enricher',
    pool,
    logger,
    readAt: (topic, partition, offset, signal) => driver.readAt(topic, partition, offset, signal),
    decode: createReaderDecoder((id, signal) => registry.schemaById(id, signal)),
    fetchEvents: async (userId, from, to, signal) => {
      const items = await ingest.internalEvents(userId, from, to, signal === undefined ? {} : { signal })
      return items.map((item) =>
        item.status === 'absent' ? item : { ...item, value: Buffer.from(item.value, 'base64') },
      )
    },
    fetchHeads: (olderThanMs, after, signal) =>
      ingest.heads(olderThanMs, after === null ? {} : { after }, signal === undefined ? {} : { signal }),
    apply: (client, events) => applyEvents(client, events, logger),
    onApplied: () => options.onJobs(),
    unknownTypes: 'skip',
    holdAggregates: true,
  })
  const consumer = driver.createConsumer({
    groupId: `${topicPrefix}enricher`,
    topics: [topicName('events', topicPrefix)],
    concurrency: topics.events.partitions,
    resumeAt: inbox.resumeAt,
    handle: inbox.handle,
  })
  return { consumer, inbox }
}
