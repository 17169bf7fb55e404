import type { SearchQuery } from '@synap/contracts'
import type { CommonFilter } from './sql/list-entities.ts'

type Parameters = Pick<
  SearchQuery,
  | 'type'
  | 'tag'
  | 'any_tag'
  | 'status'
  | 'due_before'
  | 'due_after'
  | 'created_before'
  | 'created_after'
  | 'updated_before'
  | 'updated_after'
>

/** What lists and search are narrowed by alike. */
export function commonFilterOf(query: Parameters): CommonFilter {
  const instant = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text))
  return {
    types: query.type,
    tags: query.tag,
    anyTags: query.any_tag,
    statuses: query.status,
    dueBefore: query.due_before,
    dueAfter: query.due_after,
    createdBefore: instant(query.created_before),
    createdAfter: instant(query.created_after),
    updatedBefore: instant(query.updated_before),
    updatedAfter: instant(query.updated_after),
  }
}
