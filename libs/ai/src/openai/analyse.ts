import { APIError, type OpenAI } from 'openai'
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod'
import type { Usage } from '../provider.ts'
import { type Answer, answerSchema } from './answer.ts'
import { failure, wrongShape } from './errors.ts'
import { instructions } from './prompt.ts'

export interface AnswerWithUsage {
  answer: Answer
  usage: Usage
}

const schemaName = 'analysis'
const mostOutputTokens = 2_000

/** Asks by the Responses API. Errors are the client's own, or `data` for a refusal and a cut-off. */
export async function askResponses(
  client: OpenAI,
  model: string,
  message: string,
  signal: AbortSignal,
): Promise<AnswerWithUsage> {
  const response = await client.responses.parse(
    {
      model,
      instructions,
      input: message,
      max_output_tokens: mostOutputTokens,
      store: false,
      text: { format: zodTextFormat(answerSchema, schemaName) },
    },
    { signal },
  )
  if (!Array.isArray(response.output)) throw wrongShape('the answer has no output')
  const parts = response.output.flatMap((item) => (item.type === 'message' ? item.content : []))
  if (parts.some(({ type }) => type === 'refusal')) throw refused()
  if (response.status === 'incomplete') throw cutOff(response.incomplete_details?.reason ?? null)
  if (response.status === 'failed') {
    throw failure('model.unavailable', 'dependency', 'the model server failed in mid-answer', {
      fields: { code: response.error?.code ?? null },
    })
  }
  if (response.output_parsed === null) throw wrongShape('the answer holds no text')
  const { usage } = response
  return {
    answer: answerSchema.parse(response.output_parsed),
    usage: usageOf(usage?.input_tokens, usage?.output_tokens),
  }
}

/** The same by chat completions, which nearly every compatible server has. */
export async function askChat(
  client: OpenAI,
  model: string,
  message: string,
  signal: AbortSignal,
): Promise<AnswerWithUsage> {
  const completion = await client.chat.completions.create(
    {
      model,
      messages: [
        { role: 'system', content: instructions },
        { role: 'user', content: message },
      ],
      max_completion_tokens: mostOutputTokens,
      response_format: zodResponseFormat(answerSchema, schemaName),
    },
    { signal },
  )
  const choice = Array.isArray(completion.choices) ? completion.choices[0] : undefined
  if (choice?.message === undefined) throw wrongShape('the answer has no choices')
  if (typeof choice.message.refusal === 'string' && choice.message.refusal !== '') throw refused()
  if (choice.finish_reason === 'content_filter') throw refused()
  if (choice.finish_reason === 'length') throw cutOff('max_output_tokens')
  if (typeof choice.message.content !== 'string') throw wrongShape('the answer holds no text')
  const { usage } = completion
  return {
    answer: answerSchema.parse(JSON.parse(choice.message.content)),
    usage: usageOf(usage?.prompt_tokens, usage?.completion_tokens),
  }
}

/** True when a server shows that it has no Responses API; a 404 for the model is not that. */
export function lacksResponses(error: unknown): boolean {
  if (!(error instanceof APIError)) return false
  if (error.status === 405 || error.status === 501) return true
  return error.status === 404 && error.code !== 'model_not_found'
}

function usageOf(input: number | undefined, output: number | undefined): Usage {
  return { inputTokens: input ?? 0, outputTokens: output ?? 0 }
}

function refused(): Error {
  return failure('model.refused', 'data', 'the model declines to describe this text', {})
}

function cutOff(reason: string | null): Error {
  if (reason === 'content_filter') return refused()
  return failure('model.cut_off', 'data', 'the answer of the model was cut off', { fields: { reason } })
}
