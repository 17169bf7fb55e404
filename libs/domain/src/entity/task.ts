import type { EntityType } from '@synap/contracts'
import type { EntityState, TaskState } from '../state.ts'

/** What a task is before anybody says more. */
export const newTask: TaskState = {
  status: 'todo',
  priority: 0,
  due: null,
  completedBy: null,
  completedAt: null,
}

type Kind = Pick<EntityState, 'type' | 'task' | 'formerTask'>

/** A task that stops being one keeps its particulars apart, so that it can become the same task again. */
export function withType({ task, formerTask }: Kind, type: EntityType): Kind {
  if (type === 'task') return { type, task: task ?? formerTask ?? newTask, formerTask: null }
  return { type, task: null, formerTask: task ?? formerTask }
}

/** Changes the particulars of a task, also of one that is something else just now. */
export function withTask({ type, task, formerTask }: Kind, change: Partial<TaskState>): Kind {
  return type === 'task'
    ? { type, task: { ...(task ?? newTask), ...change }, formerTask }
    : { type, task, formerTask: { ...(formerTask ?? newTask), ...change } }
}
