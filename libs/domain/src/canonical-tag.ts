import type { TagId } from '@synap/core'
import type { UserState } from './state.ts'

type Tags = UserState['tags']

/** What a tag is by now: merging leaves the old id behind on entities and in events. */
export function canonicalTagId(user: Pick<UserState, 'tags'> | undefined, id: TagId): TagId {
  const tags: Tags = user?.tags ?? {}
  const seen = new Set<TagId>()
  let current = id
  while (!seen.has(current)) {
    seen.add(current)
    const next = Object.hasOwn(tags, current) ? tags[current]?.mergedInto : null
    if (next === null || next === undefined) return current
    current = next
  }
  return current
}

/** The tag as it is by now, under the name it was given last; `tag` itself for one that was never touched. */
export function currentTag(
  user: Pick<UserState, 'tags'> | undefined,
  tag: { readonly id: TagId; readonly name: string },
): { readonly id: TagId; readonly name: string } {
  const id = canonicalTagId(user, tag.id)
  const entry = user !== undefined && Object.hasOwn(user.tags, id) ? user.tags[id] : undefined
  return { id, name: entry?.name ?? tag.name }
}
