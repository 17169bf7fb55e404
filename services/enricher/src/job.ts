import type { AnalysisId, EntityId, EventId, UserId } from '@synap/core'

/**
 * The order of work. Extraction and its record come before any model: search by words never waits for one. What the
 * analysis found is recorded before the embedding: a server without embeddings still makes tasks of notes.
 */
export const stepNames = [
  'download',
  'extract',
  'publish_text',
  'analyse',
  'record',
  'embed',
  'publish',
] as const
export type StepName = (typeof stepNames)[number]

/** Steps that have nothing to do for an item that is only a title: there is no object to fetch, and its words are in the event. */
export const contentSteps: readonly StepName[] = ['download', 'publish_text']

/**
 * Steps that need the result of another; all others need only what stands before them and never waits for anybody. While
 * one that asks a model is held back, what does not need it goes on.
 */
export const needs: Partial<Record<StepName, StepName>> = { record: 'analyse', publish: 'embed' }

/** Steps that make no sense after this one was given up; what a person should know is recorded all the same. */
export const pointlessAfter: Partial<Record<StepName, readonly StepName[]>> = {
  download: ['extract', 'publish_text', 'analyse', 'embed', 'publish'],
  extract: ['publish_text', 'analyse', 'embed', 'publish'],
  embed: ['publish'],
}

/** The same as pairs: what is given up, and what is left out for it. */
export const leftOut: readonly (readonly [given: StepName, left: StepName])[] = stepNames.flatMap((given) =>
  (pointlessAfter[given] ?? []).map((left) => [given, left] as const),
)

export type StepState = 'pending' | 'running' | 'done' | 'skipped' | 'failed'

/** What is to be read: the content in the object store, or the title of an item without content. */
export type JobSource =
  | { kind: 'content'; objectKey: string; fileType: string; size: number }
  | { kind: 'title'; title: string }

/** A job as the events asked for it. */
export interface WantedJob {
  userId: UserId
  entityId: EntityId
  /** SHA-256 of the content, or of the title: 64 hexadecimal characters. */
  contentHash: string
  enricherVersion: string
  run: number
  analysisId: AnalysisId
  source: JobSource
  entityType: string
  /** Version of the entity that was current when it was asked for. */
  basedOnVersion: number
  eventId: EventId
  sequence: number
  /** Milliseconds since 1970: relative dates are counted from here. */
  capturedAt: number
  /** IANA name that came with the text; null: that of the user when it is analysed. */
  timeZone: string | null
  traceparent: string | null
  tracestate: string | null
  /** The content became current (again): a job for it that was recorded or given up is recorded anew. */
  reopens: boolean
}

export interface StepRecord {
  step: StepName
  state: StepState
  attempts: number
  /** Starts in a row without an end. */
  starts: number
  errorCode: string | null
  errorText: string | null
}

/** A job that this process holds the lease of. */
export interface LeasedJob extends Omit<WantedJob, 'reopens'> {
  jobId: string
  /** `embed`: vectors only, for an item that was worked off before. */
  kind: 'item' | 'embed'
  /** Whose vectors it makes; null until it begins to embed. */
  embedModel: string | null
  /** What recording came to, when it is done already. */
  outcome: string | null
  steps: StepRecord[]
}
