import { type SynapEvent } from '@synap/contracts'
import { type TagId, type UserId, uuidv5, uuidv7 } from '@synap/core'
import { normaliseTagName } from '@synap/domain'
import type { AppendTag } from './sql/append.ts'

/**
 * Tag ids for one request. A tag that was never renamed has the id that its name gives, so the first guess is right and
 * an append needs no question before it; where it is wrong, the append says so and the request decides again.
 */
export interface TagIds {
  idOf(name: string): TagId
  learn(tags: readonly { normalized: string; id: TagId | null }[]): void
}

export function createTagIds(userId: UserId): TagIds {
  const learned = new Map<string, TagId>()
  return {
    idOf: (name) => {
      const normalized = normaliseTagName(name)
      return learned.get(normalized) ?? (uuidv5(userId, `tag:${normalized}`) as TagId)
    },
    learn: (tags) => {
      // Null: the id that the name gives belongs to a tag that was renamed away from it.
      for (const { normalized, id } of tags) learned.set(normalized, id ?? (uuidv7() as TagId))
    },
  }
}

/** The tags that these events put somewhere, each once. */
export function tagsIn(events: readonly Pick<SynapEvent, 'type' | 'delta'>[]): AppendTag[] {
  const tags = new Map<TagId, AppendTag>()
  const add = (id: TagId, name: string) => tags.set(id, { id, name, normalized: normaliseTagName(name) })
  for (const event of events as readonly SynapEvent[]) {
    if (event.type === 'entity.tag_added') add(event.delta.tagId, event.delta.name)
    if (event.type === 'ai.enrichment_applied') {
      for (const { tagId, name } of event.delta.tagsAdded) add(tagId, name)
    }
  }
  return [...tags.values()]
}
