import { withDeadline } from '@synap/core'
import { OpenAI } from 'openai'
import { type ModelProvider, vectorDimensions } from '../provider.ts'
import { askChat, askResponses, lacksResponses } from './analyse.ts'
import { analysisOf } from './answer.ts'
import { createBoundedFetch } from './bounded-fetch.ts'
import { embedTexts } from './embed.ts'
import { modelError, wrongShape } from './errors.ts'
import { messageOf, promptVersion } from './prompt.ts'

export interface OpenAiConfig {
  /** Left out for a server that asks for none. */
  apiKey?: string
  /** With the version in its path (`https://host/v1`); the client's own default when absent. */
  baseUrl?: string
  organization?: string
  model: string
  embeddingModel: string
  /** Milliseconds for one call, its whole answer included. 30,000 by default. */
  timeoutMs?: number
  /** Bytes of the largest answer that is read. 4 MiB by default. */
  largestAnswer?: number
}

/**
 * Any server that speaks OpenAI's HTTP API. Asks by the Responses API and, once a server shows that it has none, by
 * chat completions. Never retries: the caller schedules that, so that one layer alone decides what is paid again.
 */
export function createOpenAiProvider(config: OpenAiConfig): ModelProvider {
  const timeoutMs = config.timeoutMs ?? 30_000
  const client = new OpenAI({
    // The client insists on one; a server without keys ignores it.
    apiKey: config.apiKey ?? 'none',
    baseURL: config.baseUrl ?? null,
    organization: config.organization ?? null,
    timeout: timeoutMs,
    maxRetries: 0,
    logLevel: 'off',
    fetch: createBoundedFetch(config.largestAnswer ?? 4 * 1024 * 1024),
  })
  let hasResponses = true

  const call = async <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await withDeadline('the model server', timeoutMs, signal, work)
    } catch (error) {
      throw modelError(
        error instanceof TypeError ? wrongShape('the answer has an unknown shape') : error,
        signal,
      )
    }
  }

  return {
    name: 'openai',
    offline: false,
    model: config.model,
    promptVersion,
    embeddingModel: config.embeddingModel,
    dimensions: vectorDimensions,
    async analyse(input, signal) {
      const message = messageOf(input)
      const { answer, usage } = await call(signal, async (deadline) => {
        if (!hasResponses) return askChat(client, config.model, message, deadline)
        try {
          return await askResponses(client, config.model, message, deadline)
        } catch (error) {
          if (!lacksResponses(error)) throw error
          hasResponses = false
          return askChat(client, config.model, message, deadline)
        }
      })
      return analysisOf(answer, input, usage)
    },
    async embed(texts, signal) {
      const request = { model: config.embeddingModel, dimensions: vectorDimensions }
      return call(signal, (deadline) => embedTexts(client, request, texts, deadline))
    },
  }
}
