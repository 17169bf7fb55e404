import { isTimeZone } from '@synap/ai'
import type { ClientOptions } from '@synap/client'
import type { S3StoreConfig } from '@synap/object-store'
import {
  databaseConfig,
  ingestClientConfig,
  integer,
  kafkaConfig,
  modelConfig,
  registryConfig,
  s3Config,
} from '@synap/runtime'
import { z } from 'zod'

const name = () => z.string().min(1)

/** The environment of the enricher; a variable's name is the key in upper snake case. */
export const configSchema = z.object({
  ...databaseConfig,
  ...kafkaConfig,
  ...registryConfig,
  ...s3Config,
  ...ingestClientConfig,
  ...modelConfig,
  /** The model that analyses, and the one that embeds (with 1536 dimensions); used with OPENAI_API_KEY only. */
  openaiModel: name().default('gpt-5-mini'),
  openaiEmbeddingModel: name().default('text-embedding-3-small'),
  openaiOrganization: name().optional(),
  /** IANA name: what "tomorrow" means for users who chose no time zone. */
  defaultTimeZone: z.string().default('UTC').refine(isTimeZone, 'the name of a time zone is expected'),
  /** Jobs worked on at once, in all and for one user: whoever imports thousands of notes leaves room for others. */
  enrichConcurrency: integer(1, 64).default(8),
  enrichPerUser: integer(1, 64).default(6),
  /** Milliseconds after which the job of a process that died is taken over; renewed while one works on it. */
  enrichLeaseMs: integer(500, 600_000).default(10_000),
  /** Milliseconds between looks for work when nothing wakes the workers. */
  enrichPollMs: integer(10, 60_000).default(1_000),
  /** Milliseconds before the first retry of a step; doubles up to ten minutes. */
  enrichRetryMs: integer(1, 600_000).default(1_000),
})

export type EnricherConfig = z.output<typeof configSchema>

/** How ingest is asked for missing events and told of analyses: below the time after which the group drops a silent member. */
export function ingestCalls({ ingestUrl, serviceApiKey }: EnricherConfig): ClientOptions {
  return { ingestUrl, queryUrl: ingestUrl, apiKey: serviceApiKey, deadlineMs: 5_000, attempts: 2 }
}

export function storeOf(config: EnricherConfig): S3StoreConfig {
  return {
    endpoint: config.s3Endpoint,
    region: config.s3Region,
    bucket: config.s3Bucket,
    accessKeyId: config.s3AccessKeyId,
    secretAccessKey: config.s3SecretAccessKey,
  }
}
