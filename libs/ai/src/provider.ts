import type { KeyTerm } from './key-terms.ts'

/** What a short capture is meant to be. Everything that is not clearly one of the others is a `note`. */
export type IntentKind = 'task' | 'event' | 'idea' | 'note'

/** A part of the analysed text: UTF-16 offsets, `end` exclusive. */
export interface Span {
  start: number
  end: number
}

/** A day in the user's calendar, or a point in time when a time of day was named. */
export type DueMoment =
  /** `YYYY-MM-DD`, a day in the user's time zone. */
  | { kind: 'date'; date: string }
  /** ISO 8601 in UTC with milliseconds. */
  | { kind: 'instant'; at: string }

export interface Due {
  moment: DueMoment
  /** The words that say so, as they stand in the text. */
  text: string
  span: Span
  /** 0 to 1. */
  confidence: number
}

export interface Intent {
  kind: IntentKind
  /** 0 to 1. */
  confidence: number
  /** The words that gave it away; null when the whole text did. */
  span: Span | null
}

export interface People {
  /** As they stand in the text, in the order of first mention: 1 to 10, of 1 to 80 UTF-16 units, none twice, no commas. */
  names: string[]
  /** 0 to 1; how far all of them may be trusted. */
  confidence: number
}

export interface TagProposal {
  /** As the user writes it when it comes from the vocabulary, else lower case. */
  name: string
  /** 0 to 1. */
  confidence: number
}

export interface AnalyseInput {
  /** Plain text (see `extractDocument`), without markup. May be empty when there is a heading. */
  text: string
  /** The document's own title: front matter or first heading. Null for a plain capture. */
  heading: string | null
  /** True for a document with structure (headings, code, tables); such a text is never read as a task. */
  structured: boolean
  /** The type the person chose: note, task, event, idea, page, project. */
  type: string
  /** The moment of capture, milliseconds since 1970: "tomorrow" is counted from here. */
  referenceMs: number
  /** IANA time zone of the user. */
  timeZone: string
  /** Names of the user's tags, most used first. */
  vocabulary: readonly string[]
  /** What the text dwells on (`Extraction.terms`). Read from the text, code included, when left out. */
  terms?: readonly KeyTerm[]
  /** Tags that the document itself names, as front matter does: the person wrote them. None when left out. */
  ownTags?: readonly string[]
  /** Other items of the same user that the text is most like, the likest first. None when left out. */
  neighbours?: readonly Neighbour[]
  /** Stems of this text that several other items of the user dwell on too. None when left out. */
  sharedStems?: readonly string[]
  /** Stems of this text that so many items of the user dwell on that they are no topic. None when left out. */
  commonStems?: readonly string[]
  /** Tags that may be proposed although neither the user nor the document has them. 1 when left out. */
  newTags?: number
}

/** Another item of the user, as far as it bears on the tags of this one. */
export interface Neighbour {
  /** Above 0, up to 1. */
  likeness: number
  /** Names of its tags. */
  tags: readonly string[]
}

export interface Usage {
  inputTokens: number
  outputTokens: number
  /** Requests that a server answered for this; absent where none is asked. */
  requests?: number
}

/** What an analysis says about a text. Every field is a proposal; ingest decides what of it is applied. */
export interface Analysis {
  title: string | null
  /** 0 to 1; how far the title may be trusted. */
  titleConfidence: number
  summary: string | null
  /** ISO 639-1, null when it cannot be told. */
  language: string | null
  /** Who is mentioned by name; null when nobody is. */
  people: People | null
  tags: TagProposal[]
  intent: Intent
  due: Due | null
  usage: Usage
}

export interface Embeddings {
  /** One per text, in order; unit length, `dimensions` long. */
  vectors: Float32Array[]
  usage: Usage
}

/**
 * A language model, or what stands in for one.
 *
 * Errors of both methods are `SynapError`s: `dependency` (away, slow, rate limited: `retryAfterMs`), `configuration`
 * (key or model refused), `data` (this text cannot be analysed: refusal, wrong shape, cut off, invalid vector).
 * The text is data, never instructions: providers have no tools and see one item of one user at a time.
 */
export interface ModelProvider {
  /** For spans and records: `synap-offline`, `openai`. */
  readonly name: string
  /** True for the deterministic provider that only imitates a model. */
  readonly offline: boolean
  /** The model that analyses. */
  readonly model: string
  /** Changes with every change of wording or rules that may change results. */
  readonly promptVersion: string
  /** The model that embeds; vectors of different models are never compared. */
  readonly embeddingModel: string
  /** Length of each vector. */
  readonly dimensions: number
  analyse(input: AnalyseInput, signal: AbortSignal): Promise<Analysis>
  /** Refuses (`model.empty_text`) a text without any visible character: it has no direction to point in. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Embeddings>
  /** The same server with another model that embeds; absent where there is no other. */
  withEmbeddingModel?(model: string): ModelProvider
}

/** Length of the vectors that the read model stores. */
export const vectorDimensions = 1536

/** The longest answer that a model is asked for, in tokens; an analysis of any item fits many times over. */
export const mostAnswerTokens = 2_000
