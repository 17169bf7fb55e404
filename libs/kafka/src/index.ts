export type { PartitionLag, Watermarks } from './admin.ts'
export type { KafkaOptions } from './client.ts'
export { declaredTopics } from './declared-topics.ts'
export type { ConsumerDriverOptions } from './driver.ts'
export { createKafka, type KafkaDriver } from './kafka.ts'
export type { PublisherOptions } from './publisher.ts'
export {
  createSchemaRegistry,
  type RegisteredSchema,
  type SchemaRegistry,
  type SchemaRegistryOptions,
  type SchemaToRegister,
} from './schema-registry.ts'
export type { TopicReport, TopicSpec } from './topics-admin.ts'
