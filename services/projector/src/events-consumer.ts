import type { SynapClient } from '@synap/client'
import { type SynapEvent, topicName, topics } from '@synap/contracts'
import { crashpoint } from '@synap/core'
import { createInbox, createReaderDecoder, type Inbox, type InboxOptions } from '@synap/inbox'
import type { Consumer, ConsumerDriver, Logger, SchemaRegistry } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { type ProjectorConfig, projectorRole, type ReadModel } from './config.ts'
import { presumeEvents } from './presume-events.ts'
import { prepareEvents, projectEvents } from './project-events.ts'
import { findVersions } from './sql/find-versions.ts'

export interface EventsConsumerOptions {
  readModel: ReadModel
  pool: Pool
  consumerDriver: ConsumerDriver
  registry: Pick<SchemaRegistry, 'schemaById'>
  ingest: Pick<SynapClient, 'internalEvents' | 'heads'>
  logger: Logger
  config: Pick<ProjectorConfig, 'topicPrefix' | 'haltPercent'>
}

/** What comes in: the events topic. Under which policy: that of the inbox. What happens: `projectEvents`. */
export function createEventsConsumer(options: EventsConsumerOptions): { consumer: Consumer; inbox: Inbox } {
  const { readModel, pool, consumerDriver: driver, registry, ingest, logger, config } = options
  const inbox = createInbox<SynapEvent>({
    ...projectionOf(readModel),
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
    haltShare: config.haltPercent / 100,
  })
  const consumer = driver.createConsumer({
    groupId: `${config.topicPrefix}${readModel.eventsGroup}`,
    topics: [topicName('events', config.topicPrefix)],
    concurrency: topics.events.partitions,
    resumeAt: inbox.resumeAt,
    handle: inbox.handle,
  })
  return { consumer, inbox }
}

type Projection = Pick<
  InboxOptions<SynapEvent>,
  | 'schema'
  | 'role'
  | 'consumer'
  | 'channel'
  | 'unknownTypes'
  | 'holdAggregates'
  | 'versionsOf'
  | 'apply'
  | 'prepare'
  | 'presume'
  | 'genericPlans'
  | 'onApplied'
>

/** What the inbox has to know of a read model. An event of tomorrow parks its entity until the code is newer. */
export function projectionOf({ schema, channel }: ReadModel): Projection {
  return {
    schema,
    role: projectorRole,
    consumer: 'projector',
    channel,
    unknownTypes: 'park',
    holdAggregates: true,
    genericPlans: true,
    versionsOf: (client, aggregates) => findVersions(client, schema, aggregates),
    apply: async (client, events) => {
      await projectEvents(client, schema, events.map(eventOf))
      crashpoint('projector.before_commit')
    },
    prepare: async (client, events) => {
      const apply = await prepareEvents(client, schema, events.map(eventOf))
      return async (applied) => {
        await apply(applied.map(eventOf))
        crashpoint('projector.before_commit')
      }
    },
    presume: (events) => {
      const apply = presumeEvents(schema, events.map(eventOf))
      return (
        apply &&
        (async (client) => {
          await apply(client)
          crashpoint('projector.before_commit')
        })
      )
    },
    onApplied: () => crashpoint('projector.after_commit'),
  }
}

const eventOf = ({ event }: { event: SynapEvent }) => event
