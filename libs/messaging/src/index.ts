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
export { createHaltWindow, type HaltPolicy, type HaltWindow, haltPolicy } from './halt-window.ts'
export { type Logger, silentLogger } from './logger.ts'
export type { InboundMessage, OutboundMessage } from './message.ts'
export { type Action, actionOf, driverActionOf, type PausePolicy, pauseMs, pausePolicy } from './policy.ts'
export type { Publisher, PublisherHealth } from './publisher.ts'
