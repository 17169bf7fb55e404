import type { TaskPriority, TaskStatus } from '@synap/contracts'
import type { EventId } from '@synap/core'
import { type Refused, refuse } from '../decide/refusal.ts'
import { setBy } from '../entity/author.ts'
import { settle } from '../entity/suggestions.ts'
import type { Fact, FoldEventOf } from '../event.ts'
import type { EntityState } from '../state.ts'
import type { Change, Kind } from './kind.ts'

export interface TaskState {
  readonly status: TaskStatus
  readonly priority: TaskPriority
  /** A day in the user's time zone, or an instant. */
  readonly due: string | null
  /** The event that completed it: set exactly while the status is done. */
  readonly completedBy: EventId | null
  readonly completedAt: number | null
}

/** What of a task is set by hand; what is left out is as it is. */
export interface TaskChange {
  readonly status?: TaskStatus | undefined
  readonly priority?: TaskPriority | undefined
  readonly due?: string | null | undefined
}

type TaskEventType = 'task.status_changed' | 'task.completed' | 'task.due_date_set' | 'task.priority_set'

const newTask: TaskState = { status: 'todo', priority: 0, due: null, completedBy: null, completedAt: null }

export const taskKind: Kind<TaskEventType, TaskState> = {
  initial: newTask,
  changes: {
    'task.status_changed': (state, event) => changeStatus(state, event, event.delta.status),
    'task.completed': (state, event) => changeStatus(state, event, 'done'),
    'task.due_date_set': (state, event) => ({
      ...withTask(state, { due: event.delta.due }),
      suggestions: settle(state, 'due'),
      provenance: setBy(state, event, 'due'),
    }),
    'task.priority_set': (state, event) => ({
      ...withTask(state, { priority: event.delta.priority }),
      suggestions: settle(state, 'priority'),
      provenance: setBy(state, event, 'priority'),
    }),
  },
  undo: {
    'task.status_changed': ({ oldStatus }, state) => changedTask(state, { status: oldStatus }),
    'task.completed': ({ oldStatus }, state) => changedTask(state, { status: oldStatus }),
    'task.due_date_set': ({ oldDue }, state) => changedTask(state, { due: oldDue }),
    'task.priority_set': ({ oldPriority }, state) => changedTask(state, { priority: oldPriority }),
  },
  touches: {
    'task.status_changed': () => [['status']],
    'task.completed': () => [['status']],
    'task.due_date_set': () => [['due']],
    'task.priority_set': () => [['priority']],
  },
}

/** The task as it is, or as it would be if the entity became one. */
export function taskOf({ particulars }: Pick<EntityState, 'particulars'>): TaskState {
  return particulars.task ?? newTask
}

/** Changes the particulars of a task, also of one that is something else just now. */
export function withTask(
  state: Pick<EntityState, 'particulars'>,
  change: Partial<TaskState>,
): Pick<EntityState, 'particulars'> {
  return { particulars: { ...state.particulars, task: { ...taskOf(state), ...change } } }
}

/** Completed is the same as done: the one never changes without the other. */
export function statusChange(
  status: TaskStatus,
  eventId: EventId,
  occurredAt: number | null,
): Pick<TaskState, 'status' | 'completedBy' | 'completedAt'> {
  return status === 'done'
    ? { status, completedBy: eventId, completedAt: occurredAt }
    : { status, completedBy: null, completedAt: null }
}

/** What leads from one state of a task to another; done is told by an event of its own. */
export function taskFacts(old: TaskState, { status, priority, due }: TaskChange): Fact[] {
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

/** What puts a task back; refused on what is none. */
export function changedTask(state: EntityState, task: TaskChange): readonly Fact[] | Refused {
  return state.type === 'task'
    ? taskFacts(taskOf(state), task)
    : refuse('entity.not_a_task', 'It is no task any more: make it one again, then undo this.')
}

function statusFact(oldStatus: TaskStatus, status: TaskStatus): Fact {
  return status === 'done'
    ? { type: 'task.completed', delta: { oldStatus } }
    : { type: 'task.status_changed', delta: { status, oldStatus } }
}

function changeStatus(
  state: EntityState,
  event: FoldEventOf<'task.completed'> | FoldEventOf<'task.status_changed'>,
  status: TaskStatus,
): Change {
  return {
    ...withTask(state, statusChange(status, event.id, event.occurredAt)),
    suggestions: settle(state, 'status'),
    provenance: setBy(state, event, 'status'),
  }
}
