import type { AggregateId, TagId, UserId } from '@synap/core'
import { currentTag, type TagState, type UserState } from '@synap/domain'
import { findEvents } from '@synap/event-log'
import type { Client } from '@synap/postgres'

/** One tag put in the place of another. */
export interface PastMerge {
  tagId: TagId
  intoId: TagId
}

/** What all of a user's tags had become at a moment. */
export interface PastTags {
  /** What they were called, and which were one. */
  user: UserState | undefined
  /** In the order in which it happened: of two tags that became one, it decides whose provenance stayed. */
  merges: readonly PastMerge[]
}

const mergesPerPage = 500

/** The merges up to a moment, for a user who has made any. */
export async function findPastMerges(
  client: Client,
  userId: UserId,
  user: UserState | undefined,
  moment: number,
): Promise<PastMerge[]> {
  const merges: PastMerge[] = []
  if (!Object.values(user?.tags ?? {}).some(({ mergedInto }) => mergedInto !== null)) return merges
  const filter = { aggregateId: userId as AggregateId, types: ['tag.merged'] }
  for (let above = 0; ; ) {
    const page = { order: 'oldest', above, below: moment + 1, limit: mergesPerPage } as const
    const found = await findEvents(client, filter, page)
    for (const { delta, sequence } of found) {
      merges.push({ tagId: delta['tagId'] as TagId, intoId: delta['intoId'] as TagId })
      above = sequence
    }
    if (found.length < mergesPerPage) return merges
  }
}

/** An item's tags as they were, by name: those that had become one are one, the one that stayed where both were on the item. */
export function pastTagsOf(
  tags: readonly TagState[],
  { user, merges }: PastTags,
): Pick<TagState, 'id' | 'name' | 'provenance'>[] {
  const byId = new Map(tags.map((tag) => [tag.id, tag]))
  for (const { tagId, intoId } of merges) {
    const moved = byId.get(tagId)
    if (moved === undefined || tagId === intoId) continue
    byId.delete(tagId)
    if (!byId.has(intoId)) byId.set(intoId, { ...moved, id: intoId })
  }
  return [...byId.values()]
    .map((tag) => ({ ...currentTag(user, tag), provenance: tag.provenance }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
