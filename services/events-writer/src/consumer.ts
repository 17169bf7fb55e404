import { topicName, topics } from '@synap/contracts'
import type { Inbox } from '@synap/inbox'
import type { Consumer, ConsumerDriver } from '@synap/messaging'
import type { EventsWriterConfig } from './config.ts'
import { createEventsInbox, type EventsInboxOptions } from './inbox.ts'

export interface EventsConsumerOptions extends EventsInboxOptions {
  consumerDriver: ConsumerDriver
  config: Pick<EventsWriterConfig, 'topicPrefix' | 'haltPercent'>
}

/** What comes in: the events topic. Under which policy: that of the inbox. */
export function createEventsConsumer(options: EventsConsumerOptions): { consumer: Consumer; inbox: Inbox } {
  const { topicPrefix } = options.config
  const inbox = createEventsInbox(options)
  const consumer = options.consumerDriver.createConsumer({
    groupId: `${topicPrefix}events-writer`,
    topics: [topicName('events', topicPrefix)],
    concurrency: topics.events.partitions,
    resumeAt: inbox.resumeAt,
    handle: inbox.handle,
  })
  return { consumer, inbox }
}
