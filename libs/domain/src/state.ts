import type {
  Attachment,
  EntityType,
  FileReference,
  JsonObject,
  RelationType,
  Suggestion,
} from '@synap/contracts'
import type { AnalysisId, EntityId, EventId, RelationId, TagId, UserId } from '@synap/core'
import type { Particulars } from './kind-tables.ts'

/** Changes with every change of `evolve` that gives another state for the same events: stored states are refolded. */
export const stateVersion = 4

/** Who set a value, in which event. What AI set says with what. */
export interface Provenance {
  readonly by: 'user' | 'ai'
  readonly eventId: EventId
  readonly model?: string
  readonly promptVersion?: string
  readonly offline?: boolean
  /** 0 to 1. */
  readonly confidence?: number
}

export const provenanceFields = [
  'title',
  'type',
  'summary',
  'language',
  'people',
  'content',
  'status',
  'priority',
  'due',
  'metadata',
] as const
export type ProvenanceField = (typeof provenanceFields)[number]

/** Every state is plain JSON. Times are milliseconds since 1970, null where the fold does not know them. */
interface AggregateBase {
  readonly version: number
  /** Sequence of the last event. */
  readonly sequence: number | null
  readonly createdAt: number | null
  readonly updatedAt: number | null
}

export interface TagState {
  readonly id: TagId
  readonly name: string
  readonly provenance: Provenance
}

export interface OpenSuggestion extends Suggestion {
  readonly analysisId: AnalysisId
}

export interface EntityState extends AggregateBase {
  readonly aggregate: 'entity'
  readonly id: EntityId
  readonly type: EntityType
  readonly title: string | null
  /** At most 200 characters of text content. */
  readonly preview: string | null
  readonly summary: string | null
  readonly language: string | null
  /** Names of the people who are mentioned, as they stand in the text. */
  readonly people: readonly string[]
  readonly content: FileReference | null
  readonly attachments: readonly Attachment[]
  readonly tags: readonly TagState[]
  /** What it has of the types that have something of their own: of its type, and of those it was, for the way back. */
  readonly particulars: Particulars
  readonly metadata: JsonObject
  readonly suggestions: readonly OpenSuggestion[]
  /** What AI must not propose again; normalised. */
  readonly rejected: readonly { readonly field: Suggestion['field']; readonly value: string }[]
  readonly deleted: boolean
  readonly purged: boolean
  /** A field without an entry was set by nobody: AI may set it. */
  readonly provenance: Readonly<Partial<Record<ProvenanceField, Provenance>>>
}

export interface RelationState extends AggregateBase {
  readonly aggregate: 'relation'
  readonly id: RelationId
  readonly type: RelationType
  readonly source: EntityId
  readonly target: EntityId
  readonly deleted: boolean
}

export interface UserState extends AggregateBase {
  readonly aggregate: 'user'
  readonly id: UserId
  readonly timeZone: string | null
  readonly language: string | null
  /** Tags that were ever renamed, coloured or merged. */
  readonly tags: Readonly<
    Record<
      string,
      { readonly name: string | null; readonly color: string | null; readonly mergedInto: TagId | null }
    >
  >
  readonly erased: boolean
}

export interface AnalysisState extends AggregateBase {
  readonly aggregate: 'analysis'
  readonly id: AnalysisId
  readonly entityId: EntityId
  readonly contentHash: string
  readonly enricherVersion: string
  /** The highest run that was asked for or recorded. */
  readonly run: number
  /** What was recorded, by the version of the entity it was based on: the same twice changes nothing. */
  readonly recorded: readonly { readonly basedOnVersion: number; readonly outcome: 'completed' | 'failed' }[]
}

export type AggregateState = EntityState | RelationState | UserState | AnalysisState
