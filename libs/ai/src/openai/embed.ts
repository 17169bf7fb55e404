import type { OpenAI } from 'openai'
import { emptyText, visibleSigns } from '../visible.ts'
import { failure, lacksEmbeddings, refusesDimensions } from './errors.ts'
import type { Meter } from './meter.ts'

/** Texts in one request; servers allow more, but one slow request then loses more. */
const mostTexts = 64

interface EmbedSettings {
  model: string
  /** Length of the vectors that come out, whatever the model's own. */
  dimensions: number
}

/**
 * Vectors of texts, in order, each checked for finite numbers and scaled to length 1.
 *
 * The server is asked for `dimensions` places; one that refuses to choose is asked without, once and for all. A shorter
 * vector is filled up with zeros, which changes no angle and no distance between vectors of that model. A longer one is
 * refused: only models trained for it may be cut, and a model does not say so.
 */
export function createEmbed(
  client: OpenAI,
  { model, dimensions }: EmbedSettings,
): (texts: readonly string[], signal: AbortSignal, meter: Meter) => Promise<Float32Array[]> {
  let choosesLength = true
  const ask = async (input: string[], signal: AbortSignal) => {
    const request = { model, input, encoding_format: 'float' as const }
    if (choosesLength) {
      try {
        return await client.embeddings.create({ ...request, dimensions }, { signal })
      } catch (error) {
        if (!refusesDimensions(error)) throw error
        choosesLength = false
      }
    }
    return client.embeddings.create(request, { signal })
  }
  return async (texts, signal, meter) => {
    const empty = texts.findIndex((text) => visibleSigns(text) === '')
    if (empty >= 0) throw emptyText(empty)
    const found: number[][] = []
    for (let start = 0; start < texts.length; start += mostTexts) {
      const input = texts.slice(start, start + mostTexts)
      const answer = await ask(input, signal).catch((error: unknown) => {
        throw lacksEmbeddings(error) ? noEmbeddings() : error
      })
      meter.answered(answer.usage?.prompt_tokens)
      found.push(...rowsOf(answer.data, input.length))
    }
    const length = found[0]?.length ?? 0
    if (length > dimensions) throw tooLong(length, dimensions)
    if (found.some((values) => values.length !== length)) throw invalid('vectors differ in length')
    return found.map((values) => unitVector(values, dimensions))
  }
}

/** The vectors of one answer, each in its text's place; some servers send them in another order. */
function rowsOf(rows: unknown, count: number): number[][] {
  if (!Array.isArray(rows) || rows.length !== count) throw invalid('the number of vectors is wrong')
  const placed = new Map<number, number[]>()
  for (const row of rows as { index?: unknown; embedding?: unknown }[]) {
    const index = Number(row.index)
    if (!Number.isInteger(index) || index < 0 || index >= count) throw invalid('a vector has no place')
    if (!Array.isArray(row.embedding)) throw invalid('a vector is no list')
    placed.set(index, row.embedding as number[])
  }
  if (placed.size !== count) throw invalid('a vector is missing')
  return Array.from({ length: count }, (_, index) => placed.get(index) ?? [])
}

function unitVector(values: readonly unknown[], dimensions: number): Float32Array {
  const vector = new Float64Array(dimensions)
  let square = 0
  for (const [place, value] of values.entries()) {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw invalid('a vector holds what is no number')
    vector[place] = value
    square += value * value
  }
  if (!Number.isFinite(square) || square < 1e-12) throw invalid('a vector has no direction')
  const scale = 1 / Math.sqrt(square)
  return Float32Array.from(vector, (value) => value * scale)
}

function invalid(message: string): Error {
  return failure('model.invalid_vector', 'data', message, {})
}

function tooLong(length: number, most: number): Error {
  return failure(
    'model.vectors_too_long',
    'configuration',
    'the vectors of the embedding model have more places than can be stored: choose another model',
    { fields: { length, most } },
  )
}

function noEmbeddings(): Error {
  return failure('model.no_embeddings', 'configuration', 'the model server gives no embeddings', {})
}
