import type { SynapClient } from '@synap/client'
import { type DecodedEvent, topicName } from '@synap/contracts'
import { crashpoint } from '@synap/core'
import { createInbox, createWriterDecoder, type Inbox } from '@synap/inbox'
import type { SchemaRegistry } from '@synap/kafka'
import type { Consumer, ConsumerDriver, Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import type { EventsWriterConfig } from './config.ts'
import { findStoredIds } from './sql/events.ts'
import { writeEvents } from './write-events.ts'

export interface EventsConsumerOptions {
  pool: Pool
  consumerDriver: ConsumerDriver
  registry: Pick<SchemaRegistry, 'schemaById'>
  ingest: Pick<SynapClient, 'internalEvents' | 'heads'>
  logger: Logger
  config: Pick<EventsWriterConfig, 'topicPrefix' | 'haltPercent'>
}

/** What comes in: the events topic. Under which policy: that of the inbox. What happens: `writeEvents`. */
export function createEventsConsumer(options: EventsConsumerOptions): { consumer: Consumer; inbox: Inbox } {
  const { pool, consumerDriver: driver, registry, ingest, logger } = options
  const { topicPrefix, haltPercent } = options.config
  const inbox = createInbox<DecodedEvent>({
    schema: 'log',
    role: 'synap_events_writer',
    consumer: 'events-writer',
    pool,
    logger,
    readAt: (topic, partition, offset, signal) => driver.readAt(topic, partition, offset, signal),
    decode: createWriterDecoder((id, signal) => registry.schemaById(id, signal)),
    fetchEvents: async (userId, from, to, signal) => {
      const items = await ingest.internalEvents(userId, from, to, signal === undefined ? {} : { signal })
      return items.map((item) =>
        item.status === 'absent' ? item : { ...item, value: Buffer.from(item.value, 'base64') },
      )
    },
    fetchHeads: (olderThanMs, after, signal) =>
      ingest.heads(olderThanMs, after === null ? {} : { after }, signal === undefined ? {} : { signal }),
    apply: writeEvents,
    onApplied: () => crashpoint('events_writer.after_commit'),
    unknownTypes: 'apply',
    holdAggregates: false,
    storedIds: findStoredIds,
    channel: 'log_positions',
    haltShare: haltPercent / 100,
  })
  const consumer = driver.createConsumer({
    groupId: `${topicPrefix}events-writer`,
    topics: [topicName('events', topicPrefix)],
    resumeAt: inbox.resumeAt,
    handle: inbox.handle,
  })
  return { consumer, inbox }
}
