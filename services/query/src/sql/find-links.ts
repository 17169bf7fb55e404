import { type Client, query } from '@synap/postgres'
import { isLiving, lookUp } from './look-up.ts'

/** Where a link stands: in the extraction of an entity's content. */
export interface LinkPlace {
  entityId: string
  block: number
  position: number
}

export interface LinkRow {
  entity_id: string
  block: number
  position: number
  kind: string
  target: string
  heading: string | null
  /** At the other end: candidates, newest first, one more than are shown when there are more; or whose text it is. */
  items: { id: string; type: string; title: string | null; preview: string | null }[]
  /** A link in: somebody else is called so too. */
  shared: boolean
}

interface Page {
  after: LinkPlace | undefined
  limit: number
}

/** Candidates that a link out shows. */
const mostCandidates = 10

const itemOf = (row: string) =>
  `jsonb_build_object('id', ${row}.entity_id, 'type', ${row}.type, 'title', ${row}.title, 'preview', ${row}.preview)`

/** The extraction, of what an entity holds now, by the newest program. */
const currentProducer = (schema: string, entity: string) => `
  (select t.producer from ${schema}.own_entity_texts as t
   where t.entity_id = ${entity}.entity_id and t.content_sha256 = ${entity}.subject_sha256 and t.block = 0
   order by substring(t.producer from '@([0-9]{1,9})$')::int desc nulls last, t.producer desc limit 1)`

/** Live entities of the same user that a link names: by title, by the file they came from, by id. */
const candidates = (schema: string, most: number) => `
  select c.entity_id from (
    (select e.entity_id from ${schema}.entities as e
     where e.user_id = l.user_id and e.title_name = l.name and e.deleted_at is null
     order by e.entity_id desc limit ${most})
    union
    (select e.entity_id from ${schema}.entities as e
     where e.user_id = l.user_id and e.file_name = l.name and e.deleted_at is null
     order by e.entity_id desc limit ${most})
    union
    (select e.entity_id from ${schema}.entities as e
     where e.user_id = l.user_id and e.entity_id = l.target_id and e.deleted_at is null)
  ) as c order by c.entity_id desc limit ${most}`

/** What the text of an entity leads to, in the order of the text. */
export function listLinks(
  client: Client,
  schema: string,
  entityId: string,
  { after, limit }: Page,
): Promise<LinkRow[]> {
  return query<LinkRow>(client, {
    text: `
      select l.entity_id, l.block, l.position, l.kind, l.target, l.heading, coalesce(m.items, '[]') as items,
        false as shared
      from ${schema}.entities as s
      join ${schema}.entity_links as l on l.entity_id = s.entity_id and l.content_sha256 = s.subject_sha256
        and l.user_id = s.user_id and l.producer = ${currentProducer(schema, 's')}
      left join lateral (
        select jsonb_agg(${itemOf('e')} order by e.entity_id desc) as items
        from ${schema}.entities as e where e.entity_id in (${candidates(schema, mostCandidates + 1)})
      ) as m on true
      where s.entity_id = $1::uuid and s.deleted_at is null
        and ($2::int is null or (l.block, l.position) > ($2::int, $3::int))
      order by l.block, l.position limit $4::int`,
    values: [entityId, after?.block ?? null, after?.position ?? null, limit],
  })
}

/**
 * Links to what has a value in a column of `me`, in the order of the index on it. The values are taken by subqueries: with a
 * join the planner does not see that they are one, and sorts all links to an item of which a page is wanted.
 */
const linksBy = (schema: string, column: string, value: string, shared: string) => `
  (select l.entity_id, l.block, l.position, l.kind, l.target, l.heading, jsonb_build_array(${itemOf('s')}) as items,
     ${shared} as shared
   from ${schema}.entity_links as l
   ${lookUp(schema, 'entities', 's', `s.entity_id = l.entity_id and s.subject_sha256 = l.content_sha256 and ${isLiving('s')}`)}
   where l.user_id = (select user_id from me) and l.${column} = (select ${value} from me)
     and l.producer = ${currentProducer(schema, 's')}
     and ($2::uuid is null or (l.entity_id, l.block, l.position) < ($2::uuid, $3::int, $4::int))
   order by l.entity_id desc, l.block desc, l.position desc limit $5::int)`

/** Who else goes by a name of `me`. */
const isShared = (schema: string, name: string) => `(
  exists (select from ${schema}.entities as o where o.user_id = me.user_id and o.title_name = ${name}
    and o.deleted_at is null and o.entity_id <> me.entity_id)
  or exists (select from ${schema}.entities as o where o.user_id = me.user_id and o.file_name = ${name}
    and o.deleted_at is null and o.entity_id <> me.entity_id))`

/** Whose text leads to an entity: the newest item first, each by the index of one way to name it. */
export function listBacklinks(
  client: Client,
  schema: string,
  entityId: string,
  { after, limit }: Page,
): Promise<LinkRow[]> {
  return query<LinkRow>(client, {
    text: `
      with me as materialized (
        select e.entity_id, e.user_id, e.title_name, nullif(e.file_name, e.title_name) as file_name
        from ${schema}.entities as e where e.entity_id = $1::uuid and e.deleted_at is null
      ), shared as materialized (
        select ${isShared(schema, 'me.title_name')} as title, ${isShared(schema, 'me.file_name')} as file from me
      )
      select * from (
        ${linksBy(schema, 'name', 'title_name', '(select title from shared)')}
        union all
        ${linksBy(schema, 'name', 'file_name', '(select file from shared)')}
        union all
        ${linksBy(schema, 'target_id', 'entity_id', 'false')}
      ) as found
      order by entity_id desc, block desc, position desc limit $5::int`,
    values: [entityId, after?.entityId ?? null, after?.block ?? null, after?.position ?? null, limit],
  })
}

/** A link out is ambiguous when it has several candidates, a link in when somebody else is called so too. */
export function resolutionOf({ items, shared }: LinkRow): 'resolved' | 'ambiguous' | 'unresolved' {
  if (items.length === 0) return 'unresolved'
  return items.length > 1 || shared ? 'ambiguous' : 'resolved'
}

export const shownItems = ({ items }: LinkRow): LinkRow['items'] => items.slice(0, mostCandidates)
