import { createOfflineProvider } from './offline/provider.ts'
import { createOpenAiProvider } from './openai/provider.ts'
import type { ModelProvider } from './provider.ts'

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
export function providersForSearch(provider: ModelProvider): ModelProvider[] {
  return provider.offline ? [provider] : [provider, createOfflineProvider()]
}
