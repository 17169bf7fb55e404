-- As 0020: what each status asks, by plans that a connection keeps.
--
-- They are for all users, and may be made for one who has nothing. So what is found by its own id is compared with the user by
-- `is not distinct from`, which no index answers: the index of users looks as good then, and another user has many.

create or replace function read_v1.item_status(entity uuid)
returns table (
  version integer, projected_at timestamptz, text_indexed_at timestamptz, vectors integer, vectors_at timestamptz,
  parked integer, content_sha256 text
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select e.version, e.projected_at, t.indexed_at, coalesce(v.vectors, 0)::integer, v.indexed_at, p.parked::integer,
      e.subject_sha256
    from (select nullif(current_setting('synap.user_id', true), '')::uuid as id) as me
    left join read_v1.entities as e on e.entity_id = item_status.entity and e.user_id is not distinct from me.id
    left join lateral (
      select max(texts.indexed_at) as indexed_at from read_v1.entity_texts as texts
      where texts.entity_id = e.entity_id and texts.content_sha256 = e.subject_sha256 and texts.user_id = me.id
    ) as t on true
    left join lateral (
      select count(*) as vectors, max(vectors.indexed_at) as indexed_at from read_v1.entity_vectors as vectors
      where vectors.entity_id = e.entity_id and vectors.content_sha256 = e.subject_sha256
        and vectors.user_id is not distinct from me.id
    ) as v on true
    left join lateral (
      select count(*) as parked from read_v1.parked
      where parked.user_id = me.id and parked.aggregate_id = item_status.entity and parked.slot
        and parked.state in ('open', 'retry')
    ) as p on true;
end
$$;
