const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/**
 * The one declaration of both topics; a command creates them, nothing else does. The name of the topic in use may carry
 * a prefix (tests): `topicName('events', prefix)`.
 */
export const topics = {
  events: {
    name: 'synap.events.v1',
    partitions: 12,
    config: {
      'cleanup.policy': 'delete',
      'retention.ms': 30 * day,
      // A cap per partition, so that a laptop's disk cannot fill: 12 × 1 GiB.
      'retention.bytes': 1_073_741_824,
      'segment.bytes': 134_217_728,
      'segment.ms': day,
      'max.message.bytes': 1_048_576,
      'message.timestamp.type': 'CreateTime',
      // A record from the far future would hold its whole segment back from retention.
      'message.timestamp.after.max.ms': hour,
      // The broker re-encodes: kafkajs reads gzip only, and any other codec would kill its consumer.
      'compression.type': 'gzip',
    },
  },
  derived: {
    name: 'synap.derived.v1',
    partitions: 12,
    config: {
      'cleanup.policy': 'compact',
      'segment.bytes': 67_108_864,
      'segment.ms': day,
      'min.compaction.lag.ms': 0,
      // The active segment is never compacted: this bounds how long an erased record can stay.
      'max.compaction.lag.ms': 7 * day,
      'min.cleanable.dirty.ratio': 0.3,
      // Tombstones stay as long as a consumer may be away.
      'delete.retention.ms': 30 * day,
      'max.message.bytes': 1_048_576,
      'message.timestamp.type': 'CreateTime',
      'message.timestamp.after.max.ms': hour,
      'compression.type': 'gzip',
    },
  },
} as const satisfies Record<string, TopicDeclaration>

export interface TopicDeclaration {
  readonly name: string
  readonly partitions: number
  /** Broker settings as the broker names them. */
  readonly config: Readonly<Record<string, string | number>>
}

export type Topic = keyof typeof topics
export type TopicName = (typeof topics)[Topic]['name']

/** The name of a topic in use: the declared one behind an optional prefix. */
export function topicName(topic: Topic, prefix = ''): string {
  return `${prefix}${topics[topic].name}`
}

/** Three brokers carry three copies of each record and acknowledge with two; fewer brokers carry one. */
export function replicationFor(brokers: number): { replicationFactor: number; minInsyncReplicas: number } {
  return brokers >= 3
    ? { replicationFactor: 3, minInsyncReplicas: 2 }
    : { replicationFactor: 1, minInsyncReplicas: 1 }
}

/** One framed event may be this large; ingest refuses above it before it commits. Below any batch's bound. */
export const maxEventBytes = 65_536
/** One framed derived record: 64 vectors of 3,072 dimensions in float16, and room. */
export const maxDerivedBytes = 524_288
