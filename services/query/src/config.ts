import { createOfflineProvider, createOpenAiProvider, type ModelProvider } from '@synap/ai'
import type { S3StoreConfig } from '@synap/object-store'
import { databaseConfig, httpConfig, ingestClientConfig, modelConfig, s3Config } from '@synap/runtime'
import { z } from 'zod'

const name = () => z.string().min(1)

/** The environment of query: names in upper snake case, units and defaults in view. */
export const queryConfig = z.object({
  ...databaseConfig,
  ...httpConfig,
  ...s3Config,
  ...ingestClientConfig,
  ...modelConfig,
  /** As at the enricher: the model that a question is embedded with must be the one that made the vectors. */
  openaiModel: name().default('gpt-5-mini'),
  openaiEmbeddingModel: name().default('text-embedding-3-small'),
  openaiOrganization: name().optional(),
})
export type QueryConfig = z.output<typeof queryConfig>

export function objectStoreOf(config: QueryConfig): S3StoreConfig {
  return {
    endpoint: config.s3Endpoint,
    region: config.s3Region,
    bucket: config.s3Bucket,
    accessKeyId: config.s3AccessKeyId,
    secretAccessKey: config.s3SecretAccessKey,
  }
}

/** Shared by all instances of the service, as cursors have to be. A new service key ends old cursors. */
export function cursorSecretOf({ serviceApiKey }: QueryConfig): string {
  return serviceApiKey
}

/** Every model that questions can be embedded with here; vectors made offline stay searchable after a key is set. */
export function providersOf(config: QueryConfig): ModelProvider[] {
  const { openaiApiKey: apiKey, openaiBaseUrl: baseUrl, openaiOrganization: organization } = config
  const offline = createOfflineProvider()
  if (apiKey === undefined && baseUrl === undefined) return [offline]
  const openai = createOpenAiProvider({
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(organization === undefined ? {} : { organization }),
    model: config.openaiModel,
    embeddingModel: config.openaiEmbeddingModel,
  })
  return [openai, offline]
}
