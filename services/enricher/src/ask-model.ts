import { type ModelProvider, type Usage, usageOfFailure } from '@synap/ai'
import { errorClass, SynapError } from '@synap/core'
import { attributes, histogram, secondsSince, withSpan } from '@synap/telemetry'

/**
 * `gen_ai.client.operation.duration` and `gen_ai.client.token.usage` of OpenTelemetry's semantic conventions 1.45, with
 * their labels and buckets, under the names that Prometheus gives them.
 */
const callSeconds = histogram('gen_ai_client_operation_duration_seconds', {
  help: 'Time of calls to a model, by operation, provider, model and kind of error.',
  buckets: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
})
const tokens = histogram('gen_ai_client_token_usage', {
  help: 'Tokens of a call to a model, by operation, provider, model and type (input, output).',
  buckets: [
    1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
  ],
})

/** One call to a model in its own span, named as those conventions say; no content in it. */
export async function askModel<T extends { usage: Usage }>(
  operation: 'chat' | 'embeddings',
  provider: Pick<ModelProvider, 'name' | 'offline'>,
  model: string,
  call: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  const labels = {
    gen_ai_operation_name: operation,
    gen_ai_provider_name: provider.name,
    gen_ai_request_model: model,
  }
  const settings = {
    kind: provider.offline ? ('internal' as const) : ('client' as const),
    attributes: {
      [attributes.genAiOperation]: operation,
      [attributes.genAiProvider]: provider.name,
      [attributes.genAiModel]: model,
    },
  }
  return withSpan(`${operation} ${model}`, settings, async (span) => {
    const used = (usage: Usage | undefined) => {
      // A provider that counts nothing has used nothing that anybody could add up.
      if (usage === undefined || provider.offline) return
      span.setAttribute(attributes.genAiInputTokens, usage.inputTokens)
      tokens.record(usage.inputTokens, { ...labels, gen_ai_token_type: 'input' })
      if (operation === 'embeddings') return
      span.setAttribute(attributes.genAiOutputTokens, usage.outputTokens)
      tokens.record(usage.outputTokens, { ...labels, gen_ai_token_type: 'output' })
    }
    try {
      const answer = await call()
      callSeconds.record(secondsSince(startedAt), labels)
      used(answer.usage)
      return answer
    } catch (error) {
      const type = error instanceof SynapError ? error.code : errorClass(error)
      callSeconds.record(secondsSince(startedAt), { ...labels, error_type: type })
      used(usageOfFailure(error))
      throw error
    }
  })
}
