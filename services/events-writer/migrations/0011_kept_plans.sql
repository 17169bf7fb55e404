-- Questions with plans that are kept for the connection, see docs/adr/0022. Planning one over the chunks took several
-- times as long as reading its 10 or 50 rows.

-- As they were: found out at each call which chunks hold the answer, and planned for those alone.
alter function log.find_events(text[], uuid, uuid, timestamptz, timestamptz, bigint, bigint, boolean, int)
  rename to find_events_planned;
alter function log.aggregate_events(uuid, int, int, bigint, int) rename to aggregate_events_planned;
revoke all on function
  log.find_events_planned(text[], uuid, uuid, timestamptz, timestamptz, bigint, bigint, boolean, int),
  log.aggregate_events_planned(uuid, int, int, bigint, int)
from synap_query, synap_ingest, synap_projector, synap_operator;

-- Events of the user that fit all that is given (null = any): types, aggregate, correlation, time from (included) to
-- (left out), sequences between (both left out). In the order of their sequence, or newest first; `p_limit` at most.
--
-- A kept plan looks into every chunk. events-writer takes `plan_cache_mode` away from these two functions when there are
-- more chunks than that is good for, and gives it back when there are few.
create function log.find_events(
  p_types text[], p_aggregate uuid, p_correlation uuid, p_from timestamptz, p_to timestamptz, p_above bigint,
  p_below bigint, p_newest boolean, p_limit int
) returns setof log.event_rows
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
  -- the plan knows no numbers: for the one event it reckons with, it would read all schemas for each
  set enable_nestloop = off
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
        select e.event_id, e.sequence, e.event_type, s.aggregate_type, e.aggregate_id, e.version, e.user_id,
               e.occurred_at, e.source, encode(uuid_send(e.correlation_id), 'hex'), e.causation_id,
               e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
          from log.events e join log.schemas s on s.no = e.schema_no
          where e.user_id = me and e.sequence >= greatest(lowest, highest - width + 1) and e.sequence <= highest
            and e.occurred_at >= coalesce(p_from, '-infinity') and e.occurred_at < coalesce(p_to, 'infinity')
          order by e.sequence desc limit room;
    else
      return query
        select e.event_id, e.sequence, e.event_type, s.aggregate_type, e.aggregate_id, e.version, e.user_id,
               e.occurred_at, e.source, encode(uuid_send(e.correlation_id), 'hex'), e.causation_id,
               e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
          from log.events e join log.schemas s on s.no = e.schema_no
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

-- Events of an aggregate in the order of their versions: above one version, up to another and up to a sequence, both
-- included.
create function log.aggregate_events(p_aggregate uuid, p_above int, p_to int, p_up_to bigint, p_limit int)
  returns setof log.event_rows
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
as $$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  of_type text;
  earliest timestamptz;
  latest timestamptz;
begin
  if current_setting('plan_cache_mode') <> 'force_generic_plan' then
    return query select * from log.aggregate_events_planned(p_aggregate, p_above, p_to, p_up_to, p_limit);
    return;
  end if;
  select a.aggregate_type, a.first_at, a.last_at into of_type, earliest, latest
    from log.aggregates a where a.aggregate_id = p_aggregate and a.user_id = me;
  if not found then
    return;
  end if;
  return query
    select e.event_id, e.sequence, e.event_type, of_type, e.aggregate_id, e.version, e.user_id, e.occurred_at,
           e.source, encode(uuid_send(e.correlation_id), 'hex'), e.causation_id,
           e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
      from log.events e
      where e.aggregate_id = p_aggregate
        and e.version > coalesce(p_above, 0) and e.version <= coalesce(p_to, 2147483647)
        and e.sequence <= coalesce(p_up_to, 9223372036854775807) and e.occurred_at between earliest and latest
        -- not by `=`: the index of the user's sequences would be read for it as well
        and e.user_id is not distinct from me
      order by e.version limit p_limit;
end
$$;

do $$
declare
  question text;
begin
  foreach question in array array[
    'find_events(text[], uuid, uuid, timestamptz, timestamptz, bigint, bigint, boolean, int)',
    'aggregate_events(uuid, int, int, bigint, int)'
  ] loop
    execute format('revoke all on function log.%s from public', question);
    execute format(
      'grant execute on function log.%s to synap_query, synap_ingest, synap_projector, synap_operator', question
    );
  end loop;
end
$$;

-- A year for the chunks made from now on, until events-writer has seen how much there is of it. The nodes that
-- TimescaleDB leaves chunks out with cost more than the few chunks do which a kept plan looks into.
do $$
declare
  place text;
  question text;
begin
  select n.nspname into place
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'timescaledb';
  if not found then
    return;
  end if;
  perform from timescaledb_information.hypertables h
    where h.hypertable_schema = 'log' and h.hypertable_name = 'events';
  if not found then
    return;
  end if;
  execute format('select %I.set_chunk_time_interval(%L, interval ''365 days'')', place, 'log.events');
  foreach question in array array[
    'find_events(text[], uuid, uuid, timestamptz, timestamptz, bigint, bigint, boolean, int)',
    'aggregate_events(uuid, int, int, bigint, int)'
  ] loop
    execute format('alter function log.%s set timescaledb.enable_chunk_append = off', question);
  end loop;
end
$$;
