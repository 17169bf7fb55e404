import { entityList, type TasksQuery, taskStatuses, tasksQuery } from '@synap/contracts'
import { type App, principalOf, requires } from '@synap/http'
import { answerRead } from '../answer-read.ts'
import { createKeyCursorCodec } from '../cursor.ts'
import { toEntityView } from '../entity-view.ts'
import { pageOf, positionOf } from '../page.ts'
import type { ReadModel } from '../read-model.ts'
import { listTasks, type TaskFilter, type TaskKey } from '../sql/list-tasks.ts'

const defaultLimit = 50

/** `GET /v1/tasks` */
export function registerListTasks(
  app: App,
  { readModel, cursorSecret }: { readModel: ReadModel; cursorSecret: string },
): void {
  const codec = createKeyCursorCodec<TaskKey>(cursorSecret, 'tasks')
  const schema = {
    summary: 'Tasks, what is due first first; those that are open unless another status is asked for',
    querystring: tasksQuery,
    response: { 200: entityList },
  }
  app.get('/v1/tasks', { schema, config: requires('read') }, async (request, reply) => {
    const { cursor, limit = defaultLimit } = request.query
    const filter = filterOf(request.query)
    const list = { codec, userId: principalOf(request).userId, filter: JSON.stringify(filter) }
    const after = positionOf(list, cursor)
    const rows = await answerRead(readModel, request, reply, ({ client, schema }) =>
      listTasks(client, schema, filter, { after, limit: limit + 1 }),
    )
    const { items, next } = pageOf(
      list,
      rows,
      limit,
      (last): TaskKey => [last.sort_day, last.sort_rank, last.entity_id],
      { reply, path: '/v1/tasks', query: request.query },
    )
    return { items: items.map(toEntityView), next }
  })
}

function filterOf({ status = 'open', tag, due_before, due_after }: TasksQuery): TaskFilter {
  return { statuses: statusesOf(status), tag, dueBefore: due_before, dueAfter: due_after }
}

function statusesOf(status: NonNullable<TasksQuery['status']>): readonly string[] {
  if (status === 'any') return taskStatuses
  return status === 'open' ? ['todo', 'in_progress'] : [status]
}
