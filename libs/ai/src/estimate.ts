import { instructions, messageOf } from './openai/prompt.ts'
import { type AnalyseInput, mostAnswerTokens, type Usage } from './provider.ts'

/** Of the schema that goes along, and what a request has around its message. */
const schemaBytes = 2_400

/**
 * What an analysis may use at most, before it is asked for: some more than it will, because a limit is held by it. A token
 * is three bytes or more in nearly every text: four letters of English, one sign of Chinese.
 */
export function estimateAnalysis(input: AnalyseInput): Usage {
  return {
    inputTokens: tokensOf(messageOf(input)) + tokensOf(instructions) + Math.ceil(schemaBytes / 3),
    outputTokens: mostAnswerTokens,
  }
}

/** The same of an embedding of these texts. */
export function estimateEmbedding(texts: readonly string[]): Usage {
  return { inputTokens: texts.reduce((sum, text) => sum + tokensOf(text), 0), outputTokens: 0 }
}

const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / 3)
