import { createRequire } from 'node:module'
import { createOfflineProvider } from './offline/provider.ts'
import type * as OpenAi from './openai/provider.ts'
import type { ModelProvider } from './provider.ts'

const require = createRequire(import.meta.url)

/** As a service's environment names them. */
export interface ModelSettings {
  openaiApiKey?: string | undefined
  openaiBaseUrl?: string | undefined
  openaiOrganization?: string | undefined
  openaiModel: string
  openaiEmbeddingModel: string
  /** Milliseconds for one call. */
  openaiTimeoutMs?: number | undefined
}

/** The model that key or address name; with neither, the deterministic provider that only imitates a model. */
export function chooseProvider(settings: ModelSettings): ModelProvider {
  const { openaiApiKey: apiKey, openaiBaseUrl: baseUrl, openaiOrganization: organization } = settings
  if (apiKey === undefined && baseUrl === undefined) return createOfflineProvider()
  // Only when it is used: its client is 276 modules and 12 MB.
  const { createOpenAiProvider } = require('./openai/provider.ts') as typeof OpenAi
  return createOpenAiProvider({
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(organization === undefined ? {} : { organization }),
    model: settings.openaiModel,
    embeddingModel: settings.openaiEmbeddingModel,
    ...(settings.openaiTimeoutMs === undefined ? {} : { timeoutMs: settings.openaiTimeoutMs }),
  })
}

/** Every provider that questions can be embedded with: vectors made offline stay searchable after a key is set. */
export function providersForSearch(provider: ModelProvider): [ModelProvider, ...ModelProvider[]] {
  return provider.offline ? [provider] : [provider, createOfflineProvider()]
}

/**
 * Who embeds by a model: the one of the providers that is configured with it, else a server that may know it too. Vectors
 * are found by the name of their model alone, so an old model goes on where its server does.
 */
export function embedderOf(providers: readonly ModelProvider[], model: string): ModelProvider | undefined {
  const own = providers.find(({ embeddingModel }) => embeddingModel === model)
  if (own !== undefined || isOffline(model)) return own
  return providers.find((provider) => provider.withEmbeddingModel !== undefined)?.withEmbeddingModel?.(model)
}

/** No server knows the models that only imitate one, whatever their version. */
const isOffline = (model: string) => model.startsWith('synap-offline')
