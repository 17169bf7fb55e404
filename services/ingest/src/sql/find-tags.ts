import type { TagId, UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

export interface TagRow {
  tag_id: TagId
  /** Null for a tag whose name belongs to the one it was merged into. */
  normalized: string | null
  name: string
}

/** The tags of a user that have one of these names (normalised) or ids. */
export function findTags(
  client: Client,
  userId: UserId,
  { names, ids }: { names: readonly string[]; ids: readonly TagId[] },
): Promise<TagRow[]> {
  return query(client, {
    name: 'write.find_tags',
    text: `
      select tag_id, normalized, name
        from write.tags
       where user_id = $1::uuid and (normalized = any ($2::text[]) or tag_id = any ($3::uuid[]))`,
    values: [userId, names, ids],
  })
}
