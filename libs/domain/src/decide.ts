import { assertNever } from '@synap/core'
import { type Capture, decideCapture } from './decide/capture.ts'
import type { DecisionContext } from './decide/decision.ts'
import { type DeleteEntity, decideDelete } from './decide/delete-entity.ts'
import {
  decideRecordAnalysis,
  type RecordAnalysis,
  type RecordAnalysisDecision,
} from './decide/record-analysis.ts'
import type { AnalysisState, EntityState } from './state.ts'

export type Command = Capture | DeleteEntity | RecordAnalysis

/** The aggregates that a command is about, as they are; `undefined` is: it does not exist. */
export interface CommandStates {
  readonly entity: EntityState | undefined
  readonly analysis?: AnalysisState | undefined
}

/** What a command comes to: events, a refusal, or (analyses only) nothing. Pure: same input, same answer. */
export function decide(
  command: Command,
  { entity, analysis }: CommandStates,
  context: DecisionContext,
): RecordAnalysisDecision {
  switch (command.kind) {
    case 'capture':
      return decideCapture(command, entity, context)
    case 'delete':
      return decideDelete(command, entity, context)
    case 'recordAnalysis':
      return decideRecordAnalysis(command, { entity, analysis }, context)
    default:
      return assertNever(command)
  }
}
