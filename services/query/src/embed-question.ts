import { embedderOf, type ModelProvider } from '@synap/ai'
import { describeError, errorClass, withDeadline } from '@synap/core'
import type { Logger } from '@synap/telemetry'
import type { UserModel } from './sql/user-vectors.ts'

/** A question as a point to compare vectors with, or why it cannot be one. */
export type EmbeddedQuestion =
  | { vector: { values: Float32Array; model: string } }
  | { vector: null; note: string }

const deadlineMs = 5_000

/**
 * Embeds a question with the model by whose vectors the user's items are compared: vectors of different models never
 * are. While the configured model is another, the same server is asked for that one. A model that is away, or not configured here, is no error: words still answer, and the answer says so.
 */
export async function embedQuestion(
  providers: readonly ModelProvider[],
  model: UserModel | undefined,
  question: string,
  options: { logger: Logger; signal: AbortSignal },
): Promise<EmbeddedQuestion> {
  if (model === undefined) return { vector: null, note: 'Nothing of yours can be compared by meaning yet.' }
  const provider = embedderOf(providers, model.model)
  if (provider === undefined) {
    return { vector: null, note: `The model of your vectors (${model.model}) is not configured here.` }
  }
  try {
    const { vectors } = await withDeadline('embedding a question', deadlineMs, options.signal, (signal) =>
      provider.embed([question], signal),
    )
    const [values] = vectors
    if (values === undefined) return { vector: null, note: 'The question cannot be compared by meaning.' }
    return { vector: { values, model: model.model } }
  } catch (error) {
    options.signal.throwIfAborted()
    if (errorClass(error) === 'bug') throw error
    options.logger.warn({ error: describeError(error), model: model.model }, 'a question was not embedded')
    return { vector: null, note: `The model of your vectors (${model.model}) did not answer.` }
  }
}
