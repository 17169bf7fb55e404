import {
  dueDate,
  type EntityType,
  entityTypes,
  type SuggestionField,
  type TaskPriority,
  type TaskStatus,
  taskPriorities,
  taskStatuses,
} from '@synap/contracts'
import { assertNever, type EntityId, type TagId, type UserId } from '@synap/core'
import { normaliseProposal } from '../entity/suggestions.ts'
import type { EntityState, OpenSuggestion } from '../state.ts'
import { type ChangeDecision, change, type DecisionContext } from './decision.ts'
import { decidePatch, type PatchEntity } from './patch-entity.ts'
import { type Refused, refuse } from './refusal.ts'
import { decidePutTag, type TagStates } from './tag-entity.ts'
import { entityRefusal, isWritable } from './writable.ts'

interface Decided {
  readonly entityId: EntityId
  readonly field: SuggestionField
  /** Which, where several are open (tags: by name). Left out: the only one. */
  readonly value?: string | undefined
}

export interface AcceptSuggestion extends Decided {
  readonly kind: 'acceptSuggestion'
  readonly userId: UserId
  /** For a tag: the id that the user's tags have for a name. */
  idOf(name: string): TagId
}

export interface RejectSuggestion extends Decided {
  readonly kind: 'rejectSuggestion'
}

/** A person takes what AI proposed; from then on it is that person's value. */
export function decideAcceptSuggestion(
  command: AcceptSuggestion,
  { entity, user }: TagStates,
  context: DecisionContext,
): ChangeDecision {
  if (!isWritable(entity)) return entityRefusal(entity) as Refused
  const { entityId, userId } = command
  const found = findSuggestion(entity, command)
  if ('outcome' in found) return found
  if (found.field === 'tag') {
    const tag = { id: command.idOf(found.value), name: found.value }
    return decidePutTag({ kind: 'putTag', entityId, userId, tag }, { entity, user }, context)
  }
  const patch = patchFor(found)
  if (patch === undefined) {
    return refuse(
      'suggestion.not_settable',
      'Summary, language and people are set by AI alone: reject them, or ask for a new analysis (POST …:enrich).',
    )
  }
  return decidePatch({ kind: 'patch', entityId, ...patch }, entity, context)
}

/** A person does not want what AI proposed: it is never proposed again. */
export function decideRejectSuggestion(
  command: RejectSuggestion,
  entity: EntityState | undefined,
  context: DecisionContext,
): ChangeDecision {
  if (!isWritable(entity)) return entityRefusal(entity) as Refused
  const found = findSuggestion(entity, command)
  if ('outcome' in found) return found
  const { field, value, analysisId } = found
  const target = { id: command.entityId, aggregateType: 'entity', state: entity } as const
  return change(
    target,
    [{ type: 'entity.suggestion_rejected', delta: { field, value, analysisId } }],
    context,
  )
}

function findSuggestion({ suggestions }: EntityState, { field, value }: Decided): OpenSuggestion | Refused {
  const wanted = value === undefined ? undefined : normaliseProposal(field, value).value
  const open = suggestions.filter(
    (suggestion) =>
      suggestion.field === field &&
      (wanted === undefined || normaliseProposal(field, suggestion.value).value === wanted),
  )
  const [first] = open
  if (first === undefined) return refuse('suggestion.not_found', `No such suggestion is open for ${field}.`)
  return open.length === 1
    ? first
    : refuse('suggestion.ambiguous', `Several suggestions are open for ${field}: say which by its value.`)
}

/** What a person would send to set the value; undefined where a person cannot, or the value is none. */
function patchFor({ field, value }: OpenSuggestion): Omit<PatchEntity, 'kind' | 'entityId'> | undefined {
  switch (field) {
    case 'title':
      return { title: value }
    case 'type':
      return isOneOf<EntityType>(entityTypes, value) ? { type: value } : undefined
    case 'status':
      return isOneOf<TaskStatus>(taskStatuses, value) ? { task: { status: value } } : undefined
    case 'priority': {
      const priority = taskPriorities.find((candidate: TaskPriority) => String(candidate) === value)
      return priority === undefined ? undefined : { task: { priority } }
    }
    case 'due':
      return dueDate.safeParse(value).success ? { task: { due: value } } : undefined
    case 'summary':
    case 'language':
    case 'people':
    case 'tag':
      return undefined
    default:
      return assertNever(field)
  }
}

function isOneOf<Word extends string>(words: readonly Word[], word: string): word is Word {
  return (words as readonly string[]).includes(word)
}
