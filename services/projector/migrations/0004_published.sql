-- What the projector publishes: tables under row security, and functions with the user's filter inside.

do $$
declare
  name text;
begin
  foreach name in array array['entities', 'task_details', 'tags', 'entity_tags', 'relations', 'user_settings',
    'entity_texts', 'entity_vectors', 'user_models', 'entity_lexemes', 'purged', 'user_positions', 'parked']
  loop
    execute format('alter table read_v1.%I enable row level security', name);
    execute format('create policy own_rows on read_v1.%I using '
      || '(user_id = nullif(current_setting(''synap.user_id'', true), '''')::uuid)', name);
  end loop;
end
$$;

grant usage on schema read_v1, read_meta to synap_query;
grant select on read_meta.read_active to synap_query;
grant select on read_v1.entities, read_v1.task_details, read_v1.tags, read_v1.entity_tags, read_v1.relations,
  read_v1.user_settings, read_v1.entity_texts, read_v1.entity_vectors, read_v1.user_models, read_v1.entity_lexemes
  to synap_query;

-- The documents of the user that match a question, ranked. `@@` is not leakproof, so under row security the index on
-- words could never serve it; here the filter on the user stands inside. Of very many matches the newest (ids are
-- UUIDv7) are ranked. Materialized, or the planner walks the primary key from its end to save the sort.
create function read_v1.match_text(question tsquery, cap integer) returns table (entity_id uuid, rank real)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with matches as materialized (
    select documents.entity_id
    from read_v1.entity_lexemes as documents
    where documents.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
      and documents.lexemes @@ question
  ), newest as materialized (
    select matches.entity_id from matches order by matches.entity_id desc limit least(greatest(cap, 0), 5000)
  )
  select newest.entity_id, ts_rank_cd('{0.1, 0.2, 0.6, 1.0}', documents.lexemes, question, 1)
  from newest join read_v1.entity_lexemes as documents using (entity_id)
$$;

-- One row, always, for the user of the transaction: what the read model knows about an entity and its derived data.
create function read_v1.item_status(entity uuid) returns table (
  version integer, projected_at timestamptz, text_indexed_at timestamptz, vectors integer, vectors_at timestamptz,
  parked integer, content_sha256 text
)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select e.version, e.projected_at, t.indexed_at, coalesce(v.vectors, 0)::integer, v.indexed_at, p.parked::integer,
    e.subject_sha256
  from (select nullif(current_setting('synap.user_id', true), '')::uuid as id) as me
  left join read_v1.entities as e on e.entity_id = item_status.entity and e.user_id = me.id
  left join lateral (
    select max(texts.indexed_at) as indexed_at from read_v1.entity_texts as texts
    where texts.entity_id = e.entity_id and texts.content_sha256 = e.subject_sha256 and texts.user_id = me.id
  ) as t on true
  left join lateral (
    select count(*) as vectors, max(vectors.indexed_at) as indexed_at from read_v1.entity_vectors as vectors
    where vectors.entity_id = e.entity_id and vectors.content_sha256 = e.subject_sha256 and vectors.user_id = me.id
  ) as v on true
  left join lateral (
    select count(*) as parked from read_v1.parked
    where parked.user_id = me.id and parked.aggregate_id = item_status.entity and parked.slot
      and parked.state in ('open', 'retry')
  ) as p on true
$$;

-- The sequences of the transaction's user that are accounted for but not applied, and what they are about.
create function read_v1.parked_of_user() returns table (sequence bigint, aggregate_id uuid, reason text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select parked.sequence, parked.aggregate_id, parked.reason from read_v1.parked
  where parked.user_id = nullif(current_setting('synap.user_id', true), '')::uuid and parked.slot
    and parked.state in ('open', 'retry')
  order by parked.sequence
$$;

revoke all on all functions in schema read_v1 from public;
grant execute on function read_v1.text_config(text), read_v1.to_lexemes(text, text, "char"),
  read_v1.to_question(text, text[]), read_v1.match_text(tsquery, integer), read_v1.item_status(uuid),
  read_v1.parked_of_user(), read_v1.positions_of(uuid[])
  to synap_query;
