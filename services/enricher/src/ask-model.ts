import type { ModelProvider, Usage } from '@synap/ai'
import { attributes, counter, histogram, secondsSince, withSpan } from '@synap/telemetry'

const callSeconds = histogram('synap_enricher_model_call_seconds', {
  help: 'Time of calls to the model, by operation, model and result.',
})
const tokens = counter('synap_enricher_model_tokens', { help: 'Tokens by model and direction.' })

/** One call to a model in its own span, named as OpenTelemetry's conventions for generative AI say; no content in it. */
export async function askModel<T extends { usage: Usage }>(
  operation: 'chat' | 'embeddings',
  provider: ModelProvider,
  model: string,
  call: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  const measured = (result: string) =>
    callSeconds.record(secondsSince(startedAt), { operation, model, result })
  const settings = {
    kind: provider.offline ? ('internal' as const) : ('client' as const),
    attributes: {
      [attributes.genAiOperation]: operation,
      [attributes.genAiProvider]: provider.name,
      [attributes.genAiModel]: model,
    },
  }
  return withSpan(`${operation} ${model}`, settings, async (span) => {
    try {
      const answer = await call()
      span.setAttribute(attributes.genAiInputTokens, answer.usage.inputTokens)
      span.setAttribute(attributes.genAiOutputTokens, answer.usage.outputTokens)
      tokens.add(answer.usage.inputTokens, { model, direction: 'input' })
      tokens.add(answer.usage.outputTokens, { model, direction: 'output' })
      measured('ok')
      return answer
    } catch (error) {
      measured('failed')
      throw error
    }
  })
}
