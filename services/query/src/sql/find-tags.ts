import { type Client, query } from '@synap/postgres'
import { isLiving, lookUp } from './look-up.ts'

export interface TagRow {
  tag_id: string
  name: string
  color: string | null
  count: number
  /** What the order is by. */
  sort_name: string
}

/** By name, whatever the case; after (name, id) when one is given. */
export function listTags(
  client: Client,
  schema: string,
  { prefix }: { prefix: string | undefined },
  page: { after: readonly [name: string, id: string] | undefined; limit: number },
): Promise<TagRow[]> {
  const [name = null, id = null] = page.after ?? []
  return query<TagRow>(client, {
    text: `
      select t.tag_id, t.name, t.color, lower(t.name) as sort_name, (
          select count(*) from ${schema}.entity_tags as et
          ${lookUp(schema, 'entities', 'e', `e.entity_id = et.entity_id and ${isLiving('e')}`)}
          where et.tag_id = t.tag_id
        )::int as count
      from ${schema}.tags as t
      where ($1::text is null or starts_with(lower(t.name), $1::text))
        and ($2::text is null
          or (lower(t.name) collate "C", t.tag_id) > ($2::text collate "C", $3::uuid))
      order by lower(t.name) collate "C", t.tag_id
      limit $4::int`,
    values: [prefix ?? null, name, id, page.limit],
  })
}
