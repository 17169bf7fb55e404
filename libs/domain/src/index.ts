export { type Capture, decideCapture } from './decide/capture.ts'
export type {
  Accepted,
  AggregateChange,
  Decision,
  DecisionContext,
  RefusalCode,
  Refused,
} from './decide/decision.ts'
export { type DeleteEntity, decideDelete } from './decide/delete-entity.ts'
export {
  type CompletedAnalysis,
  decideRecordAnalysis,
  type FailedAnalysis,
  type RecordAnalysis,
  type RecordAnalysisDecision,
  type RecordAnalysisStates,
} from './decide/record-analysis.ts'
export { applyFrom, type Proposals, suggestFrom } from './decide/weigh-proposals.ts'
export { type Command, type CommandStates, decide } from './decide.ts'
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
  type TaskState,
  type UserState,
} from './state.ts'
export { normaliseTagName, tidyTagName } from './tag-name.ts'
