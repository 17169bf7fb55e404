import type { ConsumerDriver, StartPoint } from './consumer.ts'
import type { Publisher } from './publisher.ts'

export interface TopicSpec {
  name: string
  /** Fixed for ever: another number would place a user's later records apart from the earlier ones. */
  partitions: number
  /** Broker settings as the broker names them; the whole set, whatever else was set on the topic is removed. */
  config: Readonly<Record<string, string>>
}

export interface TopicReport {
  topic: string
  outcome: 'created' | 'altered' | 'unchanged'
  /** Settings that differed: what the topic had, and what it has now (null: not set on the topic). */
  changes: Readonly<Record<string, { from: string | null; to: string | null }>>
}

/** Oldest and next offset of each partition of a topic, by partition number. */
export type Watermarks = ReadonlyMap<number, StartPoint>

/** How far a group's committed offsets are behind. They are hints; each consumer's real position is in its database. */
export interface PartitionLag {
  topic: string
  partition: number
  /** Null when the group has committed nothing for the partition. */
  committed: bigint | null
  high: bigint
  lag: bigint
}

/** What keeps the topics: a Kafka cluster, or the embedded log. Services are composed with either. */
export interface MessageLog {
  /** A publisher of its own; the caller closes it. */
  publisher(): Publisher
  consumerDriver: ConsumerDriver
  /** Makes the topics, or brings their settings in line. Rejects (configuration) on another number of partitions. */
  createTopics(topics: readonly TopicSpec[], signal?: AbortSignal): Promise<TopicReport[]>
  watermarks(topic: string, signal?: AbortSignal): Promise<Watermarks>
  groupLag(groupId: string, topics: readonly string[], signal?: AbortSignal): Promise<PartitionLag[]>
  /** Resolves when the server answers within some seconds, else rejects with class dependency. For readiness. */
  ping(signal?: AbortSignal): Promise<void>
  /** Ends what is shared. Publishers and consumers are closed by their owners, before. */
  close(): Promise<void>
}
