// Port types, for the services that name them by their driver.
export { declaredTopics, type SchemaRegistry } from '@synap/messaging'
export type { KafkaOptions } from './client.ts'
export type { ConsumerDriverOptions } from './driver.ts'
export { createKafka, type KafkaDriver } from './kafka.ts'
export type { PublisherOptions } from './publisher.ts'
export { createSchemaRegistry, type SchemaRegistryOptions } from './schema-registry.ts'
export type { TopicDifference } from './topics-admin.ts'
