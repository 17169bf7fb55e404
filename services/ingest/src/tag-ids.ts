import type { SynapEvent } from '@synap/contracts'
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
  /** True once a guess was wrong: what has become of the tags decides, so the user has to be read with them. */
  readonly isContested: boolean
}

export function createTagIds(userId: UserId): TagIds {
  const learned = new Map<string, TagId>()
  let isContested = false
  return {
    idOf: (name) => {
      const normalized = normaliseTagName(name)
      return learned.get(normalized) ?? givenId(userId, normalized)
    },
    learn: (tags) => {
      isContested = true
      // Null: the id that the name gives belongs to a tag that was renamed away from it.
      for (const { normalized, id } of tags) learned.set(normalized, id ?? (uuidv7() as TagId))
    },
    get isContested() {
      return isContested
    },
  }
}

/** The id of a tag that was made under this name. */
export function givenId(userId: UserId, normalized: string): TagId {
  return uuidv5(userId, `tag:${normalized}`) as TagId
}

/** What these events do to the user's tags: each that they put somewhere once, then new names and mergers. */
export function tagsIn(events: readonly Pick<SynapEvent, 'type' | 'delta'>[]): AppendTag[] {
  const tags = new Map<TagId, AppendTag>()
  const changes: AppendTag[] = []
  const named = (id: TagId, name: string) => ({ id, name, normalized: normaliseTagName(name) })
  for (const event of events as readonly SynapEvent[]) {
    switch (event.type) {
      case 'entity.tag_added':
        tags.set(event.delta.tagId, named(event.delta.tagId, event.delta.name))
        break
      case 'ai.enrichment_applied':
        for (const { tagId, name } of event.delta.tagsAdded) tags.set(tagId, named(tagId, name))
        break
      case 'tag.renamed':
        changes.push({ ...named(event.delta.tagId, event.delta.name), renamed: true })
        break
      case 'tag.merged':
        changes.push({ ...named(event.delta.tagId, event.delta.name), merged_into: event.delta.intoId })
        break
      default:
        break
    }
  }
  return [...tags.values(), ...changes]
}
