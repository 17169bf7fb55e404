import { withDeadline } from '@synap/core'
import { OpenAI } from 'openai'
import { noteUsage } from '../failed-usage.ts'
import { type ModelProvider, type Usage, vectorDimensions } from '../provider.ts'
import { analysisOf } from './answer.ts'
import { createAsk } from './ask.ts'
import { createBoundedFetch } from './bounded-fetch.ts'
import { createEmbed } from './embed.ts'
import { modelError, wrongShape } from './errors.ts'
import { createMeter, type Meter } from './meter.ts'
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
  /** Bytes of the largest answer that is read. 8 MiB by default: 64 vectors of 4,096 places as text fit. */
  largestAnswer?: number
}

/**
 * Any server that speaks OpenAI's HTTP API, or a part of it: `createAsk` and `createEmbed` say what may be missing.
 * Never retries: the caller schedules that, so that one layer alone decides what is paid again.
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
    fetch: createBoundedFetch(config.largestAnswer ?? 8 * 1024 * 1024),
  })
  const ask = createAsk()
  const embed = createEmbed(client, { model: config.embeddingModel, dimensions: vectorDimensions })

  const call = async <T>(
    signal: AbortSignal,
    work: (signal: AbortSignal, meter: Meter) => Promise<T>,
  ): Promise<{ result: T; usage: Usage }> => {
    const meter = createMeter()
    try {
      const result = await withDeadline('the model server', timeoutMs, signal, (deadline) =>
        work(deadline, meter),
      )
      return { result, usage: meter.total() }
    } catch (error) {
      const known = modelError(
        error instanceof TypeError ? wrongShape('the answer has an unknown shape') : error,
        signal,
      )
      if (!signal.aborted) noteUsage(known, meter.total())
      throw known
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
      const { model } = config
      const { result, usage } = await call(signal, (deadline, meter) =>
        ask({ client, model, message, signal: deadline, meter }),
      )
      return analysisOf(result, input, usage)
    },
    async embed(texts, signal) {
      const { result: vectors, usage } = await call(signal, (deadline, meter) =>
        embed(texts, deadline, meter),
      )
      return { vectors, usage }
    },
    withEmbeddingModel: siblingsOf(config),
  }
}

/** Each is made once: what it found out about the server stays with it. */
function siblingsOf(config: OpenAiConfig): (embeddingModel: string) => ModelProvider {
  const made = new Map<string, ModelProvider>()
  return (embeddingModel) => {
    const sibling = made.get(embeddingModel) ?? createOpenAiProvider({ ...config, embeddingModel })
    made.set(embeddingModel, sibling)
    return sibling
  }
}
