import { type Answer, sendJson } from './http-stub.ts'

const dimensions = 1_536

/** A model in the shapes of OpenAI's API: every text is a task titled "Model title", every vector points one way. */
export const answerAsModel: Answer = ({ path, body }, response) => {
  if (path.endsWith('/embeddings')) {
    const { input } = body as { input: string[] }
    const data = input.map((text, index) => ({
      object: 'embedding',
      index,
      embedding: Array.from({ length: dimensions }, (_, place) =>
        place === text.length % dimensions ? 1 : 0,
      ),
    }))
    sendJson(response, {
      object: 'list',
      data,
      model: 'stub-embedding',
      usage: { prompt_tokens: 7, total_tokens: 7 },
    })
    return
  }
  const answer = {
    title: 'Model title',
    summary: null,
    language: 'en',
    people: [],
    tags: [],
    intent: { kind: 'task', confidence: 0.9, quote: null },
    due: null,
  }
  sendJson(response, responseOf([{ type: 'output_text', annotations: [], text: JSON.stringify(answer) }]))
}

/** The model declines to describe any text; it still embeds. */
export const answerAsRefusingModel: Answer = (request, response) => {
  if (request.path.endsWith('/embeddings')) answerAsModel(request, response)
  else sendJson(response, responseOf([{ type: 'refusal', refusal: 'No.' }]))
}

/** An answer of the Responses API with this content. */
export function responseOf(content: unknown[]) {
  return {
    id: 'resp_1',
    object: 'response',
    status: 'completed',
    error: null,
    incomplete_details: null,
    model: 'stub-model',
    output: [{ id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content }],
    usage: { input_tokens: 11, output_tokens: 5, total_tokens: 16 },
  }
}
