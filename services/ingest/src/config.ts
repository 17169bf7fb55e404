import { fileURLToPath } from 'node:url'
import { databaseConfig, httpConfig, integer, kafkaConfig, registryConfig, s3Config } from '@synap/runtime'
import { z } from 'zod'
import { uploadConfig } from './files/upload-config.ts'
import { sweepConfig } from './sweep/sweep-config.ts'

/** The environment of ingest; names are the keys in upper snake case. */
export const config = z.object({
  ...databaseConfig,
  ...kafkaConfig,
  ...s3Config,
  ...httpConfig,
  ...uploadConfig,
  ...sweepConfig,
  /** Events that may wait for the relay before writes answer 503. */
  outboxLimit: integer(1, 1_000_000_000).default(1_000_000),
  /** Milliseconds after which another process takes over a relay that has gone silent. */
  relayLeaseMs: integer(200, 600_000).default(10_000),
  /** Milliseconds between looks at the outbox; a commit of this process is seen at once, one of another when that can be heard. */
  relayPollMs: integer(10, 60_000).default(200),
})
export type Config = z.output<typeof config>

/** What the program that registers schemas reads. */
export const registerConfig = z.object({
  databaseUrl: databaseConfig.databaseUrl,
  schemaRegistryUrl: registryConfig.schemaRegistryUrl,
  topicPrefix: kafkaConfig.topicPrefix,
})

/** What the program that makes a key reads. */
export const createKeyConfig = z.object({ databaseUrl: databaseConfig.databaseUrl })

/** The environment of the programs besides the service. */
export const environment = () => process.env

export const migrations = fileURLToPath(new URL('../migrations', import.meta.url))
