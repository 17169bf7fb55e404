-- What surrounds the two statements with kept plans took as long as they did, see docs/adr/0022.

-- As before, but for how the types of aggregates are found: looked up in one object, because a join forgets the order of
-- the sequences, and what has no order is sorted. In that order the index is read, row by row: a bitmap of it would be
-- sorted as well. `enable_nestloop` is no longer needed.
create or replace function log.find_events(
  p_types text[], p_aggregate uuid, p_correlation uuid, p_from timestamptz, p_to timestamptz, p_above bigint,
  p_below bigint, p_newest boolean, p_limit int
) returns setof log.event_rows
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
  set enable_bitmapscan = off
as $$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  lowest bigint := coalesce(p_above, 0) + 1;
  highest bigint;
  -- One part of the sequences after the other, as large as the page: a user's sequences have hardly a hole, so the first
  -- is nearly always enough, and no plan can read more rows than it.
  width bigint := greatest(p_limit, 50);
  room int := p_limit;
  found_now int;
begin
  if p_types is not null or p_aggregate is not null or p_correlation is not null
      or current_setting('plan_cache_mode') <> 'force_generic_plan' then
    return query select * from log.find_events_planned(
      p_types, p_aggregate, p_correlation, p_from, p_to, p_above, p_below, p_newest, p_limit);
    return;
  end if;
  if p_from is null and p_to is null then
    select p.seen into highest from log.user_positions p where p.user_id = me;
  else
    select greatest(lowest, min(d.first_sequence)), max(d.last_sequence) into lowest, highest
      from log.user_days d
      where d.user_id = me
        and d.last_at >= coalesce(p_from, '-infinity') and d.first_at < coalesce(p_to, 'infinity')
        and d.day >= (coalesce(p_from, '-infinity') at time zone 'UTC')::date
        and d.day <= (coalesce(p_to, 'infinity') at time zone 'UTC')::date;
  end if;
  if p_below <= highest then
    highest := p_below - 1;
  end if;
  while lowest <= highest loop
    if p_newest then
      return query
        select e.event_id, e.sequence, e.event_type,
               (select jsonb_object_agg(s.no, s.aggregate_type) from log.schemas s) ->> e.schema_no::text,
               e.aggregate_id, e.version, e.user_id,
               e.occurred_at, e.source, encode(uuid_send(e.correlation_id), 'hex'), e.causation_id,
               e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
          from log.events e
          where e.user_id = me and e.sequence >= greatest(lowest, highest - width + 1) and e.sequence <= highest
            and e.occurred_at >= coalesce(p_from, '-infinity') and e.occurred_at < coalesce(p_to, 'infinity')
          order by e.sequence desc limit room;
    else
      return query
        select e.event_id, e.sequence, e.event_type,
               (select jsonb_object_agg(s.no, s.aggregate_type) from log.schemas s) ->> e.schema_no::text,
               e.aggregate_id, e.version, e.user_id,
               e.occurred_at, e.source, encode(uuid_send(e.correlation_id), 'hex'), e.causation_id,
               e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
          from log.events e
          where e.user_id = me and e.sequence >= lowest and e.sequence <= least(highest, lowest + width - 1)
            and e.occurred_at >= coalesce(p_from, '-infinity') and e.occurred_at < coalesce(p_to, 'infinity')
          order by e.sequence limit room;
    end if;
    get diagnostics found_now = row_count;
    exit when found_now >= room;
    room := room - found_now;
    if p_newest then
      highest := highest - width;
    else
      lowest := lowest + width;
    end if;
    width := width * 2;
  end loop;
end
$$;

-- What a fold needs of an aggregate's events, in the order of their versions: above one version, up to another and up to
-- a sequence, both included. The type of the aggregate is left out: to look it up takes a tenth of the question.
create function log.versions_of(p_aggregate uuid, p_above int, p_to int, p_up_to bigint, p_limit int)
  returns table (
    event_id uuid, sequence bigint, event_type text, aggregate_id uuid, version int, user_id uuid,
    occurred_at timestamptz, source text, correlation_id uuid, causation_id uuid, actor_kind text, actor_id uuid,
    delta jsonb, extra jsonb, schema_no int
  )
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
as $$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
begin
  if current_setting('plan_cache_mode') <> 'force_generic_plan' then
    return query
      select e.event_id, e.sequence, e.event_type, e.aggregate_id, e.version, e.user_id, e.occurred_at, e.source,
             e.correlation_id::uuid, e.causation_id, e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
        from log.aggregate_events_planned(p_aggregate, p_above, p_to, p_up_to, p_limit) e;
    return;
  end if;
  return query
    select e.event_id, e.sequence, e.event_type, e.aggregate_id, e.version, e.user_id, e.occurred_at, e.source,
           e.correlation_id, e.causation_id, e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
      from log.events e
      where e.aggregate_id = p_aggregate
        and e.version > coalesce(p_above, 0) and e.version <= coalesce(p_to, 2147483647)
        and e.sequence <= coalesce(p_up_to, 9223372036854775807)
        -- not by `=`: the index of the user's sequences would be read for it as well
        and e.user_id is not distinct from me
      order by e.version limit p_limit;
end
$$;
revoke all on function log.versions_of(uuid, int, int, bigint, int) from public;
grant execute on function log.versions_of(uuid, int, int, bigint, int)
  to synap_query, synap_ingest, synap_projector, synap_operator;

do $$
declare
  question text;
  questions constant text[] := array[
    'find_events(text[], uuid, uuid, timestamptz, timestamptz, bigint, bigint, boolean, int)',
    'versions_of(uuid, int, int, bigint, int)'
  ];
begin
  perform from pg_extension where extname = 'timescaledb';
  if not found then
    return;
  end if;
  perform from timescaledb_information.hypertables h
    where h.hypertable_schema = 'log' and h.hypertable_name = 'events';
  if not found then
    return;
  end if;
  foreach question in array questions loop
    execute format('alter function log.%s set timescaledb.enable_chunk_append = off', question);
    -- as it was left to the question that both were, with one or the other
    execute (
      select format('alter function log.%s set %s', question, replace(setting, '=', ' = '))
        from pg_proc p, unnest(p.proconfig) setting
        where p.oid = 'log.aggregate_events(uuid, int, int, bigint, int)'::regprocedure
          and setting like 'plan_cache_mode=%'
    );
  end loop;
end
$$;
