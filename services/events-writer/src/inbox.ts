import type { SynapClient } from '@synap/client'
import type { DecodedEvent } from '@synap/contracts'
import { crashpoint } from '@synap/core'
import { createInbox, createWriterDecoder, type Inbox } from '@synap/inbox'
import type { ConsumerDriver, Logger, SchemaRegistry } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import type { EventsWriterConfig } from './config.ts'
import { findStoredIds } from './sql/events.ts'
import { prepareEvents, writeEvents } from './write-events.ts'

export interface EventsInboxOptions {
  pool: Pool
  consumerDriver: Pick<ConsumerDriver, 'readAt'>
  registry: Pick<SchemaRegistry, 'schemaById'>
  ingest: Pick<SynapClient, 'internalEvents' | 'heads'>
  logger: Logger
  config: Pick<EventsWriterConfig, 'haltPercent'>
}

/** The log as a store of the inbox: it takes every event, in any order of aggregates, and knows forks. */
export function createEventsInbox(options: EventsInboxOptions): Inbox {
  const { pool, consumerDriver, registry, ingest, logger, config } = options
  return createInbox<DecodedEvent>({
    schema: 'log',
    role: 'synap_events_writer',
    consumer: 'events-writer',
    pool,
    logger,
    readAt: (topic, partition, offset, signal) => consumerDriver.readAt(topic, partition, offset, signal),
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
    prepare: prepareEvents,
    onApplied: () => crashpoint('events_writer.after_commit'),
    unknownTypes: 'apply',
    holdAggregates: false,
    storedIds: findStoredIds,
    channel: 'log_positions',
    haltShare: config.haltPercent / 100,
  })
}
