import { currentTag, type EntityState, type UserState } from '@synap/domain'
import type { ExportTag } from './format.ts'

/** Counts the tags of the entities it is shown; `user` says what they are called now and which are one. */
export function createTagCounts(user: UserState | undefined) {
  const tags = new Map<string, ExportTag>()
  return {
    add(entity: EntityState): void {
      if (entity.purged) return
      const own = new Set<string>()
      for (const tag of entity.tags) {
        const { id, name } = currentTag(user, tag)
        const known = tags.get(id) ?? { id, name, color: user?.tags[id]?.color ?? null, items: 0 }
        if (!own.has(id) && !entity.deleted) known.items += 1
        own.add(id)
        tags.set(id, known)
      }
    },
    /** In the order of their ids. */
    all: (): ExportTag[] => [...tags.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  }
}
