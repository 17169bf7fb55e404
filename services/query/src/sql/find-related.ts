import { type Client, query } from '@synap/postgres'

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
      select v.model from ${schema}.entities as e
      join ${schema}.entity_vectors as v on v.entity_id = e.entity_id and v.content_sha256 = e.subject_sha256
      left join ${schema}.chosen_models as c on c.user_id = e.user_id
      where e.entity_id = $1::uuid and e.deleted_at is null and v.model = coalesce(c.model, v.model)
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
    name: `${schema}.find_related`,
    text: `
      with me as materialized (
        select public.avg(v.embedding) as middle from ${schema}.entities as e
        join ${schema}.entity_vectors as v on v.entity_id = e.entity_id and v.content_sha256 = e.subject_sha256
        where e.entity_id = $1::uuid and e.deleted_at is null and v.model = $2::text
      ), nearest as materialized (
        select v.entity_id, min(v.embedding operator(public.<=>) (select middle from me)) as distance
        from ${schema}.entity_vectors as v
        join ${schema}.entities as o on o.entity_id = v.entity_id and o.subject_sha256 = v.content_sha256
          and o.deleted_at is null
        where v.model = $2::text and v.entity_id <> $1::uuid
        group by v.entity_id order by distance, v.entity_id limit $3::int
      )
      select e.entity_id as id, e.type, e.title, e.preview, n.distance
      from nearest as n join ${schema}.entities as e using (entity_id) order by n.distance, e.entity_id`,
    values: [entityId, model, limit],
  })
}
