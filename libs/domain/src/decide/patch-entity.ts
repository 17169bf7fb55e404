import {
  type EntityType,
  type JsonObject,
  metadataObjectProblem,
  type TaskPriority,
  type TaskStatus,
} from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { newTask } from '../entity/task.ts'
import type { Fact } from '../event.ts'
import { applyMergePatch, inverseMergePatch, sameJson } from '../merge-patch.ts'
import type { EntityState, TaskState } from '../state.ts'
import { type ChangeDecision, change, type DecisionContext } from './decision.ts'
import { type Refused, refuse } from './refusal.ts'
import { entityRefusal, isWritable } from './writable.ts'

export interface PatchEntity {
  readonly kind: 'patch'
  readonly entityId: EntityId
  /** Left out: as it is. Null: none. */
  readonly title?: string | null | undefined
  readonly type?: EntityType | undefined
  readonly task?:
    | {
        readonly status?: TaskStatus | undefined
        readonly priority?: TaskPriority | undefined
        readonly due?: string | null | undefined
      }
    | undefined
  /** JSON merge patch (RFC 7396): null removes a key. */
  readonly metadata?: JsonObject | undefined
}

/** Changes what it names and says only what differs: one event for each thing that is another one afterwards. */
export function decidePatch(
  command: PatchEntity,
  state: EntityState | undefined,
  context: DecisionContext,
): ChangeDecision {
  if (!isWritable(state)) return entityRefusal(state) as Refused
  const refusal = refusalOf(command, state)
  if (refusal !== undefined) return refusal
  const facts = [
    ...typeFacts(state, command.type),
    ...titleFacts(state, command.title),
    ...(command.task === undefined ? [] : taskFacts(taskOf(state), command.task)),
    ...metadataFacts(state, command.metadata),
  ]
  return change({ id: command.entityId, aggregateType: 'entity', state }, facts, context)
}

function refusalOf({ title, type, task, metadata }: PatchEntity, state: EntityState): Refused | undefined {
  if (title === null && state.content === null) {
    return refuse('entity.empty', 'An entity without content needs a title: delete it instead.')
  }
  if (task !== undefined && Object.keys(task).length > 0 && (type ?? state.type) !== 'task') {
    return refuse(
      'entity.not_a_task',
      'Only a task has particulars of a task: send "type": "task" with them.',
    )
  }
  return metadata === undefined ? undefined : metadataRefusal(applyMergePatch(state.metadata, metadata))
}

export function metadataRefusal(metadata: JsonObject): Refused | undefined {
  const problem = metadataObjectProblem(metadata)
  return problem === undefined
    ? undefined
    : refuse('entity.metadata_invalid', `The metadata as a whole ${problem}: remove something from it.`)
}

/** The task as it is, or as it would be if the entity became one. */
export function taskOf({ task, formerTask }: Pick<EntityState, 'task' | 'formerTask'>): TaskState {
  return task ?? formerTask ?? newTask
}

export function typeFacts(state: EntityState, type: EntityType | undefined): Fact[] {
  if (type === undefined || type === state.type) return []
  return [{ type: 'entity.type_changed', delta: { type, oldType: state.type } }]
}

export function titleFacts(state: EntityState, title: string | null | undefined): Fact[] {
  if (title === undefined || title === state.title) return []
  return [{ type: 'entity.title_changed', delta: { title, oldTitle: state.title } }]
}

/** What leads from one state of a task to another; done is told by an event of its own. */
export function taskFacts(
  old: TaskState,
  { status, priority, due }: NonNullable<PatchEntity['task']>,
): Fact[] {
  const facts: Fact[] = []
  if (due !== undefined && due !== old.due) {
    facts.push({ type: 'task.due_date_set', delta: { due, oldDue: old.due } })
  }
  if (priority !== undefined && priority !== old.priority) {
    facts.push({ type: 'task.priority_set', delta: { priority, oldPriority: old.priority } })
  }
  if (status !== undefined && status !== old.status) facts.push(statusFact(old.status, status))
  return facts
}

function statusFact(oldStatus: TaskStatus, status: TaskStatus): Fact {
  return status === 'done'
    ? { type: 'task.completed', delta: { oldStatus } }
    : { type: 'task.status_changed', delta: { status, oldStatus } }
}

export function metadataFacts(state: EntityState, patch: JsonObject | undefined): Fact[] {
  if (patch === undefined || sameJson(applyMergePatch(state.metadata, patch), state.metadata)) return []
  const inverse = inverseMergePatch(state.metadata, patch)
  return [
    { type: 'entity.updated', delta: { patch: JSON.stringify(patch), inverse: JSON.stringify(inverse) } },
  ]
}
