import type { LikenessCandidate, Neighbour } from '@synap/ai'
import type { EntityId, TagId, UserId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'

/** Items of a user that are looked at, the newest: bounds the work for whoever has very many. */
const mostItems = 5_000
/** Of these, the ones that share most. */
const mostCandidates = 500

/** Keeps what an item dwells on now, for those that come later. */
export async function upsertSignature(
  client: Client,
  { entityId, userId }: { entityId: EntityId; userId: UserId },
  terms: readonly number[],
): Promise<void> {
  await execute(client, {
    name: 'enrich.upsert_signature',
    text: `insert into enrich.signatures (entity_id, user_id, terms) values ($1::uuid, $2::uuid, $3::int[])
           on conflict (entity_id) do update set terms = excluded.terms where signatures.terms <> excluded.terms`,
    values: [entityId, userId, terms],
  })
}

/** Other items of the user that share terms with this one, and how many there are in all (of the newest 5,000). */
export async function findCandidates(
  client: Client,
  { entityId, userId }: { entityId: EntityId; userId: UserId },
  terms: readonly number[],
): Promise<{ candidates: LikenessCandidate<EntityId, number>[]; items: number }> {
  const rows = await query<{ id: EntityId; shared: number[]; size: number; items: number }>(client, {
    name: 'enrich.find_like_items',
    text: `with newest as materialized (
             select entity_id, terms from enrich.signatures
             where user_id = $1::uuid and entity_id <> $2::uuid order by entity_id desc limit $4::int)
           select entity_id as id, shared, cardinality(terms) as size, (select count(*) from newest) as items
           from (select entity_id, terms, array(select t from unnest(terms) t where t = any ($3::int[])) as shared
                 from newest where terms && $3::int[]) matched
           order by cardinality(shared) desc, entity_id desc limit $5::int`,
    values: [userId, entityId, terms, mostItems, mostCandidates],
  })
  return {
    candidates: rows.map(({ id, shared, size }) => ({ id, shared, size })),
    items: rows[0]?.items ?? 0,
  }
}

/** The first `most` of these items that have tags, with their names; items in the bin say nothing. */
export async function findNeighbours(
  client: Client,
  userId: UserId,
  likest: readonly { id: EntityId; likeness: number }[],
  most: number,
): Promise<Neighbour[]> {
  const rows = await query<{ id: EntityId; tags: string[] }>(client, {
    name: 'enrich.find_neighbours',
    text: `select i.entity_id as id, array_agg(t.name order by t.name) as tags
           from enrich.entity_tags i join enrich.tags t using (user_id, tag_id)
             join enrich.entities e on e.entity_id = i.entity_id and not e.deleted
           where i.user_id = $1::uuid and i.entity_id = any ($2::uuid[]) group by i.entity_id`,
    values: [userId, likest.map(({ id }) => id)],
  })
  const tags = new Map(rows.map((row) => [row.id, row.tags]))
  return likest
    .flatMap(({ id, likeness }) => {
      const own = tags.get(id)
      return own === undefined ? [] : [{ likeness, tags: own }]
    })
    .slice(0, most)
}

export interface ItemTag {
  userId: UserId
  entityId: EntityId
  tagId: TagId
}

export async function insertEntityTag(client: Client, { userId, entityId, tagId }: ItemTag): Promise<void> {
  await execute(client, {
    name: 'enrich.insert_entity_tag',
    text: `insert into enrich.entity_tags (entity_id, tag_id, user_id) values ($1::uuid, $2::uuid, $3::uuid)
           on conflict do nothing`,
    values: [entityId, tagId, userId],
  })
}

export async function deleteEntityTag(client: Client, { entityId, tagId }: ItemTag): Promise<void> {
  await execute(client, {
    name: 'enrich.delete_entity_tag',
    text: 'delete from enrich.entity_tags where entity_id = $1::uuid and tag_id = $2::uuid',
    values: [entityId, tagId],
  })
}

/** Items with the one tag have the other from now on. */
export async function mergeEntityTags(
  client: Client,
  userId: UserId,
  tagId: TagId,
  intoId: TagId,
): Promise<void> {
  await execute(client, {
    name: 'enrich.merge_entity_tags',
    text: `with moved as (delete from enrich.entity_tags where user_id = $1::uuid and tag_id = $2::uuid
             returning entity_id)
           insert into enrich.entity_tags (entity_id, tag_id, user_id)
           select entity_id, $3::uuid, $1::uuid from moved on conflict do nothing`,
    values: [userId, tagId, intoId],
  })
}
