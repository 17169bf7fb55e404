import { chunkerVersion, type ModelProvider } from '@synap/ai'

/** A model by whose vectors a user may be searched. */
export interface ChosenModel {
  model: string
  /** As it stands in the keys of derived records. */
  producer: string
}

export const chosen = (provider: ModelProvider): ChosenModel => ({
  model: provider.embeddingModel,
  producer: embedProducer(provider),
})

/** Who made the vectors: part of their key. A model's name may hold what a key may not. */
export function embedProducer({ embeddingModel, dimensions }: ModelProvider): string {
  const model = embeddingModel.replaceAll(/[^A-Za-z0-9._:+-]/g, '_').slice(0, 100)
  return `${model}@${dimensions}@${chunkerVersion}`
}

/** In place of an enricher version: jobs that only embed are one for each content and model. */
export const embedVersion = (producer: string) => `embed:${producer}`
