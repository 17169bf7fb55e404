-- The questions that the log answers, each as a function. They are about the user of the transaction
-- (`synap.user_id`): without one they find nothing. docs/reference/event-log.md describes each.

-- An event as the questions answer it. For the shape only: nobody has a right on it.
create view log.event_rows as
  select e.event_id, e.sequence, e.event_type, s.aggregate_type, e.aggregate_id, e.version, e.user_id, e.occurred_at,
         e.source, replace(e.correlation_id::text, '-', '') as correlation_id, e.causation_id,
         e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
    from log.events e join log.schemas s on s.no = e.schema_no;

-- Which part of the log holds the first (or last) `p_limit` events that are asked for: its days are added up, newest or
-- oldest first, until they are sure to hold enough. Times keep the other chunks out, sequences the other rows.
-- By sequence, not by day: after a step of the clock the two orders may differ.
create function log.part_to_read(
  p_user uuid, p_types text[], p_from timestamptz, p_to timestamptz, p_above bigint, p_below bigint, p_newest boolean,
  p_limit int
) returns table (earliest timestamptz, latest timestamptz, lowest bigint, highest bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with days as (
    select d.first_sequence, d.last_sequence, d.first_at, d.last_at,
           -- a day that is asked for in part only may hold none of its events
           case when d.first_sequence > p_above and d.last_sequence < p_below
                 and d.first_at >= p_from and d.last_at < p_to then c.events else 0 end as sure
      from log.user_days d
      cross join lateral (
        select sum(n.events) as events from log.daily_counts n
          where n.user_id = d.user_id and n.day = d.day and (p_types is null or n.event_type = any (p_types))
      ) c
      where d.user_id = p_user and d.last_sequence > p_above and d.first_sequence < p_below
        and d.last_at >= p_from and d.first_at < p_to and c.events > 0
  ), added as (
    select days.*, sum(days.sure) over (
        order by case when p_newest then -days.last_sequence else days.first_sequence end
        rows between unbounded preceding and 1 preceding
      ) as before
      from days
  ), enough as (
    select min(added.first_sequence) as lowest, max(added.last_sequence) as highest
      from added where coalesce(added.before, 0) < p_limit
  )
  select min(days.first_at), max(days.last_at), min(days.first_sequence), max(days.last_sequence)
    from days cross join enough
    where case when p_newest then days.last_sequence >= enough.lowest else days.first_sequence <= enough.highest end
$$;

-- Events of the user that fit all that is given (null = any): types, aggregate, correlation, time from (included) to
-- (left out), sequences between (both left out). In the order of their sequence, or newest first; `p_limit` at most.
create function log.find_events(
  p_types text[], p_aggregate uuid, p_correlation uuid, p_from timestamptz, p_to timestamptz, p_above bigint,
  p_below bigint, p_newest boolean, p_limit int
) returns setof log.event_rows
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
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

-- How far an aggregate of the user is; no row when the log has nothing of it.
create function log.aggregate_head(p_aggregate uuid)
  returns table (aggregate_type text, version int, first_sequence bigint, last_sequence bigint, first_at timestamptz,
                 last_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select a.aggregate_type, a.version, a.first_sequence, a.last_sequence, a.first_at, a.last_at
    from log.aggregates a
    where a.aggregate_id = p_aggregate and a.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
$$;

-- Events of an aggregate in the order of their versions: above one version, up to another and up to a sequence, both
-- included.
create function log.aggregate_events(p_aggregate uuid, p_above int, p_to int, p_up_to bigint, p_limit int)
  returns setof log.event_rows
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  span record;
begin
  select a.first_at, a.last_at into span
    from log.aggregates a where a.aggregate_id = p_aggregate and a.user_id = me;
  if not found then
    return;
  end if;
  return query execute $query$
    with hits as materialized (
      select e.* from log.events e
        where e.aggregate_id = $1 and e.user_id = $2 and e.version > $3 and e.version <= $4 and e.sequence <= $5
          and e.occurred_at between $6 and $7
        order by e.version limit $8
    )
    select e.event_id, e.sequence, e.event_type, s.aggregate_type, e.aggregate_id, e.version, e.user_id, e.occurred_at,
           e.source, replace(e.correlation_id::text, '-', ''), e.causation_id,
           e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
      from hits e join log.schemas s on s.no = e.schema_no
      order by e.version
    $query$
    using p_aggregate, me, coalesce(p_above, 0), coalesce(p_to, 2147483647), coalesce(p_up_to, 9223372036854775807),
          span.first_at, span.last_at, p_limit;
end
$$;

-- One event of the user. An id says when it was minted, and the event is hardly ever further than a day from that: there
-- it is looked for first, and only then in all chunks.
create function log.event_by_id(p_event uuid) returns setof log.event_rows
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  minted timestamptz := to_timestamp(('x' || left(replace(p_event::text, '-', ''), 12))::bit(48)::bigint / 1000.0);
  earliest timestamptz;
  latest timestamptz;
  found_at timestamptz;
begin
  execute 'select e.occurred_at from log.events e
             where e.event_id = $1 and e.user_id = $2 and e.occurred_at between $3 and $4'
    into found_at using p_event, me, minted - interval '1 hour', minted + interval '25 hours';
  if found_at is null then
    select min(d.first_at), max(d.last_at) into earliest, latest from log.user_days d where d.user_id = me;
    execute 'select e.occurred_at from log.events e
               where e.event_id = $1 and e.user_id = $2 and e.occurred_at between $3 and $4'
      into found_at using p_event, me, earliest, latest;
  end if;
  if found_at is null then
    return;
  end if;
  return query execute 'select r.* from log.event_rows r where r.event_id = $1 and r.occurred_at = $2'
    using p_event, found_at;
end
$$;

-- What caused an event, the nearest cause first; the event itself is not among them. A hundred at most.
create function log.causes_of(p_event uuid) returns setof log.event_rows
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  cause log.event_rows;
  next_id uuid;
begin
  select e.causation_id into next_id from log.event_by_id(p_event) e;
  for steps in 1 .. 100 loop
    exit when next_id is null;
    select e.* into cause from log.event_by_id(next_id) e;
    exit when not found;
    return next cause;
    next_id := cause.causation_id;
  end loop;
end
$$;

-- What an event caused, and what that caused, and so on: `p_limit` at most, one generation after the other, each in the
-- order of the sequence. An effect comes behind its cause, so days before the cause are left out.
create function log.effects_of(p_event uuid, p_limit int) returns setof log.event_rows
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  origin bigint;
  earliest timestamptz;
  latest timestamptz;
  generation uuid[] := array[p_event];
  children uuid[];
  effect log.event_rows;
  room int := p_limit;
begin
  select e.sequence into origin from log.event_by_id(p_event) e;
  select min(d.first_at), max(d.last_at) into earliest, latest
    from log.user_days d where d.user_id = me and d.last_sequence > origin;
  for steps in 1 .. 100 loop
    children := '{}';
    for effect in execute $query$
      with hits as materialized (
        select e.event_id, e.occurred_at from log.events e
          where e.causation_id = any ($1) and e.user_id = $2 and e.sequence > $3
            and e.occurred_at between $4 and $5
          order by e.sequence limit $6
      )
      select r.* from hits h join log.event_rows r using (event_id, occurred_at)
        where r.occurred_at between $4 and $5 order by r.sequence
      $query$ using generation, me, origin, earliest, latest, room
    loop
      children := children || effect.event_id;
      return next effect;
    end loop;
    room := room - cardinality(children);
    exit when room <= 0 or cardinality(children) = 0;
    generation := children;
  end loop;
end
$$;

-- The highest sequence of the user at a time: the state of then is the fold of all events up to it. 0 before the first.
create function log.sequence_at(p_at timestamptz) returns bigint
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  whole bigint;
  within bigint;
  broken record;
begin
  select max(d.last_sequence) into whole from log.user_days d where d.user_id = me and d.last_at <= p_at;
  select d.first_at, d.last_at, d.first_sequence, d.last_sequence into broken
    from log.user_days d where d.user_id = me and d.first_at <= p_at and d.last_at > p_at;
  if found then
    execute 'select max(e.sequence) from log.events e
               where e.user_id = $1 and e.sequence between $2 and $3 and e.occurred_at between $4 and $5'
      into within using me, broken.first_sequence, broken.last_sequence, broken.first_at, p_at;
  end if;
  return greatest(coalesce(whole, 0), coalesce(within, 0));
end
$$;

-- How many events of which type on which day (UTC), both days included; from the rollup, exact.
create function log.count_events(p_from date, p_to date, p_types text[])
  returns table (day date, event_type text, events bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select c.day, c.event_type, c.events from log.daily_counts c
    where c.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
      and c.day between coalesce(p_from, '-infinity') and coalesce(p_to, 'infinity')
      and (p_types is null or c.event_type = any (p_types))
    order by c.day, c.event_type
$$;

-- The same by the hour, from the events themselves; the times are at most 31 days apart.
create function log.count_events_by_hour(p_from timestamptz, p_to timestamptz, p_types text[])
  returns table (hour timestamptz, event_type text, events bigint)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  part record;
begin
  if p_to > p_from + interval '31 days' then
    raise exception 'more than 31 days by the hour' using errcode = '22023';
  end if;
  select min(d.first_sequence) as lowest, max(d.last_sequence) as highest into part
    from log.user_days d where d.user_id = me and d.last_at >= p_from and d.first_at < p_to;
  return query execute
    'select date_trunc(''hour'', e.occurred_at, ''UTC''), e.event_type, count(*) from log.events e
       where e.user_id = $1 and e.sequence between $2 and $3 and e.occurred_at >= $4 and e.occurred_at < $5
         and ($6 is null or e.event_type = any ($6))
       group by 1, 2 order by 1, 2'
    using me, part.lowest, part.highest, p_from, p_to, p_types;
end
$$;

-- How far users are: `seen` is accounted for; up to `settled` nothing is missing that may still turn up, so whoever reads
-- on from there in order will not have passed anything. Numbers only.
create function log.settled_of(users uuid[]) returns table (user_id uuid, seen bigint, settled bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select p.user_id, p.seen,
         least(p.seen, (select min(k.sequence) - 1 from log.parked k
                          where k.user_id = p.user_id and k.slot and k.state in ('open', 'retry')))
    from log.user_positions p where p.user_id = any (users)
$$;

-- Events of the user that are accounted for and not in the log yet.
create function log.parked_of_user() returns table (sequence bigint, aggregate_id uuid, reason text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select p.sequence, p.aggregate_id, p.reason from log.parked p
    where p.user_id = nullif(current_setting('synap.user_id', true), '')::uuid and p.slot
      and p.state in ('open', 'retry')
    order by p.sequence
$$;

-- The newest snapshot of an aggregate up to a version and a sequence, made by a fold of this version.
create function log.snapshot_of(p_aggregate uuid, p_state_version int, p_to int, p_up_to bigint)
  returns table (version int, sequence bigint, state text, checksum text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.version, s.sequence, s.state, s.checksum from log.snapshots s
    where s.aggregate_id = p_aggregate and s.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
      and s.state_version = p_state_version and s.version <= coalesce(p_to, 2147483647)
      and s.sequence <= coalesce(p_up_to, 9223372036854775807)
    order by s.version desc limit 1
$$;

-- The schemas that events were written with, to read them as today's.
create function log.schemas_of(numbers int[]) returns table (no int, schema text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.no, s.schema from log.schemas s where s.no = any (numbers)
$$;

-- For operators: every user of the log in the order of the ids, behind `p_after`, with how far and how much it is.
create function log.users_behind(p_after uuid, p_limit int)
  returns table (user_id uuid, seen bigint, events bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select p.user_id, p.seen, (select coalesce(sum(c.events), 0)::bigint from log.daily_counts c where c.user_id = p.user_id)
    from log.user_positions p
    where p_after is null or p.user_id > p_after
    order by p.user_id limit p_limit
$$;

do $$
declare
  question text;
begin
  foreach question in array array[
    'find_events(text[], uuid, uuid, timestamptz, timestamptz, bigint, bigint, boolean, int)',
    'aggregate_head(uuid)', 'aggregate_events(uuid, int, int, bigint, int)', 'event_by_id(uuid)', 'causes_of(uuid)',
    'effects_of(uuid, int)', 'sequence_at(timestamptz)', 'count_events(date, date, text[])',
    'count_events_by_hour(timestamptz, timestamptz, text[])', 'settled_of(uuid[])', 'parked_of_user()',
    'snapshot_of(uuid, int, int, bigint)', 'schemas_of(int[])'
  ] loop
    execute format('revoke all on function log.%s from public', question);
    execute format(
      'grant execute on function log.%s to synap_query, synap_ingest, synap_projector, synap_operator', question
    );
  end loop;
end
$$;
revoke all on function
  log.part_to_read(uuid, text[], timestamptz, timestamptz, bigint, bigint, boolean, int), log.users_behind(uuid, int)
  from public;
grant execute on function log.users_behind(uuid, int) to synap_operator;
