import type { EntityView } from '@synap/contracts'
import { comparableTag } from './sql/find-entities.ts'
import type { EntityFilter } from './sql/list-entities.ts'

/** What can be asked of the past: everything but words and relations. */
export type PastFilter = Omit<EntityFilter, 'text' | 'relatedTo' | 'relation'>

/** Whether an entity is in a list, by the rules of the read model's SQL. */
export function fits(view: EntityView, filter: PastFilter): boolean {
  const { types, statuses } = filter
  const task = view.type === 'task' ? view.task : null
  return (
    (types === undefined || types.includes(view.type)) &&
    hasTags(view, filter) &&
    (statuses === undefined || (task !== null && statuses.includes(task.status))) &&
    isBetween(task?.due?.slice(0, 10), filter.dueAfter, filter.dueBefore) &&
    isBetween(Date.parse(view.createdAt), filter.createdAfter, filter.createdBefore) &&
    isBetween(Date.parse(view.updatedAt), filter.updatedAfter, filter.updatedBefore)
  )
}

function hasTags({ tags }: EntityView, { tags: all = [], anyTags }: PastFilter): boolean {
  const names = new Set(tags.map(({ name }) => comparableTag(name)))
  return (
    all.every((name) => names.has(comparableTag(name))) &&
    (anyTags === undefined || anyTags.some((name) => names.has(comparableTag(name))))
  )
}

/** Neither end is included; without a value nothing lies between two ends. */
function isBetween<T extends string | number>(
  value: T | undefined | null,
  after: T | undefined,
  before: T | undefined,
): boolean {
  if (after === undefined && before === undefined) return true
  if (value === undefined || value === null) return false
  return (after === undefined || value > after) && (before === undefined || value < before)
}
