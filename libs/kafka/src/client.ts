import './codecs.ts'
import './patch-encoder.ts'
import './patch-record.ts'
import './patch-request-queue.ts'
import type { Logger } from '@synap/messaging'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { buildLogCreator } from './log-creator.ts'
import { createSockets, type Sockets } from './sockets.ts'

export interface KafkaOptions {
  /** `host:port` of one or more brokers; the others are found through them. */
  brokers: readonly string[]
  /** Shown in the broker's logs and quotas: the service's name. */
  clientId: string
  logger: Logger
  /** TLS with the system's certificate authorities; off by default. */
  ssl?: boolean
  /** Milliseconds; for tests with a silent broker. */
  deadlines?: Partial<typeof defaultDeadlines>
  sasl?: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string }
}

/** Milliseconds. Inner deadlines are shorter than outer ones: a request ends before the attempt that holds it. */
const defaultDeadlines: { connect: number; request: number; attempt: number } = {
  connect: 5_000,
  request: 10_000,
  /** One attempt of anything, connecting and metadata included. */
  attempt: 15_000,
}

export function deadlinesOf(options: KafkaOptions): typeof defaultDeadlines {
  return { ...defaultDeadlines, ...options.deadlines }
}

/** kafkajs' own retries, for metadata and connections only; sends have none (see `publisher.ts`). */
export const innerRetry = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 } as const

export interface Client {
  kafka: Kafka
  sockets: Sockets
  /** What kafkajs was configured with, for its parts that are built without it. */
  config: KafkaConfig
}

/**
 * A kafkajs client with connections of its own. Never shared between a publisher and consumers, nor between two
 * consumers of one group: kafkajs keeps a group's offsets per client.
 */
export function buildClient(
  options: KafkaOptions,
  onLine?: (line: string, fields: Record<string, unknown>) => void,
): Client {
  const sockets = createSockets()
  const deadlines = deadlinesOf(options)
  const config: KafkaConfig = {
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: deadlines.connect,
    authenticationTimeout: deadlines.connect,
    requestTimeout: deadlines.request,
    enforceRequestTimeout: true,
    retry: innerRetry,
    socketFactory: sockets.factory,
    logLevel: logLevel.INFO,
    logCreator: buildLogCreator(options.logger, onLine),
    ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
    ...(options.sasl === undefined ? {} : { sasl: options.sasl as NonNullable<KafkaConfig['sasl']> }),
  }
  return { kafka: new Kafka(config), sockets, config }
}
