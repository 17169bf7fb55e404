import type { OpenAI } from 'openai'
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod'
import { z } from 'zod'
import { mostAnswerTokens } from '../provider.ts'
import { type Answer, answerSchema } from './answer.ts'
import { failure, wrongShape } from './errors.ts'
import type { Meter } from './meter.ts'
import { instructions } from './prompt.ts'

/** One question to a server. */
export interface Question {
  client: OpenAI
  model: string
  message: string
  signal: AbortSignal
  /** Told of each answer before anything is read from it. */
  meter: Meter
}

/** What a server of chat completions is told about the shape: with the last two the schema stands in the prompt. */
export type ChatFormat = 'json_schema' | 'json_object' | 'text'

const schemaName = 'analysis'

/** Asks by the Responses API. Errors are the client's own, or `data` for a refusal, a cut-off and another shape. */
export async function askResponses({ client, model, message, signal, meter }: Question): Promise<Answer> {
  const response = await client.responses.create(
    {
      model,
      instructions,
      input: message,
      max_output_tokens: mostAnswerTokens,
      store: false,
      text: { format: zodTextFormat(answerSchema, schemaName) },
    },
    { signal },
  )
  meter.answered(response.usage?.input_tokens, response.usage?.output_tokens)
  if (!Array.isArray(response.output)) throw wrongShape('the answer has no output')
  const parts = response.output.flatMap((item) => (item.type === 'message' ? item.content : []))
  if (parts.some(({ type }) => type === 'refusal')) throw refused()
  if (response.status === 'incomplete') throw cutOff(response.incomplete_details?.reason ?? null)
  if (response.status === 'failed') {
    throw failure('model.unavailable', 'dependency', 'the model server failed in mid-answer', {
      fields: { code: response.error?.code ?? null },
    })
  }
  const texts = parts.flatMap((part) => (part.type === 'output_text' ? [part.text] : []))
  if (texts.length === 0) throw wrongShape('the answer holds no text')
  return answerOf(texts.join(''))
}

/** The same by chat completions, which nearly every compatible server has. */
export async function askChat(
  { client, model, message, signal, meter }: Question,
  format: ChatFormat,
): Promise<Answer> {
  const completion = await client.chat.completions.create(
    {
      model,
      messages: [
        { role: 'system', content: format === 'json_schema' ? instructions : instructionsWithSchema() },
        { role: 'user', content: message },
      ],
      max_completion_tokens: mostAnswerTokens,
      ...(format === 'json_schema' && { response_format: zodResponseFormat(answerSchema, schemaName) }),
      ...(format === 'json_object' && { response_format: { type: 'json_object' as const } }),
    },
    { signal },
  )
  meter.answered(completion.usage?.prompt_tokens, completion.usage?.completion_tokens)
  const choice = Array.isArray(completion.choices) ? completion.choices[0] : undefined
  if (choice?.message === undefined) throw wrongShape('the answer has no choices')
  if (typeof choice.message.refusal === 'string' && choice.message.refusal !== '') throw refused()
  if (choice.finish_reason === 'content_filter') throw refused()
  if (choice.finish_reason === 'length') throw cutOff('max_output_tokens')
  if (typeof choice.message.content !== 'string') throw wrongShape('the answer holds no text')
  return answerOf(choice.message.content)
}

/** For servers that do not hold a model to a schema. */
function instructionsWithSchema(): string {
  const schema = JSON.stringify(z.toJSONSchema(answerSchema))
  return `${instructions}\nThe schema, as JSON Schema: ${schema}\nAnswer with one JSON object and nothing else.`
}

/** The object in an answer, also inside a Markdown fence or after the thoughts that some servers leave in. */
function answerOf(text: string): Answer {
  const spoken = text.replace(/^\s*<think>[^]*?<\/think>/u, '').trim()
  const fenced = /^```(?:json)?\s*([^]*?)\s*```$/u.exec(spoken)
  return answerSchema.parse(JSON.parse(fenced?.[1] ?? spoken))
}

function refused(): Error {
  return failure('model.refused', 'data', 'the model declines to describe this text', {})
}

function cutOff(reason: string | null): Error {
  if (reason === 'content_filter') return refused()
  return failure('model.cut_off', 'data', 'the answer of the model was cut off', { fields: { reason } })
}
