-- As 0016: what a status, a history, a state of the past and a stream ask, by plans that a connection keeps.
--
-- They are for all users, and may be made for one who has nothing. So a snapshot is compared with the user by `is not distinct
-- from`, which no index answers: the index of users looks as good then, and another user has many.

create or replace function log.item_status(p_entity uuid)
returns table (version integer, sequence bigint, logged_at timestamptz, parked integer)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select a.version, a.last_sequence, a.logged_at, w.parked
      from (select nullif(current_setting('synap.user_id', true), '')::uuid as user_id) me
      cross join lateral (
        select count(*)::int as parked from log.parked p
          where p.user_id = me.user_id and p.aggregate_id = p_entity and p.slot and p.state in ('open', 'retry')
      ) w
      left join log.aggregates a on a.aggregate_id = p_entity and a.user_id = me.user_id
      where a.aggregate_id is not null or w.parked > 0;
end
$$;

create or replace function log.aggregate_head(p_aggregate uuid)
returns table (
  aggregate_type text, version integer, first_sequence bigint, last_sequence bigint, first_at timestamptz,
  last_at timestamptz
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select a.aggregate_type, a.version, a.first_sequence, a.last_sequence, a.first_at, a.last_at
      from log.aggregates a
      where a.aggregate_id = p_aggregate and a.user_id = nullif(current_setting('synap.user_id', true), '')::uuid;
end
$$;

create or replace function log.snapshot_of(p_aggregate uuid, p_state_version integer, p_to integer, p_up_to bigint)
returns table (version integer, sequence bigint, state text, checksum text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select s.version, s.sequence, s.state, s.checksum from log.snapshots s
      where s.aggregate_id = p_aggregate and s.user_id is not distinct from nullif(current_setting('synap.user_id', true), '')::uuid
        and s.state_version = p_state_version and s.version <= coalesce(p_to, 2147483647)
        and s.sequence <= coalesce(p_up_to, 9223372036854775807)
      order by s.version desc limit 1;
end
$$;

create or replace function log.schemas_of(numbers integer[])
returns table (no integer, schema text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
    select s.no, s.schema from log.schemas s where s.no = any (numbers);
end
$$;

create or replace function log.settled_of(users uuid[])
returns table (user_id uuid, seen bigint, settled bigint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
    select p.user_id, p.seen,
           least(p.seen, (select min(k.sequence) - 1 from log.parked k
                            where k.user_id = p.user_id and k.slot and k.state in ('open', 'retry')))
      from log.user_positions p where p.user_id = any (users);
end
$$;
