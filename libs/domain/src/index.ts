export { canonicalTagId, currentTag } from './canonical-tag.ts'
export { idsOf, type StateIds, statesFor } from './command-states.ts'
export { type AddAttachment, maxAttachments, type RemoveAttachment } from './decide/attachments.ts'
export { type Capture, decideCapture } from './decide/capture.ts'
export type { ChangeTag, MergeTag, RegisteredTag } from './decide/change-tag.ts'
export type { ChangeSettings, EraseUser } from './decide/change-user.ts'
export {
  type Accepted,
  type AggregateChange,
  type AggregateRead,
  type ChangeDecision,
  combine,
  type Decision,
  type DecisionContext,
  type Unchanged,
} from './decide/decision.ts'
export { type DeleteEntity, decideDelete } from './decide/delete-entity.ts'
export type { PatchEntity } from './decide/patch-entity.ts'
export {
  type CompletedAnalysis,
  decideRecordAnalysis,
  type FailedAnalysis,
  type RecordAnalysis,
  type RecordAnalysisDecision,
  type RecordAnalysisStates,
  subjectHash,
} from './decide/record-analysis.ts'
export { type RefusalCode, type Refused, refusalCodes } from './decide/refusal.ts'
export { type CreateRelation, type DeleteRelation, relationIdOf } from './decide/relate.ts'
export type { ReplaceContent } from './decide/replace-content.ts'
export { analysisIdOf, type RequestAnalysis } from './decide/request-analysis.ts'
export type { PurgeEntity, RestoreEntity } from './decide/restore-entity.ts'
export type { AcceptSuggestion, RejectSuggestion } from './decide/suggestions.ts'
export type { DeleteTag, PutTag } from './decide/tag-entity.ts'
export { applyFrom, type Proposals, suggestFrom } from './decide/weigh-proposals.ts'
export { type Act, type Change, type Command, type CommandStates, decide } from './decide.ts'
export type { EntityEvent } from './entity/evolve-entity.ts'
export type {
  AnalysisEventType,
  EntityEventType,
  FoldEvent,
  FoldEventOf,
  NewEvent,
  NewEventOf,
  RelationEventType,
  UserEventType,
} from './event.ts'
export { evolve, evolveAnalysis, evolveEntity, evolveRelation, evolveUser, fold } from './evolve.ts'
export type { AnalysisEvent, RelationEvent, UserEvent } from './evolve-others.ts'
export type { Particulars } from './kind-tables.ts'
export { type TaskState, taskOf } from './kinds/task.ts'
export { applyMergePatch, inverseMergePatch } from './merge-patch.ts'
export {
  type AggregateState,
  type AnalysisState,
  type EntityState,
  type OpenSuggestion,
  type Provenance,
  type ProvenanceField,
  provenanceFields,
  type RelationState,
  stateVersion,
  type TagState,
  type UserState,
} from './state.ts'
export { normaliseTagName, tidyTagName } from './tag-name.ts'
export { type Undo, whyNotUndoable } from './undo/undo.ts'
