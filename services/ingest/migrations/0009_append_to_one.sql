-- The append of events of one aggregate costs the database half of what it did: nearly every call is one, and for it the
-- rows are written from values, without joins over the parts of the call. Any other call goes as before, in a function of
-- its own. What is checked, locked and written, and in which order, is the same in both.

-- The part of the append that writes events of several aggregates: the outbox and the streams. `p_sequence` is the last
-- one given out before. Answers {aggregate id: version}.
create function write.put_events(
  p_user uuid, p_context jsonb, p_aggregates jsonb, p_events jsonb, p_sequence bigint, p_occurred timestamptz
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows integer;
  v_versions jsonb;
begin
  -- The ordered subquery makes nextval run in the order of the sequence.
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
  ) e;
  get diagnostics v_rows = row_count;
  if v_rows <> jsonb_array_length(p_events) then
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
  return v_versions;
end
$$;

revoke all on function write.put_events(uuid, jsonb, jsonb, jsonb, bigint, timestamptz) from public;

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
-- Answers {outcome: appended, sequence, occurred_ms, clock_jump, versions: {aggregate id: version}} where `sequence`
-- is the last one given, or without any effect one of: conflict {aggregate_id, current_version},
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
    v_versions := write.put_events(p_user, p_context, p_aggregates, p_events, v_user.sequence, v_occurred);
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
      );
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
  return v_answer || jsonb_build_object('outcome', 'appended');
end
$$;
