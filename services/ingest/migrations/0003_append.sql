-- The one transaction that decides.
--
-- Each statement of a plpgsql function sees what committed before it; the user's row is locked first, so everything
-- after that lock is alone with this user. No NOTIFY in here: it takes a lock of the whole cluster at commit.

-- Takes the lease of a put and, with a key, the row that owns this request. Call it in a transaction of its own, before
-- the put. `now_ms` lets the caller compare clocks before anything has an effect.
--
-- Answers {outcome: begun, attempt, ids, object_key, lease_id, now_ms} with the ids and key of the *first* attempt,
-- or {outcome: replay, result}, {outcome: mismatch}, {outcome: in_flight, retry_after_ms}.
create function write.begin_put(
  p_user uuid, p_idempotency_key text, p_request_hash bytea, p_ids jsonb, p_object_key text, p_lease interval
) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_row write.idempotency;
  v_attempt integer;
  v_ids jsonb := p_ids;
  v_object_key text := p_object_key;
  v_lease uuid;
begin
  if p_idempotency_key is not null then
    insert into write.idempotency as i
      (user_id, idempotency_key, request_hash, ids, object_key, lease_expires_at, expires_at)
    values
      (p_user, p_idempotency_key, p_request_hash, p_ids, p_object_key, v_now + p_lease, v_now + interval '24 hours')
    on conflict (user_id, idempotency_key) do nothing
    returning i.attempt into v_attempt;

    if v_attempt is null then
      select i.* into v_row from write.idempotency i
      where i.user_id = p_user and i.idempotency_key = p_idempotency_key
      for update;
      if not found then
        -- swept between the two statements
        return jsonb_build_object('outcome', 'in_flight', 'retry_after_ms', 1000);
      elsif v_row.expires_at <= v_now then
        update write.idempotency i
        set request_hash = p_request_hash, ids = p_ids, object_key = p_object_key, attempt = i.attempt + 1,
          result = null, lease_expires_at = v_now + p_lease, created_at = v_now,
          expires_at = v_now + interval '24 hours'
        where i.user_id = p_user and i.idempotency_key = p_idempotency_key
        returning i.attempt into v_attempt;
      elsif v_row.request_hash <> p_request_hash then
        return jsonb_build_object('outcome', 'mismatch');
      elsif v_row.result is not null then
        return jsonb_build_object('outcome', 'replay', 'result', v_row.result);
      elsif v_row.lease_expires_at > v_now then
        return jsonb_build_object(
          'outcome', 'in_flight',
          'retry_after_ms', ceil(extract(epoch from v_row.lease_expires_at - v_now) * 1000)::bigint
        );
      else
        update write.idempotency i
        set attempt = i.attempt + 1, lease_expires_at = v_now + p_lease
        where i.user_id = p_user and i.idempotency_key = p_idempotency_key
        returning i.attempt, i.ids, i.object_key into v_attempt, v_ids, v_object_key;
      end if;
    end if;
  end if;

  insert into write.object_leases as l (object_key, expires_at)
  values (v_object_key, v_now + p_lease)
  returning l.lease_id into v_lease;

  return jsonb_build_object(
    'outcome', 'begun', 'attempt', v_attempt, 'ids', v_ids, 'object_key', v_object_key, 'lease_id', v_lease,
    'now_ms', (extract(epoch from v_now) * 1000)::bigint
  );
end
$$;

-- Gives the row back after a put that failed, so that the client's retry need not wait for the lease to end.
create function write.abandon_put(p_user uuid, p_idempotency_key text, p_attempt integer) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  update write.idempotency i set lease_expires_at = clock_timestamp()
  where i.user_id = p_user and i.idempotency_key = p_idempotency_key
    and i.attempt = p_attempt and i.result is null
$$;

-- The part of the append that asks whether this request may have its effect (again). It changes nothing.
--
-- With an attempt: only the attempt that owns the row goes on. Answers null to go on, else the outcome to return.
create function write.check_idempotency(p_user uuid, p_claim jsonb) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_attempt constant integer := (p_claim ->> 'attempt')::integer;
  v_row write.idempotency;
begin
  select i.* into v_row from write.idempotency i
  where i.user_id = p_user and i.idempotency_key = p_claim ->> 'key'
  for update;

  if v_attempt is not null then
    if v_row.attempt is distinct from v_attempt or v_row.result is not null then
      return jsonb_build_object('outcome', 'attempt_lost');
    end if;
  elsif v_row.user_id is null or v_row.expires_at <= v_now then
    return null;
  elsif v_row.request_hash <> decode(p_claim ->> 'request_hash', 'hex') then
    return jsonb_build_object('outcome', 'mismatch');
  elsif v_row.result is not null then
    return jsonb_build_object('outcome', 'replay', 'result', v_row.result);
  elsif v_row.lease_expires_at > v_now then
    return jsonb_build_object(
      'outcome', 'in_flight',
      'retry_after_ms', ceil(extract(epoch from v_row.lease_expires_at - v_now) * 1000)::bigint
    );
  end if;
  return null;
end
$$;

