import type { OpenAI } from 'openai'
import type { Embeddings } from '../provider.ts'
import { failure } from './errors.ts'

/** Texts in one request; servers allow more, but one slow request then loses more. */
const mostTexts = 64

/** Vectors of texts, in order, each checked for length and finite numbers and scaled to length 1. */
export async function embedTexts(
  client: OpenAI,
  request: { model: string; dimensions: number },
  texts: readonly string[],
  signal: AbortSignal,
): Promise<Embeddings> {
  const vectors: Float32Array[] = []
  let inputTokens = 0
  for (let start = 0; start < texts.length; start += mostTexts) {
    const input = texts.slice(start, start + mostTexts)
    const answer = await client.embeddings.create({ ...request, input, encoding_format: 'float' }, { signal })
    const rows: unknown = answer.data
    if (!Array.isArray(rows) || rows.length !== input.length) throw invalid('the number of vectors is wrong')
    const found = new Map<number, Float32Array>()
    for (const row of rows as { index?: unknown; embedding?: unknown }[]) {
      const index = Number(row.index)
      if (!Number.isInteger(index) || index < 0 || index >= input.length)
        throw invalid('a vector has no place')
      found.set(index, vectorOf(row.embedding, request.dimensions))
    }
    for (const index of input.keys()) {
      const vector = found.get(index)
      if (vector === undefined) throw invalid('a vector is missing')
      vectors.push(vector)
    }
    inputTokens += answer.usage?.prompt_tokens ?? 0
  }
  return { vectors, usage: { inputTokens, outputTokens: 0 } }
}

function vectorOf(values: unknown, dimensions: number): Float32Array {
  if (!Array.isArray(values) || values.length !== dimensions) throw invalid('a vector has the wrong length')
  let square = 0
  for (const value of values as unknown[]) {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw invalid('a vector holds what is no number')
    square += value * value
  }
  if (!Number.isFinite(square) || square < 1e-12) throw invalid('a vector has no direction')
  const scale = 1 / Math.sqrt(square)
  return Float32Array.from(values as number[], (value) => value * scale)
}

function invalid(message: string): Error {
  return failure('model.invalid_vector', 'data', message, {})
}
