-- Appends of one event each, as most are, for several calls in few statements: what it costs to begin a statement is paid
-- once for all of them. What is checked and locked, and in which order, is the same as in write.append.
--
-- p_users  the users of the calls, each once
-- p_calls  [{user_id, source, correlation_id, actor_kind, actor_id, traceparent, tracestate, now_ms, aggregate_id,
--          aggregate_type, expected, state, state_version, event_id, event_type, causation_id, delta, schema}];
--          see write.append. No two of one aggregate.
-- p_claims [{place, user_id, claim}] the idempotency of those calls that have one, by their place from 1. No two with one
--          key.
--
-- Answers a list in the same order of what write.append answers. Raises when one of them cannot be done: then none is.
create function write.append_plain(p_users uuid[], p_calls json, p_claims jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Left to itself Postgres plans the large statement anew in each call, which takes three times as long as to run it.
set plan_cache_mode = force_generic_plan
as $$
declare
  v_users uuid[];
  v_sequences bigint[];
  v_times timestamptz[];
  v_now timestamptz;
  v_now_ms bigint;
  -- What stops a call, by its place.
  v_stops jsonb := '{}';
  v_accepted integer;
  v_written integer;
  v_answers jsonb;
begin
  for v_turn in 1 .. 2 loop
    select array_agg(l.user_id), array_agg(l.sequence), array_agg(l.last_occurred_at)
    into v_users, v_sequences, v_times
    from (
      select u.user_id, u.sequence, u.last_occurred_at from write.users u where u.user_id = any (p_users)
      order by u.user_id for no key update
    ) l;
    exit when cardinality(v_users) = cardinality(p_users);
    insert into write.users (user_id) select p.id from unnest(p_users) as p (id) order by p.id
    on conflict (user_id) do nothing;
  end loop;
  -- Answers go by place: none may be left out.
  if cardinality(v_users) is distinct from cardinality(p_users) then
    raise exception 'a user has gone meanwhile' using errcode = 'serialization_failure';
  end if;

  v_now := date_trunc('milliseconds', clock_timestamp());
  v_now_ms := (extract(epoch from v_now) * 1000)::bigint;

  -- Every check comes before the first effect: an outcome that stops leaves nothing behind.
  if jsonb_array_length(p_claims) > 0 then
    select coalesce(jsonb_object_agg(c.place, c.stop) filter (where c.stop is not null), '{}') into v_stops
    from (
      select p.place, write.check_idempotency(p.user_id, p.claim) as stop
      from jsonb_to_recordset(p_claims) as p (place integer, user_id uuid, claim jsonb)
    ) c;
  end if;

  with calls as materialized (
    select c.*, u.last_occurred_at, u.sequence as sequence_before,
      coalesce(u.last_occurred_at > v_now + interval '24 hours', false) as clock_jump,
      case
        when abs(c.now_ms - v_now_ms) > 60000 then
          jsonb_build_object('outcome', 'clock_difference', 'difference_ms', c.now_ms - v_now_ms)
        when v_stops ? c.place::text then v_stops -> c.place::text
        when f.version <> c.expected then
          jsonb_build_object('outcome', 'conflict', 'aggregate_id', c.aggregate_id, 'current_version', f.version)
      end as stop
    from rows from (
      json_to_recordset(p_calls) as (
        user_id uuid, source text, correlation_id uuid, actor_kind text, actor_id uuid, traceparent text,
        tracestate text, now_ms bigint, aggregate_id uuid, aggregate_type text, expected integer, state jsonb,
        state_version integer, event_id uuid, event_type text, causation_id uuid, delta text, schema text
      )
    ) with ordinality as c (
      user_id, source, correlation_id, actor_kind, actor_id, traceparent, tracestate, now_ms, aggregate_id,
      aggregate_type, expected, state, state_version, event_id, event_type, causation_id, delta, schema, place
    )
    join unnest(v_users, v_sequences, v_times) as u (user_id, sequence, last_occurred_at) on u.user_id = c.user_id
    cross join lateral (
      select coalesce((
        select s.version from write.streams s
        where s.user_id = c.user_id and s.aggregate_id = c.aggregate_id
      ), 0) as version
    ) f
  ),
  accepted as materialized (
    select c.*,
      c.sequence_before + row_number() over (partition by c.user_id order by c.place) as sequence,
      case when c.clock_jump then v_now else greatest(v_now, c.last_occurred_at) end as occurred_at
    from calls c
    where c.stop is null
  ),
  stored as (
    -- The ordered subquery makes nextval run in the order of the sequence.
    insert into write.outbox (
      id, event_id, event_type, user_id, aggregate_id, aggregate_type, version, sequence, occurred_at,
      source, correlation_id, causation_id, actor_kind, actor_id, delta, schema_fingerprint, traceparent, tracestate
    )
    select
      nextval('write.outbox_id'), a.event_id, a.event_type, a.user_id, a.aggregate_id, a.aggregate_type,
      a.expected + 1, a.sequence, a.occurred_at, a.source, a.correlation_id, a.causation_id, a.actor_kind,
      a.actor_id, decode(a.delta, 'hex'), decode(a.schema, 'hex'), a.traceparent, a.tracestate
    from (select * from accepted order by user_id, sequence) a
  ),
  written as (
    insert into write.streams as s
      (user_id, aggregate_id, aggregate_type, version, sequence, state, state_version)
    select a.user_id, a.aggregate_id, a.aggregate_type, a.expected + 1, a.sequence, a.state, a.state_version
    from accepted a
    on conflict (user_id, aggregate_id) do update
    set version = excluded.version, sequence = excluded.sequence, state = excluded.state,
      state_version = excluded.state_version, updated_at = clock_timestamp()
    where s.version = excluded.version - 1
    returning s.user_id
  ),
  counted as (
    update write.users u
    set sequence = a.sequence, last_occurred_at = a.occurred_at, updated_at = clock_timestamp()
    from (
      select user_id, max(sequence) as sequence, max(occurred_at) as occurred_at from accepted group by user_id
    ) a
    where u.user_id = a.user_id
  )
  select
    jsonb_agg(
      coalesce(
        c.stop,
        jsonb_build_object(
          'outcome', 'appended', 'sequence', a.sequence,
          'occurred_ms', (extract(epoch from a.occurred_at) * 1000)::bigint, 'clock_jump', c.clock_jump,
          'versions', jsonb_build_object(c.aggregate_id, c.expected + 1)
        )
      ) order by c.place
    ),
    count(a.place), (select count(*) from written)
  into v_answers, v_accepted, v_written
  from calls c left join accepted a on a.place = c.place;

  if v_written <> v_accepted then
    raise exception 'an aggregate changed without the lock of its user' using errcode = 'serialization_failure';
  end if;

  if jsonb_array_length(p_claims) > 0 then
    perform write.keep_result(
      p.user_id, p.claim,
      (p.claim -> 'result') || jsonb_build_object('append', (v_answers -> (p.place - 1)) - 'outcome')
    )
    from jsonb_to_recordset(p_claims) as p (place integer, user_id uuid, claim jsonb)
    where v_answers -> (p.place - 1) ->> 'outcome' = 'appended';
  end if;
  return v_answers;
end
$$;

revoke all on function write.append_plain(uuid[], json, jsonb) from public;
