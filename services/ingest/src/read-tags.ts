import type { TagId, UserId } from '@synap/core'
import { normaliseTagName, type RegisteredTag } from '@synap/domain'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { findTags } from './sql/find-tags.ts'
import { createTagIds, givenId } from './tag-ids.ts'

export interface WantedTags {
  names?: readonly string[]
  ids?: readonly TagId[]
}

/** What a user's tags have of those that were asked for. */
export interface KnownTags {
  /** The id of the tag that has this name, or that it will have. */
  readonly idOf: (name: string) => TagId
  /** The tag that has this name by now. */
  readonly holderOf: (name: string) => RegisteredTag | undefined
  readonly tagOf: (id: TagId) => RegisteredTag | undefined
}

/** Without a lock: the append checks what is decided on them. */
export async function readTags(
  pool: Pool,
  userId: UserId,
  { names = [], ids = [] }: WantedTags,
): Promise<KnownTags> {
  const normalized = names.map(normaliseTagName)
  const given = normalized.map((name) => givenId(userId, name))
  const rows =
    names.length + ids.length === 0
      ? []
      : await inTransaction(
          pool,
          (client) => findTags(client, userId, { names: normalized, ids: [...ids, ...given] }),
          { readOnly: true },
        )
  const byName = new Map(rows.map((row) => [row.normalized, { id: row.tag_id, name: row.name }]))
  const byId = new Map(rows.map((row) => [row.tag_id, { id: row.tag_id, name: row.name }]))
  const tagIds = createTagIds(userId)
  tagIds.learn(
    normalized
      .filter((name) => byName.has(name) || byId.has(givenId(userId, name)))
      .map((name) => ({ normalized: name, id: byName.get(name)?.id ?? null })),
  )
  return {
    idOf: (name) => tagIds.idOf(name),
    holderOf: (name) => byName.get(normaliseTagName(name)),
    tagOf: (id) => byId.get(id),
  }
}
