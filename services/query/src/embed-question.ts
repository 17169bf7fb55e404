import type { ModelProvider } from '@synap/ai'
import { describeError, errorClass, withDeadline } from '@synap/core'
import type { Logger } from '@synap/telemetry'
import type { UserModel } from './sql/user-vectors.ts'

/** A question as a point to compare vectors with, or why it cannot be one. */
export type EmbeddedQuestion =
  | { vector: { values: Float32Array; model: string } }
  | { vector: null; note: string }

const deadlineMs = 5_000

/**
 * Embeds a question with the model that made the most of the user's vectors: vectors of different models are never
 * compared. A model that is away, or not configured here, is no error: words still answer, and the answer says so.
 */
export async function embedQuestion(
  providers: readonly ModelProvider[],
  models: readonly UserModel[],
  question: string,
  options: { logger: Logger; signal: AbortSignal },
): Promise<EmbeddedQuestion> {
  const [most] = models
  if (most === undefined) return { vector: null, note: 'Nothing of yours can be compared by meaning yet.' }
  const provider = providers.find(({ embeddingModel }) => embeddingModel === most.model)
  if (provider === undefined) {
    return { vector: null, note: `The model of your vectors (${most.model}) is not configured here.` }
  }
  try {
    const { vectors } = await withDeadline('embedding a question', deadlineMs, options.signal, (signal) =>
      provider.embed([question], signal),
    )
    const [values] = vectors
    if (values === undefined) return { vector: null, note: 'The question cannot be compared by meaning.' }
    return { vector: { values, model: most.model } }
  } catch (error) {
    options.signal.throwIfAborted()
    if (errorClass(error) === 'bug') throw error
    options.logger.warn({ error: describeError(error), model: most.model }, 'a question was not embedded')
    return { vector: null, note: `The model of your vectors (${most.model}) did not answer.` }
  }
}
