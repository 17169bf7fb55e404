import type { ModelProvider } from '@synap/ai'
import { errorClass, SynapError } from '@synap/core'

export interface WatchedModel extends ModelProvider {
  /** Rejects with the error of the last call, when that was the server's or the key's and not the text's. */
  check(): Promise<void>
}

/** Remembers how the last call to a model went, for readiness: a probe of its own would be paid for. */
export function watchModel(provider: ModelProvider): WatchedModel {
  let trouble: unknown
  const watched = async <T>(signal: AbortSignal, call: Promise<T>): Promise<T> => {
    try {
      const answer = await call
      trouble = undefined
      return answer
    } catch (error) {
      if (!signal.aborted) trouble = errorClass(error) === 'data' ? undefined : error
      throw error
    }
  }
  return {
    ...provider,
    analyse: (input, signal) => watched(signal, provider.analyse(input, signal)),
    embed: (texts, signal) => watched(signal, provider.embed(texts, signal)),
    async check() {
      if (trouble === undefined) return
      throw trouble instanceof SynapError
        ? trouble
        : new SynapError('the last call to the model failed', { code: 'model.failed', class: 'dependency' })
    },
  }
}
