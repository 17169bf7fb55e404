-- Plain pages, ranges of time and the versions of an aggregate are asked of views, see docs/adr/0030: what a view finds is
-- sent while it reads on, and a function's rows are all stored before the first is sent.
--
-- All show the events of the user of the transaction, and none without one. The barrier keeps every condition that could tell
-- about a row behind the one that hides others'. The order is inside, or the barrier would make the planner forget it; who asks
-- in the same order gets it for nothing. The user is looked up once per question, not once per plan.

-- In the order of the sequence.
create view log.own_events with (security_barrier) as
  select e.event_id, e.sequence, e.event_type,
         -- looked up in one object: a join forgets the order
         (select jsonb_object_agg(s.no, s.aggregate_type) from log.schemas s) ->> e.schema_no::text as aggregate_type,
         e.aggregate_id, e.version, e.user_id, e.occurred_at, e.source, e.correlation_id, e.causation_id,
         e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
    from log.events e
    where e.user_id = (select nullif(current_setting('synap.user_id', true), '')::uuid)
    order by e.sequence;

-- Newest first.
create view log.own_events_newest with (security_barrier) as
  select e.event_id, e.sequence, e.event_type,
         (select jsonb_object_agg(s.no, s.aggregate_type) from log.schemas s) ->> e.schema_no::text as aggregate_type,
         e.aggregate_id, e.version, e.user_id, e.occurred_at, e.source, e.correlation_id, e.causation_id,
         e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
    from log.events e
    where e.user_id = (select nullif(current_setting('synap.user_id', true), '')::uuid)
    order by e.sequence desc;

-- In the order of the versions of an aggregate, by which it is asked for.
create view log.own_versions with (security_barrier) as
  select e.event_id, e.sequence, e.event_type,
         (select jsonb_object_agg(s.no, s.aggregate_type) from log.schemas s) ->> e.schema_no::text as aggregate_type,
         e.aggregate_id, e.version, e.user_id, e.occurred_at, e.source, e.correlation_id, e.causation_id,
         e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
    from log.events e
    where -- not by `=`: the index of the user's sequences would be read for it as well
      e.user_id is not distinct from (select nullif(current_setting('synap.user_id', true), '')::uuid)
    order by e.aggregate_id, e.version;

-- Which sequences and times each day of the user (UTC) spans.
create view log.own_days with (security_barrier) as
  select d.user_id, d.day, d.first_sequence, d.last_sequence, d.first_at, d.last_at
    from log.user_days d
    where d.user_id = (select nullif(current_setting('synap.user_id', true), '')::uuid);

grant select on log.own_events, log.own_events_newest, log.own_versions, log.own_days
  to synap_query, synap_ingest, synap_projector, synap_operator;

-- Whether a plan that looks into every chunk is sooner done than planning for those alone that hold the answer: docs/adr/0022.
create function log.has_few_chunks() returns boolean
  language sql stable set search_path = pg_catalog, pg_temp
as $$
  select count(*) <= 16
    from (select from pg_catalog.pg_inherits i where i.inhparent = 'log.events'::regclass limit 17) chunks
$$;
revoke all on function log.has_few_chunks() from public;
grant execute on function log.has_few_chunks() to synap_query, synap_ingest, synap_projector, synap_operator;

-- Events of the user that fit all that is given (null = any): types, aggregate, correlation, time from (included) to
-- (left out), sequences between (both left out). In the order of their sequence, or newest first; `p_limit` at most.
--
-- While chunks are few, plain pages from the oldest on have a plan that is kept: one statement may read those of many users.
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
  direction text := case when p_newest then 'desc' else 'asc' end;
  above bigint := coalesce(p_above, 0);
  below bigint := coalesce(p_below, 9223372036854775807);
  start timestamptz := coalesce(p_from, '-infinity');
  stop timestamptz := coalesce(p_to, 'infinity');
  part record;
begin
  if p_types is null and p_aggregate is null and p_correlation is null and p_from is null and p_to is null
      and not p_newest and log.has_few_chunks() then
    return query
      select e.event_id, e.sequence, e.event_type, e.aggregate_type, e.aggregate_id, e.version, e.user_id,
             e.occurred_at, e.source, encode(uuid_send(e.correlation_id), 'hex'), e.causation_id,
             e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
        from log.own_events e where e.sequence > above and e.sequence < below order by e.sequence limit p_limit;
    return;
  end if;
  if p_aggregate is not null then
    select a.first_at as earliest, a.last_at as latest, a.first_sequence as lowest, a.last_sequence as highest into part
      from log.aggregates a where a.aggregate_id = p_aggregate and a.user_id = me;
  elsif p_correlation is not null then
    select min(d.first_at) as earliest, max(d.last_at) as latest, min(d.first_sequence) as lowest,
           max(d.last_sequence) as highest into part
      from log.user_days d
      where d.user_id = me and d.last_sequence > above and d.first_sequence < below
        and d.last_at >= start and d.first_at < stop;
  else
    select p.* into part
      from log.part_to_read(me, p_types, start, stop, above, below, p_newest, p_limit) p;
  end if;
  if part.earliest is null then
    return;
  end if;
  -- The constants of this call, and not a plan for any: so chunks are left out, and the right index is taken.
  return query execute format(
    $query$
    with hits as materialized (
      select e.* from log.events e
        where e.user_id = $1 and e.sequence > $2 and e.sequence < $3
          and e.sequence between $4 and $5 and e.occurred_at between $6 and $7
          and e.occurred_at >= $8 and e.occurred_at < $9
          %1$s %2$s %3$s
        order by %4$s limit $10
    )
    select e.event_id, e.sequence, e.event_type, s.aggregate_type, e.aggregate_id, e.version, e.user_id, e.occurred_at,
           e.source, replace(e.correlation_id::text, '-', ''), e.causation_id,
           e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
      from hits e join log.schemas s on s.no = e.schema_no
      order by e.sequence %5$s
    $query$,
    case when p_types is null then '' else 'and e.event_type = any ($11)' end,
    case when p_aggregate is null then '' else 'and e.aggregate_id = $12' end,
    case when p_correlation is null then '' else 'and e.correlation_id = $13' end,
    -- `+ 0` keeps the planner from walking all of the user's events in their order for the few of one trace
    case when p_aggregate is not null then 'e.version ' || direction
         when p_correlation is not null then '(e.sequence + 0) ' || direction
         else 'e.sequence ' || direction end,
    direction
  ) using me, above, below, part.lowest, part.highest, part.earliest, part.latest, start, stop, p_limit,
          p_types, p_aggregate, p_correlation;
end
$$;

drop function log.find_events_planned(text[], uuid, uuid, timestamptz, timestamptz, bigint, bigint, boolean, int);

-- The versions of an aggregate where chunks are many.
drop function log.versions_of(uuid, int, int, bigint, int);
drop function log.aggregate_events(uuid, int, int, bigint, int);
alter function log.aggregate_events_planned(uuid, int, int, bigint, int) rename to aggregate_events;
grant execute on function log.aggregate_events(uuid, int, int, bigint, int)
  to synap_query, synap_ingest, synap_projector, synap_operator;

do $$
begin
  if exists (select from pg_extension where extname = 'timescaledb') then
    alter function log.find_events(text[], uuid, uuid, timestamptz, timestamptz, bigint, bigint, boolean, int)
      set timescaledb.enable_chunk_append = off;
  end if;
end
$$;
