import type { KindInput, TaskPriority, TaskStatus } from '@synap/contracts'
import type { EventId } from '@synap/core'
import type { Fact } from '../event.ts'
import type { EntityState } from '../state.ts'
import type { Kind } from './kind.ts'

export interface TaskState {
  readonly status: TaskStatus
  readonly priority: TaskPriority
  /** A day in the user's time zone, or an instant. */
  readonly due: string | null
  /** The event that completed it: set exactly while the status is done. */
  readonly completedBy: EventId | null
  readonly completedAt: number | null
}

const newTask: TaskState = { status: 'todo', priority: 0, due: null, completedBy: null, completedAt: null }

export const task: Kind<'task', TaskState> = {
  initial: newTask,
  set: taskFacts,
  events: {
    'task.status_changed': {
      change: (own, { id, occurredAt, delta }) => ({ ...own, ...statusChange(delta.status, id, occurredAt) }),
      undo: ({ oldStatus }, own) => taskFacts(own, { status: oldStatus }),
      touches: [['status']],
      decides: 'status',
    },
    'task.completed': {
      change: (own, { id, occurredAt }) => ({ ...own, ...statusChange('done', id, occurredAt) }),
      undo: ({ oldStatus }, own) => taskFacts(own, { status: oldStatus }),
      touches: [['status']],
      decides: 'status',
    },
    'task.due_date_set': {
      change: (own, { delta }) => ({ ...own, due: delta.due }),
      undo: ({ oldDue }, own) => taskFacts(own, { due: oldDue }),
      touches: [['due']],
      decides: 'due',
    },
    'task.priority_set': {
      change: (own, { delta }) => ({ ...own, priority: delta.priority }),
      undo: ({ oldPriority }, own) => taskFacts(own, { priority: oldPriority }),
      touches: [['priority']],
      decides: 'priority',
    },
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
function taskFacts(old: TaskState, { status, priority, due }: KindInput<'task'>): Fact[] {
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
