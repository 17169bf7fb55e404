export { chooseProvider, embedderOf, type ModelSettings, providersForSearch } from './choose-provider.ts'
export { estimateAnalysis, estimateEmbedding } from './estimate.ts'
export { type Chunk, type Chunking, chunkerVersion, chunkText } from './extract/chunk.ts'
export { extractDocument, extractText, largestText, readableUpTo, readDocument } from './extract/document.ts'
export {
  type Block,
  type DocumentLink,
  type Extraction,
  type ExtractionResult,
  extractorVersion,
  type FrontMatter,
  type NotAnalysable,
} from './extract/extraction.ts'
export {
  createExtractor,
  type ExtractAnswer,
  type Extractor,
  type ExtractorOptions,
} from './extract/extractor.ts'
export { usageOfFailure } from './failed-usage.ts'
export { type KeyTerm, keyTerms } from './key-terms.ts'
export { detectLanguage, type LanguageGuess } from './language.ts'
export { type Likeness, type LikenessCandidate, likenessOf } from './likeness.ts'
export { createOfflineProvider } from './offline/provider.ts'
export type { OpenAiConfig } from './openai/provider.ts'
export {
  type AnalyseInput,
  type Analysis,
  type Due,
  type DueMoment,
  type Embeddings,
  type Intent,
  type IntentKind,
  type ModelProvider,
  type Neighbour,
  type Span,
  type TagProposal,
  type Usage,
  vectorDimensions,
} from './provider.ts'
export { isTimeZone } from './zone.ts'