-- The part of the append that keeps the result. Raises 40001 (the whole call may run again) when another request has
-- taken the key since the check.
create function write.keep_result(p_user uuid, p_claim jsonb, p_result jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
begin
  if p_claim ->> 'attempt' is not null then
    update write.idempotency i set result = p_result
    where i.user_id = p_user and i.idempotency_key = p_claim ->> 'key'
      and i.attempt = (p_claim ->> 'attempt')::integer and i.result is null;
  else
    insert into write.idempotency as i
      (user_id, idempotency_key, request_hash, lease_expires_at, result, expires_at)
    values (
      p_user, p_claim ->> 'key', decode(p_claim ->> 'request_hash', 'hex'), v_now, p_result,
      v_now + interval '24 hours'
    )
    on conflict (user_id, idempotency_key) do update
    set request_hash = excluded.request_hash, ids = excluded.ids, object_key = null, attempt = i.attempt + 1,
      lease_expires_at = v_now, result = excluded.result, created_at = v_now, expires_at = excluded.expires_at
    where i.expires_at <= v_now
      or (i.result is null and i.lease_expires_at <= v_now and i.request_hash = excluded.request_hash);
  end if;
  if not found then
    raise exception 'another request has taken this idempotency key' using errcode = 'serialization_failure';
  end if;
end
$$;

-- The part of the append that compares the tag ids the events were decided with. Answers null when each is the tag's
-- own or free, else the tags to decide again with: {outcome: tags, tags: [{normalized, id, name}]}, id null where the
-- proposed id belongs to another name.
create function write.check_tags(p_user uuid, p_tags jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case when count(*) > 0 then jsonb_build_object(
    'outcome', 'tags',
    'tags', jsonb_agg(jsonb_build_object('normalized', p.normalized, 'id', t.tag_id, 'name', t.name))
  ) end
  from jsonb_to_recordset(p_tags) as p (id uuid, normalized text)
  left join write.tags t on t.user_id = p_user and t.normalized = p.normalized
  where t.tag_id <> p.id
    or (t.tag_id is null and exists (select from write.tags x where x.user_id = p_user and x.tag_id = p.id))
$$;

-- The part of the append that compares versions, locking the aggregates in the order of their ids. Answers null or
-- {outcome: conflict, aggregate_id, current_version}.
create function write.check_versions(p_user uuid, p_aggregates jsonb) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_aggregate record;
  v_version integer;
begin
  for v_aggregate in
    select a.id, a.expected, a.state is null as only_read
    from jsonb_to_recordset(p_aggregates) as a (id uuid, expected integer, state jsonb)
    order by a.id
  loop
    if v_aggregate.only_read then
      select s.version into v_version from write.streams s
      where s.user_id = p_user and s.aggregate_id = v_aggregate.id for share;
    else
      select s.version into v_version from write.streams s
      where s.user_id = p_user and s.aggregate_id = v_aggregate.id for no key update;
    end if;
    if coalesce(v_version, 0) <> v_aggregate.expected then
      return jsonb_build_object(
        'outcome', 'conflict', 'aggregate_id', v_aggregate.id, 'current_version', coalesce(v_version, 0)
      );
    end if;
  end loop;
  return null;
end
$$;

-- Appends events of one user, all or none.
--
-- p_context     {source, correlation_id, actor_kind, actor_id, traceparent, tracestate, now_ms}
-- p_aggregates  [{id, type, expected, state, state_version}]; expected 0: it must not exist; no state: only read
-- p_events      [{id, type, aggregate_id, delta, schema, causation_id}] in order; delta and schema in hex
-- p_objects     [{key, aggregate_id, sha256, size, content_type, lease_id}]
-- p_tags        [{id, normalized, name}] the ids the events were decided with
-- p_idempotency {key, request_hash, attempt, result} or null
--
-- Answers {outcome: appended, sequence, occurred_ms, clock_jump, versions: {aggregate id: version}} where `sequence`
-- is the last one given, or without any effect one of: conflict {aggregate_id, current_version},
-- replay {result}, mismatch, in_flight {retry_after_ms}, attempt_lost, lease_lost, tags {tags},
-- clock_difference {difference_ms}.
create function write.append(
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
  v_stop := write.check_versions(p_user, p_aggregates);
  if v_stop is not null then return v_stop; end if;
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
    insert into write.tags (user_id, tag_id, normalized, name)
    select p_user, p.id, p.normalized, p.name
    from jsonb_to_recordset(p_tags) as p (id uuid, normalized text, name text)
    on conflict (user_id, normalized) do nothing;
  end if;

  v_jump := coalesce(v_user.last_occurred_at > v_now + interval '24 hours', false);
  v_occurred := case when v_jump then v_now else greatest(v_now, v_user.last_occurred_at) end;

  -- The ordered subquery makes nextval run in the order of the sequence.
  insert into write.outbox (
    id, event_id, event_type, user_id, aggregate_id, aggregate_type, version, sequence, occurred_at,
    source, correlation_id, causation_id, actor_kind, actor_id, delta, schema_fingerprint, traceparent, tracestate
  )
  select
    nextval('write.outbox_id'), e.event_id, e.event_type, p_user, e.aggregate_id, e.aggregate_type, e.version,
    v_user.sequence + e.n, v_occurred,
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
  if v_rows <> v_count then
    raise exception 'an event names an aggregate that the call does not' using errcode = 'check_violation';
  end if;

  with written as (
    insert into write.streams as s
      (user_id, aggregate_id, aggregate_type, version, sequence, state, state_version)
    select p_user, a.id, a.type, a.expected + e.events, v_user.sequence + e.last_n, a.state, a.state_version
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

revoke all on function write.begin_put(uuid, text, bytea, jsonb, text, interval) from public;
revoke all on function write.abandon_put(uuid, text, integer) from public;
revoke all on function write.check_idempotency(uuid, jsonb) from public;
revoke all on function write.keep_result(uuid, jsonb, jsonb) from public;
revoke all on function write.check_tags(uuid, jsonb) from public;
revoke all on function write.check_versions(uuid, jsonb) from public;
revoke all on function write.append(uuid, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb) from public;
