-- An append answers also with the ids of its rows in the outbox, so that the relay of the same process can publish and mark
-- them without having to find them. Nothing else is changed.

-- The part of the append that writes events of several aggregates: the outbox and the streams. `p_sequence` is the last
-- one given out before. Answers {versions: {aggregate id: version}, outbox_ids: in the order of the events}.
create or replace function write.put_events(
  p_user uuid, p_context jsonb, p_aggregates jsonb, p_events jsonb, p_sequence bigint, p_occurred timestamptz
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids bigint[];
  v_versions jsonb;
begin
  -- The ordered subquery makes nextval run in the order of the sequence.
  with stored as (
    insert into write.outbox (
      id, event_id, event_type, user_id, aggregate_id, aggregate_type, version, sequence, occurred_at,
      source, correlation_id, causation_id, actor_kind, actor_id, delta, schema_fingerprint, traceparent, tracestate
    )
    select
      nextval('write.outbox_id'), e.event_id, e.event_type, p_user, e.aggregate_id, e.aggregate_type, e.version,
      p_sequence + e.n, p_occurred,
      p_context ->> 'source', (p_context ->> 'correlation_id')::uuid, e.causation_id,
      p_context ->> 'actor_kind', (p_context ->> 'actor_id')::uuid, e.delta, e.fingerprint,
      p_context ->> 'traceparent', p_context ->> 'tracestate'
    from (
      select
        n, (j ->> 'id')::uuid as event_id, j ->> 'type' as event_type, a.id as aggregate_id, a.type as aggregate_type,
        a.expected + (row_number() over (partition by a.id order by n))::integer as version,
        (j ->> 'causation_id')::uuid as causation_id,
        decode(j ->> 'delta', 'hex') as delta, decode(j ->> 'schema', 'hex') as fingerprint
      from jsonb_array_elements(p_events) with ordinality as x (j, n)
      join jsonb_to_recordset(p_aggregates) as a (id uuid, type text, expected integer)
        on a.id = (j ->> 'aggregate_id')::uuid
      order by n
    ) e
    returning id, sequence
  )
  select array_agg(s.id order by s.sequence) into v_ids from stored s;
  if coalesce(cardinality(v_ids), 0) <> jsonb_array_length(p_events) then
    raise exception 'an event names an aggregate that the call does not' using errcode = 'check_violation';
  end if;

  with written as (
    insert into write.streams as s
      (user_id, aggregate_id, aggregate_type, version, sequence, state, state_version)
    select p_user, a.id, a.type, a.expected + e.events, p_sequence + e.last_n, a.state, a.state_version
    from jsonb_to_recordset(p_aggregates)
      as a (id uuid, type text, expected integer, state jsonb, state_version integer)
    join (
      select (j ->> 'aggregate_id')::uuid as id, count(*)::integer as events, max(n) as last_n
      from jsonb_array_elements(p_events) with ordinality as x (j, n)
      group by 1
    ) e on e.id = a.id
    where a.state is not null
    on conflict (user_id, aggregate_id) do update
    set version = excluded.version, sequence = excluded.sequence, state = excluded.state,
      state_version = excluded.state_version, updated_at = clock_timestamp()
    returning s.aggregate_id, s.version
  )
  select jsonb_object_agg(w.aggregate_id, w.version) into v_versions from written w;
  return jsonb_build_object('versions', v_versions, 'outbox_ids', coalesce(v_ids, '{}'));
end
$$;

-- Appends events of one user, all or none.
--
-- p_context     {source, correlation_id, actor_kind, actor_id, traceparent, tracestate, now_ms}
-- p_aggregates  [{id, type, expected, state, state_version}]; expected 0: it must not exist; no state: only read
-- p_events      [{id, type, aggregate_id, delta, schema, causation_id}] in order; delta and schema in hex
-- p_objects     [{key, aggregate_id, sha256, size, content_type, lease_id}]
-- p_tags        [{id, normalized, name}] the ids the events were decided with; with `renamed` a tag that has this name
--               from now on, with `merged_into` one that becomes another
-- p_idempotency {key, request_hash, attempt, result} or null
--
-- Answers {outcome: appended, sequence, occurred_ms, clock_jump, versions: {aggregate id: version}, outbox_ids} where
-- `sequence` is the last one given, or without any effect one of: conflict {aggregate_id, current_version},
-- replay {result}, mismatch, in_flight {retry_after_ms}, attempt_lost, lease_lost, tags {tags},
-- clock_difference {difference_ms}.
create or replace function write.append(
  p_user uuid, p_context jsonb, p_aggregates jsonb, p_events jsonb,
  p_objects jsonb default '[]', p_tags jsonb default '[]', p_idempotency jsonb default null
) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_user write.users;
  v_now timestamptz;
  v_difference bigint;
  v_stop jsonb;
  v_count constant integer := jsonb_array_length(p_events);
  v_jump boolean;
  v_occurred timestamptz;
  v_rows integer;
  v_ids bigint[] := '{}';
  v_outbox_id bigint;
  v_put jsonb;
  v_versions jsonb;
  v_answer jsonb;
  -- The aggregate of a call that writes one and reads no other.
  v_one constant jsonb := case
    when v_count > 0 and jsonb_array_length(p_aggregates) = 1
      and jsonb_typeof(p_aggregates -> 0 -> 'state') <> 'null' then p_aggregates -> 0
  end;
  v_id constant uuid := (v_one ->> 'id')::uuid;
  v_type constant text := v_one ->> 'type';
  v_expected constant integer := (v_one ->> 'expected')::integer;
  v_version integer;
  v_event jsonb;
begin
  select u.* into v_user from write.users u where u.user_id = p_user for no key update;
  if not found then
    insert into write.users (user_id) values (p_user) on conflict (user_id) do nothing;
    select u.* into v_user from write.users u where u.user_id = p_user for no key update;
  end if;

  v_now := date_trunc('milliseconds', clock_timestamp());
  v_difference := (p_context ->> 'now_ms')::bigint - (extract(epoch from v_now) * 1000)::bigint;
  if abs(v_difference) > 60000 then
    return jsonb_build_object('outcome', 'clock_difference', 'difference_ms', v_difference);
  end if;

  -- Every check comes before the first effect: an outcome that stops leaves nothing behind.
  if p_idempotency is not null then
    v_stop := write.check_idempotency(p_user, p_idempotency);
    if v_stop is not null then return v_stop; end if;
  end if;
  if v_one is null then
    v_stop := write.check_versions(p_user, p_aggregates);
    if v_stop is not null then return v_stop; end if;
  else
    select s.version into v_version from write.streams s
    where s.user_id = p_user and s.aggregate_id = v_id for no key update;
    if coalesce(v_version, 0) <> v_expected then
      return jsonb_build_object(
        'outcome', 'conflict', 'aggregate_id', v_id, 'current_version', coalesce(v_version, 0)
      );
    end if;
  end if;
  if jsonb_array_length(p_tags) > 0 then
    v_stop := write.check_tags(p_user, p_tags);
    if v_stop is not null then return v_stop; end if;
  end if;
  if jsonb_array_length(p_objects) > 0 then
    -- The lock keeps the sweep from taking a lease that has just run out, and with it the object.
    perform from write.object_leases l
    where l.lease_id in (select o.lease_id from jsonb_to_recordset(p_objects) as o (lease_id uuid))
    for update;
    get diagnostics v_rows = row_count;
    if v_rows <> jsonb_array_length(p_objects) then
      return jsonb_build_object('outcome', 'lease_lost');
    end if;

    delete from write.object_leases l
    where l.lease_id in (select o.lease_id from jsonb_to_recordset(p_objects) as o (lease_id uuid));
    insert into write.objects (object_key, user_id, aggregate_id, sha256, size_bytes, content_type)
    select o.key, p_user, o.aggregate_id, decode(o.sha256, 'hex'), o.size, o.content_type
    from jsonb_to_recordset(p_objects)
      as o (key text, aggregate_id uuid, sha256 text, size bigint, content_type text)
    on conflict (object_key) do nothing;
  end if;
  if jsonb_array_length(p_tags) > 0 then
    perform write.put_tags(p_user, p_tags);
  end if;

  v_jump := coalesce(v_user.last_occurred_at > v_now + interval '24 hours', false);
  v_occurred := case when v_jump then v_now else greatest(v_now, v_user.last_occurred_at) end;

  if v_one is null then
    v_put := write.put_events(p_user, p_context, p_aggregates, p_events, v_user.sequence, v_occurred);
    v_versions := v_put -> 'versions';
  else
    for v_n in 1 .. v_count loop
      v_event := p_events -> (v_n - 1);
      if (v_event ->> 'aggregate_id')::uuid is distinct from v_id then
        raise exception 'an event names an aggregate that the call does not' using errcode = 'check_violation';
      end if;
      insert into write.outbox (
        id, event_id, event_type, user_id, aggregate_id, aggregate_type, version, sequence, occurred_at,
        source, correlation_id, causation_id, actor_kind, actor_id, delta, schema_fingerprint, traceparent, tracestate
      ) values (
        nextval('write.outbox_id'), (v_event ->> 'id')::uuid, v_event ->> 'type', p_user, v_id, v_type,
        v_expected + v_n, v_user.sequence + v_n, v_occurred,
        p_context ->> 'source', (p_context ->> 'correlation_id')::uuid, (v_event ->> 'causation_id')::uuid,
        p_context ->> 'actor_kind', (p_context ->> 'actor_id')::uuid, decode(v_event ->> 'delta', 'hex'),
        decode(v_event ->> 'schema', 'hex'), p_context ->> 'traceparent', p_context ->> 'tracestate'
      ) returning id into v_outbox_id;
      v_ids := v_ids || v_outbox_id;
    end loop;
    insert into write.streams as s
      (user_id, aggregate_id, aggregate_type, version, sequence, state, state_version)
    values (
      p_user, v_id, v_type, v_expected + v_count, v_user.sequence + v_count, v_one -> 'state',
      (v_one ->> 'state_version')::integer
    )
    on conflict (user_id, aggregate_id) do update
    set version = excluded.version, sequence = excluded.sequence, state = excluded.state,
      state_version = excluded.state_version, updated_at = clock_timestamp();
    v_versions := jsonb_build_object(v_id, v_expected + v_count);
  end if;

  update write.users u
  set sequence = v_user.sequence + v_count, last_occurred_at = v_occurred, updated_at = clock_timestamp()
  where u.user_id = p_user;

  v_answer := jsonb_build_object(
    'sequence', v_user.sequence + v_count, 'occurred_ms', (extract(epoch from v_occurred) * 1000)::bigint,
    'clock_jump', v_jump, 'versions', v_versions
  );
  if p_idempotency is not null then
    perform write.keep_result(
      p_user, p_idempotency, (p_idempotency -> 'result') || jsonb_build_object('append', v_answer)
    );
  end if;
  return v_answer || jsonb_build_object(
    'outcome', 'appended', 'outbox_ids', coalesce(v_put -> 'outbox_ids', to_jsonb(v_ids))
  );
end
$$;

-- See migration 0012; answers as write.append.
create or replace function write.append_plain(p_users uuid[], p_calls json, p_claims jsonb) returns jsonb
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
    returning id, user_id, sequence
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
          'versions', jsonb_build_object(c.aggregate_id, c.expected + 1),
          'outbox_ids', jsonb_build_array(s.id)
        )
      ) order by c.place
    ),
    count(a.place), (select count(*) from written)
  into v_answers, v_accepted, v_written
  from calls c
  left join accepted a on a.place = c.place
  left join stored s on s.user_id = a.user_id and s.sequence = a.sequence;

  if v_written <> v_accepted then
    raise exception 'an aggregate changed without the lock of its user' using errcode = 'serialization_failure';
  end if;

  if jsonb_array_length(p_claims) > 0 then
    perform write.keep_result(
      p.user_id, p.claim,
      (p.claim -> 'result') || jsonb_build_object('append', (v_answers -> (p.place - 1)) - 'outcome' - 'outbox_ids')
    )
    from jsonb_to_recordset(p_claims) as p (place integer, user_id uuid, claim jsonb)
    where v_answers -> (p.place - 1) ->> 'outcome' = 'appended';
  end if;
  return v_answers;
end
$$;
