import fc from 'fast-check'
import type { KindExample } from './kind-example.ts'

export const task: KindExample<'task'> = {
  input: fc.record(
    {
      status: fc.constantFrom('todo', 'in_progress', 'done', 'cancelled'),
      priority: fc.constantFrom(0, 1, 2, 3),
      due: fc.constantFrom('2026-11-22', '2026-11-22T17:00:00Z', null),
    },
    { requiredKeys: [] },
  ),
  leads: {
    'task.status_changed': (send) => send({ status: 'in_progress' }),
    'task.completed': (send) => send({ status: 'done' }),
    'task.due_date_set': (send) => send({ due: '2026-11-22' }),
    'task.priority_set': (send) => send({ priority: 3 }),
  },
}
