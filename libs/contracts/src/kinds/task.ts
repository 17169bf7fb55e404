import { z } from 'zod'
import { intOf, nullable, textAs, vocabulary } from '../event/field.ts'
import { dueDate } from '../text.ts'
import { taskPriorities, taskStatuses } from '../vocabularies.ts'
import { defineKind } from './kind.ts'

const due = (doc: string) => nullable(textAs(doc, dueDate))

export const task = defineKind({
  events: {
    'task.status_changed': {
      aggregate: 'entity',
      doc: 'A task moved to a status other than done.',
      text: 'short',
      fields: {
        status: vocabulary('todo, in_progress or cancelled (done is told by task.completed).', taskStatuses),
        oldStatus: vocabulary('The status before.', taskStatuses),
      },
    },
    'task.completed': {
      aggregate: 'entity',
      doc: 'A task is done, at the time of the event.',
      text: 'short',
      fields: { oldStatus: vocabulary('The status before.', taskStatuses) },
    },
    'task.due_date_set': {
      aggregate: 'entity',
      doc: 'A task has another due date, or none.',
      text: 'short',
      fields: {
        due: due("A day in the user's time zone (2026-11-22) or an instant (2026-11-22T17:00:00Z)."),
        oldDue: due('The due date before.'),
      },
    },
    'task.priority_set': {
      aggregate: 'entity',
      doc: 'A task has another priority.',
      text: 'none',
      fields: {
        priority: intOf('0 (none) to 3 (highest).', taskPriorities),
        oldPriority: intOf('The priority before.', taskPriorities),
      },
    },
  },
  samples: {
    'task.status_changed': { status: 'in_progress', oldStatus: 'todo' },
    'task.completed': { oldStatus: 'in_progress' },
    'task.due_date_set': { due: '2026-11-22', oldDue: null },
    'task.priority_set': { priority: 3, oldPriority: 0 },
  },
  input: z
    .strictObject({
      status: z.enum(taskStatuses).optional(),
      priority: z.literal([...taskPriorities]).optional(),
      due: dueDate.nullable().optional().meta({ description: 'A day or an instant; null for none.' }),
    })
    .meta({ id: 'TaskInput', description: 'Particulars of a task.' }),
})
