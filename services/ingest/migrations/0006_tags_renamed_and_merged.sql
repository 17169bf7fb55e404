-- The append learns what happens to a tag: it gets another name, or becomes another tag.
--
-- A merged tag keeps its row and its name, as another name of the tag it became; when that tag takes the name for
-- itself, the row stays without one, so that its id is never given to anything else.
alter table write.tags alter column normalized drop not null;
alter table write.tags add column merged_into uuid;

comment on column write.tags.merged_into is
  'The tag it has become, never one that was merged itself; null for a tag that is its own.';

-- As before, with renamed tags and with tags that were merged: a call that was decided on a name alone has to be decided
-- again with the user's tags in hand.
create or replace function write.check_tags(p_user uuid, p_tags jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case when count(*) > 0 then jsonb_build_object(
    'outcome', 'tags',
    'tags', jsonb_agg(jsonb_build_object('normalized', p.normalized, 'id', t.tag_id, 'name', t.name))
  ) end
  from jsonb_to_recordset(p_tags) as p (id uuid, normalized text, renamed boolean, merged_into uuid)
  left join write.tags t on t.user_id = p_user and t.normalized = p.normalized
  left join write.tags own on own.user_id = p_user and own.tag_id = p.id
  where case
    when p.merged_into is not null then false
    when p.renamed then t.tag_id <> p.id and t.merged_into is distinct from p.id
    else t.tag_id <> p.id or own.merged_into is not null or (t.tag_id is null and own.tag_id is not null)
  end
$$;

-- The part of the append that keeps the tags, once `check_tags` found nothing.
create function write.put_tags(p_user uuid, p_tags jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_tag record;
begin
  for v_tag in
    select p.* from jsonb_to_recordset(p_tags)
      as p (id uuid, normalized text, name text, renamed boolean, merged_into uuid)
    where p.renamed or p.merged_into is not null
  loop
    if v_tag.merged_into is not null then
      update write.tags t set merged_into = v_tag.merged_into
      where t.user_id = p_user and (t.tag_id = v_tag.id or t.merged_into = v_tag.id);
    else
      update write.tags t set normalized = null
      where t.user_id = p_user and t.normalized = v_tag.normalized and t.merged_into = v_tag.id;
      update write.tags t set normalized = v_tag.normalized, name = v_tag.name
      where t.user_id = p_user and t.tag_id = v_tag.id and not exists (
        select from write.tags x
        where x.user_id = p_user and x.normalized = v_tag.normalized and x.tag_id <> v_tag.id
      );
    end if;
  end loop;

  insert into write.tags (user_id, tag_id, normalized, name)
  select p_user, p.id, p.normalized, p.name
  from jsonb_to_recordset(p_tags)
    as p (id uuid, normalized text, name text, renamed boolean, merged_into uuid)
  where p.renamed is not true and p.merged_into is null
  on conflict do nothing;
end
$$;

revoke all on function write.put_tags(uuid, jsonb) from public;

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
    perform write.put_tags(p_user, p_tags);
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
