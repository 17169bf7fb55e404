import { type Client, query } from '@synap/postgres'
import { isLiving, lookUp } from './look-up.ts'

export interface RelatedRow {
  id: string
  type: string
  title: string | null
  preview: string | null
  /** 0 to 2: 0 is the same direction. */
  distance: number
}

/**
 * The model by whose vectors the user is searched, else the one with most vectors of what an entity holds now; undefined
 * when there is none of it.
 */
export async function findModelOf(
  client: Client,
  schema: string,
  entityId: string,
): Promise<string | undefined> {
  const rows = await query<{ model: string }>(client, {
    name: `${schema}.find_model_of`,
    text: `
      select v.model from ${schema}.own_entities as e
      ${lookUp(schema, 'entity_vectors', 'v', 'v.entity_id = e.entity_id and v.content_sha256 = e.subject_sha256')}
      left join ${schema}.chosen_models as c on c.user_id = e.user_id
      where e.entity_id = $1::uuid and ${isLiving('e')} and v.model = coalesce(c.model, v.model)
      group by v.model order by count(*) desc, v.model limit 1`,
    values: [entityId],
  })
  return rows[0]?.model
}

/**
 * The entities of the user that are nearest to the middle of what an entity says, each by its nearest chunk. All vectors of
 * that model are compared, those of old content and of deleted entities left out; vectors of two models never are.
 */
export function findRelated(
  client: Client,
  schema: string,
  { entityId, model, limit }: { entityId: string; model: string; limit: number },
): Promise<RelatedRow[]> {
  return query<RelatedRow>(client, {
    text: `
      with me as materialized (
        select public.avg(v.embedding) as middle from ${schema}.entities as e
        join ${schema}.entity_vectors as v on v.entity_id = e.entity_id and v.content_sha256 = e.subject_sha256
        where e.entity_id = $1::uuid and e.deleted_at is null and v.model = $2::text
      ), nearest as materialized (
        select d.entity_id, d.distance from (
          select v.entity_id, v.content_sha256,
            min(v.embedding operator(public.<=>) (select middle from me)) as distance
          from ${schema}.entity_vectors as v where v.model = $2::text and v.entity_id <> $1::uuid
          group by v.entity_id, v.content_sha256 order by distance, v.entity_id
        ) as d
        ${lookUp(schema, 'entities', 'o', `o.entity_id = d.entity_id and o.subject_sha256 = d.content_sha256 and ${isLiving('o')}`)}
        order by d.distance, d.entity_id limit $3::int
      )
      select e.entity_id as id, e.type, e.title, e.preview, n.distance
      from nearest as n ${lookUp(schema, 'entities', 'e', 'e.entity_id = n.entity_id')} order by n.distance, e.entity_id`,
    values: [entityId, model, limit],
  })
}
