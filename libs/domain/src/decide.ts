import { assertNever } from '@synap/core'
import {
  type AddAttachment,
  decideAddAttachment,
  decideRemoveAttachment,
  type RemoveAttachment,
} from './decide/attachments.ts'
import { type Capture, decideCapture } from './decide/capture.ts'
import { type ChangeTag, decideChangeTag, decideMergeTag, type MergeTag } from './decide/change-tag.ts'
import {
  type ChangeSettings,
  decideChangeSettings,
  decideEraseUser,
  type EraseUser,
} from './decide/change-user.ts'
import type { ChangeDecision, Decision, DecisionContext } from './decide/decision.ts'
import { type DeleteEntity, decideDelete } from './decide/delete-entity.ts'
import { decidePatch, type PatchEntity } from './decide/patch-entity.ts'
import {
  decideRecordAnalysis,
  type RecordAnalysis,
  type RecordAnalysisDecision,
} from './decide/record-analysis.ts'
import {
  type CreateRelation,
  type DeleteRelation,
  decideCreateRelation,
  decideDeleteRelation,
} from './decide/relate.ts'
import { decideReplaceContent, type ReplaceContent } from './decide/replace-content.ts'
import { decideRequestAnalysis, type RequestAnalysis } from './decide/request-analysis.ts'
import { decidePurge, decideRestore, type PurgeEntity, type RestoreEntity } from './decide/restore-entity.ts'
import {
  type AcceptSuggestion,
  decideAcceptSuggestion,
  decideRejectSuggestion,
  type RejectSuggestion,
} from './decide/suggestions.ts'
import { type DeleteTag, decideDeleteTag, decidePutTag, type PutTag } from './decide/tag-entity.ts'
import type { AnalysisState, EntityState, RelationState, UserState } from './state.ts'
import { decideUndo, type Undo } from './undo/undo.ts'

/** Commands that are accepted or refused; there is always something to write. */
export type Act =
  | Capture
  | DeleteEntity
  | RestoreEntity
  | PurgeEntity
  | CreateRelation
  | DeleteRelation
  | RequestAnalysis

/** Commands that say how something is to be: it may be so already. */
export type Change =
  | PatchEntity
  | ReplaceContent
  | AddAttachment
  | RemoveAttachment
  | PutTag
  | DeleteTag
  | ChangeTag
  | MergeTag
  | ChangeSettings
  | EraseUser
  | AcceptSuggestion
  | RejectSuggestion
  | Undo

export type Command = Act | Change | RecordAnalysis

/** The aggregates that a command is about, as they are; `undefined` is: it does not exist. See `idsOf`. */
export interface CommandStates {
  readonly entity?: EntityState | undefined
  readonly analysis?: AnalysisState | undefined
  readonly user?: UserState | undefined
  readonly relation?: RelationState | undefined
  /** The ends of a relation. */
  readonly source?: EntityState | undefined
  readonly target?: EntityState | undefined
}

/** What a command comes to: events, a refusal, or nothing to write. Pure: same input, same answer. */
export function decide(command: Act, states: CommandStates, context: DecisionContext): Decision
export function decide(command: Change, states: CommandStates, context: DecisionContext): ChangeDecision
export function decide(
  command: RecordAnalysis,
  states: CommandStates,
  context: DecisionContext,
): RecordAnalysisDecision
export function decide(
  command: Command,
  states: CommandStates,
  context: DecisionContext,
): ChangeDecision | RecordAnalysisDecision
export function decide(
  command: Command,
  states: CommandStates,
  context: DecisionContext,
): ChangeDecision | RecordAnalysisDecision {
  const { entity, analysis, user, relation, source, target } = states
  switch (command.kind) {
    case 'capture':
      return decideCapture(command, { entity, user }, context)
    case 'patch':
      return decidePatch(command, entity, context)
    case 'replaceContent':
      return decideReplaceContent(command, entity, context)
    case 'addAttachment':
      return decideAddAttachment(command, entity, context)
    case 'removeAttachment':
      return decideRemoveAttachment(command, entity, context)
    case 'delete':
      return decideDelete(command, entity, context)
    case 'restore':
      return decideRestore(command, entity, context)
    case 'purge':
      return decidePurge(command, entity, context)
    case 'putTag':
      return decidePutTag(command, { entity, user }, context)
    case 'deleteTag':
      return decideDeleteTag(command, { entity, user }, context)
    case 'changeTag':
      return decideChangeTag(command, user, context)
    case 'mergeTag':
      return decideMergeTag(command, user, context)
    case 'createRelation':
      return decideCreateRelation(command, { relation, source, target }, context)
    case 'deleteRelation':
      return decideDeleteRelation(command, relation, context)
    case 'acceptSuggestion':
      return decideAcceptSuggestion(command, { entity, user }, context)
    case 'rejectSuggestion':
      return decideRejectSuggestion(command, entity, context)
    case 'requestAnalysis':
      return decideRequestAnalysis(command, { entity, analysis }, context)
    case 'recordAnalysis':
      return decideRecordAnalysis(command, { entity, analysis, user }, context)
    case 'changeSettings':
      return decideChangeSettings(command, user, context)
    case 'eraseUser':
      return decideEraseUser(command, user, context)
    case 'undo':
      return decideUndo(command, states, context)
    default:
      return assertNever(command)
  }
}
