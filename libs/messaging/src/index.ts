export { assertHeld } from './assert-held.ts'
export type {
  Batch,
  BatchContext,
  Consumer,
  ConsumerDriver,
  ConsumerHealth,
  ConsumerOptions,
  ConsumerState,
  PartitionHealth,
  StartPoint,
} from './consumer.ts'
export { declaredTopics } from './declared-topics.ts'
export { createHaltWindow, type HaltPolicy, type HaltWindow, haltPolicy } from './halt-window.ts'
export { type Logger, silentLogger } from './logger.ts'
export type { InboundMessage, OutboundMessage } from './message.ts'
export type {
  MessageLog,
  PartitionLag,
  TopicReport,
  TopicSpec,
  Watermarks,
} from './message-log.ts'
export { type Action, actionOf, driverActionOf, type PausePolicy, pauseMs, pausePolicy } from './policy.ts'
export type { Publisher, PublisherHealth } from './publisher.ts'
export type { RegisteredSchema, SchemaRegistry, SchemaToRegister } from './schema-registry.ts'
export { createSlots, type Slots } from './slots.ts'
export { approximateBytes, splitByBytes } from './split.ts'
export { assertSamePartitions, topicReport } from './topic-report.ts'
export { createTurnQueue, type TurnQueue } from './turn-queue.ts'
