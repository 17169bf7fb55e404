import type {
  ChangeResponse,
  EnrichRequest,
  PatchRequest,
  RelationRequest,
  RelationResponse,
  SettingsRequest,
  SuggestionField,
  SuggestionRequest,
  TagPatchRequest,
  UserResponse,
} from '@synap/contracts'
import type { EntityId, EventId, RelationId, TagId } from '@synap/core'
import type { WriteOptions } from './types.ts'

export interface ChangeOptions extends WriteOptions {
  /** Made for the call where none is given: a change is sent again until it is answered, and has one effect. */
  idempotencyKey?: string
  /** The version that what is changed must still have; else it rejects with 412, whose problem tells the current one. */
  ifMatch?: number
}

/**
 * What changes what is there already; rejects like `IngestClient`. Where it is so already nothing is written, and the
 * answer tells the current numbers. A refusal has status 422 and a stable `problem.code`; what is not there, or another
 * user's, 404.
 */
export interface ChangesClient {
  /** Title, type, particulars of a task, metadata; what is left out stays. */
  patchEntity(id: EntityId, request: PatchRequest, options?: ChangeOptions): Promise<ChangeResponse>
  /** Hides it; `restoreEntity` brings it back. */
  deleteEntity(id: EntityId, options?: ChangeOptions): Promise<ChangeResponse>
  restoreEntity(id: EntityId, options?: ChangeOptions): Promise<ChangeResponse>
  /** For good, content included. */
  purgeEntity(id: EntityId, options?: ChangeOptions): Promise<ChangeResponse>
  /** Puts a tag on; one that no item has yet is made. Rejects with `client.invalid_name` for `.` and `..`. */
  putTag(id: EntityId, name: string, options?: ChangeOptions): Promise<ChangeResponse>
  removeTag(id: EntityId, name: string, options?: ChangeOptions): Promise<ChangeResponse>
  /** `value` where several are open for the field, such as tags. */
  acceptSuggestion(
    id: EntityId,
    field: SuggestionField,
    request?: SuggestionRequest,
    options?: ChangeOptions,
  ): Promise<ChangeResponse>
  /** It is never proposed again. */
  rejectSuggestion(
    id: EntityId,
    field: SuggestionField,
    request?: SuggestionRequest,
    options?: ChangeOptions,
  ): Promise<ChangeResponse>
  /** Asks for one more analysis of what is there now. */
  enrich(id: EntityId, request?: EnrichRequest, options?: ChangeOptions): Promise<ChangeResponse>
  /** Takes an event of an item back. */
  undo(id: EntityId, event: EventId, options?: ChangeOptions): Promise<ChangeResponse>
  undoRelation(id: RelationId, event: EventId, options?: ChangeOptions): Promise<RelationResponse>
  /** Takes an event of the user's tags or settings back. */
  undoUser(event: EventId, options?: ChangeOptions): Promise<UserResponse>
  /** Renames or recolours a tag, on every item that has it. `ifMatch` is a version of the user. */
  changeTag(id: TagId, request: TagPatchRequest, options?: ChangeOptions): Promise<UserResponse>
  /** The tag becomes `into`, on every item. Nothing takes it back. */
  mergeTag(id: TagId, into: TagId, options?: ChangeOptions): Promise<UserResponse>
  createRelation(request: RelationRequest, options?: ChangeOptions): Promise<RelationResponse>
  deleteRelation(id: RelationId, options?: ChangeOptions): Promise<RelationResponse>
  /** Time zone and language; null takes one away. */
  changeSettings(request: SettingsRequest, options?: ChangeOptions): Promise<UserResponse>
}
