-- What the migrations beside this file come to; of them: sha256 f276e88d3d13a1cf9a18d9a0fccbb9d5701396c7820f5346e7388503d94b4ceb
create schema write authorization synap_ingest;

create sequence write.outbox_id as bigint;

create table write.api_keys (
  key_id uuid not null,
  user_id uuid not null,
  name text not null,
  key_hash bytea not null,
  scopes text[] not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  last_used_at timestamp with time zone,
  constraint api_keys_key_hash_check CHECK ((octet_length(key_hash) = 32)),
  constraint api_keys_key_hash_key UNIQUE (key_hash),
  constraint api_keys_pkey PRIMARY KEY (key_id),
  constraint api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES write.users(user_id)
);
alter table write.api_keys owner to synap_ingest;

create table write.dropped_objects (
  object_key text not null,
  dropped_at timestamp with time zone not null default clock_timestamp(),
  deleted_at timestamp with time zone,
  constraint dropped_objects_pkey PRIMARY KEY (object_key)
);
alter table write.dropped_objects owner to synap_ingest;

create table write.idempotency (
  user_id uuid not null,
  idempotency_key text not null,
  request_hash bytea not null,
  ids jsonb not null default '{}'::jsonb,
  object_key text,
  attempt integer not null default 1,
  lease_expires_at timestamp with time zone not null,
  result jsonb,
  created_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone not null,
  constraint idempotency_idempotency_key_check CHECK (((char_length(idempotency_key) >= 1) AND (char_length(idempotency_key) <= 255))),
  constraint idempotency_pkey PRIMARY KEY (user_id, idempotency_key),
  constraint idempotency_request_hash_check CHECK ((octet_length(request_hash) = 32))
);
alter table write.idempotency owner to synap_ingest;

create table write.identity (
  only_row boolean not null default true,
  system_identifier text not null,
  timeline text not null,
  database_oid bigint not null,
  settled boolean not null default true,
  epoch uuid not null default gen_random_uuid(),
  recorded_at timestamp with time zone not null default clock_timestamp(),
  constraint identity_only_row_check CHECK (only_row),
  constraint identity_pkey PRIMARY KEY (only_row)
);
alter table write.identity owner to synap_ingest;

create table write.object_leases (
  lease_id uuid not null default gen_random_uuid(),
  object_key text not null,
  expires_at timestamp with time zone not null,
  constraint object_leases_pkey PRIMARY KEY (lease_id)
);
alter table write.object_leases owner to synap_ingest;

create table write.objects (
  object_key text not null,
  user_id uuid not null,
  aggregate_id uuid not null,
  sha256 bytea not null,
  size_bytes bigint not null,
  content_type text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  constraint objects_pkey PRIMARY KEY (object_key),
  constraint objects_sha256_check CHECK ((octet_length(sha256) = 32)),
  constraint objects_size_bytes_check CHECK ((size_bytes >= 0))
);
alter table write.objects owner to synap_ingest;

create table write.outbox (
  id bigint not null default nextval('write.outbox_id'::regclass),
  event_id uuid not null,
  event_type text not null,
  user_id uuid not null,
  aggregate_id uuid not null,
  aggregate_type text not null,
  version integer not null,
  sequence bigint not null,
  occurred_at timestamp with time zone not null,
  source text not null,
  correlation_id uuid not null,
  causation_id uuid,
  actor_kind text not null,
  actor_id uuid,
  delta bytea not null,
  schema_fingerprint bytea not null,
  traceparent text,
  tracestate text,
  created_at timestamp with time zone not null default clock_timestamp(),
  published_at timestamp with time zone,
  constraint outbox_pkey PRIMARY KEY (id),
  constraint outbox_schema_fingerprint_check CHECK ((octet_length(schema_fingerprint) = 32)),
  constraint outbox_sequence_check CHECK ((sequence > 0)),
  constraint outbox_version_check CHECK ((version > 0))
) partition by RANGE (id);
alter table write.outbox owner to synap_ingest;

create table write.outbox_000000 (
  id bigint not null default nextval('write.outbox_id'::regclass),
  event_id uuid not null,
  event_type text not null,
  user_id uuid not null,
  aggregate_id uuid not null,
  aggregate_type text not null,
  version integer not null,
  sequence bigint not null,
  occurred_at timestamp with time zone not null,
  source text not null,
  correlation_id uuid not null,
  causation_id uuid,
  actor_kind text not null,
  actor_id uuid,
  delta bytea not null,
  schema_fingerprint bytea not null,
  traceparent text,
  tracestate text,
  created_at timestamp with time zone not null default clock_timestamp(),
  published_at timestamp with time zone,
  constraint outbox_schema_fingerprint_check CHECK ((octet_length(schema_fingerprint) = 32)),
  constraint outbox_sequence_check CHECK ((sequence > 0)),
  constraint outbox_version_check CHECK ((version > 0))
) partition of write.outbox FOR VALUES FROM ('0') TO ('1000000');
alter table write.outbox_000000 owner to synap_ingest;

create table write.outbox_000001 (
  id bigint not null default nextval('write.outbox_id'::regclass),
  event_id uuid not null,
  event_type text not null,
  user_id uuid not null,
  aggregate_id uuid not null,
  aggregate_type text not null,
  version integer not null,
  sequence bigint not null,
  occurred_at timestamp with time zone not null,
  source text not null,
  correlation_id uuid not null,
  causation_id uuid,
  actor_kind text not null,
  actor_id uuid,
  delta bytea not null,
  schema_fingerprint bytea not null,
  traceparent text,
  tracestate text,
  created_at timestamp with time zone not null default clock_timestamp(),
  published_at timestamp with time zone,
  constraint outbox_schema_fingerprint_check CHECK ((octet_length(schema_fingerprint) = 32)),
  constraint outbox_sequence_check CHECK ((sequence > 0)),
  constraint outbox_version_check CHECK ((version > 0))
) partition of write.outbox FOR VALUES FROM ('1000000') TO ('2000000');
alter table write.outbox_000001 owner to synap_ingest;

create table write.outbox_000002 (
  id bigint not null default nextval('write.outbox_id'::regclass),
  event_id uuid not null,
  event_type text not null,
  user_id uuid not null,
  aggregate_id uuid not null,
  aggregate_type text not null,
  version integer not null,
  sequence bigint not null,
  occurred_at timestamp with time zone not null,
  source text not null,
  correlation_id uuid not null,
  causation_id uuid,
  actor_kind text not null,
  actor_id uuid,
  delta bytea not null,
  schema_fingerprint bytea not null,
  traceparent text,
  tracestate text,
  created_at timestamp with time zone not null default clock_timestamp(),
  published_at timestamp with time zone,
  constraint outbox_schema_fingerprint_check CHECK ((octet_length(schema_fingerprint) = 32)),
  constraint outbox_sequence_check CHECK ((sequence > 0)),
  constraint outbox_version_check CHECK ((version > 0))
) partition of write.outbox FOR VALUES FROM ('2000000') TO ('3000000');
alter table write.outbox_000002 owner to synap_ingest;

create table write.outbox_default (
  id bigint not null default nextval('write.outbox_id'::regclass),
  event_id uuid not null,
  event_type text not null,
  user_id uuid not null,
  aggregate_id uuid not null,
  aggregate_type text not null,
  version integer not null,
  sequence bigint not null,
  occurred_at timestamp with time zone not null,
  source text not null,
  correlation_id uuid not null,
  causation_id uuid,
  actor_kind text not null,
  actor_id uuid,
  delta bytea not null,
  schema_fingerprint bytea not null,
  traceparent text,
  tracestate text,
  created_at timestamp with time zone not null default clock_timestamp(),
  published_at timestamp with time zone,
  constraint outbox_schema_fingerprint_check CHECK ((octet_length(schema_fingerprint) = 32)),
  constraint outbox_sequence_check CHECK ((sequence > 0)),
  constraint outbox_version_check CHECK ((version > 0))
) partition of write.outbox DEFAULT;
alter table write.outbox_default owner to synap_ingest;

create table write.reconciliation (
  only_row boolean not null default true,
  run uuid not null,
  phase text not null,
  started_at timestamp with time zone not null default clock_timestamp(),
  updated_at timestamp with time zone not null default clock_timestamp(),
  finished_at timestamp with time zone,
  topic_records bigint not null default 0,
  users_checked bigint not null default 0,
  users_moved bigint not null default 0,
  events_folded bigint not null default 0,
  events_unfoldable bigint not null default 0,
  detail text,
  constraint reconciliation_only_row_check CHECK (only_row),
  constraint reconciliation_phase_check CHECK ((phase = ANY (ARRAY['topic'::text, 'users'::text, 'done'::text, 'failed'::text]))),
  constraint reconciliation_pkey PRIMARY KEY (only_row)
);
alter table write.reconciliation owner to synap_ingest;

create table write.relay_lease (
  name text not null,
  holder uuid not null,
  epoch bigint not null,
  expires_at timestamp with time zone not null,
  constraint relay_lease_pkey PRIMARY KEY (name)
);
alter table write.relay_lease owner to synap_ingest;

create table write.relay_quarantine (
  user_id uuid not null,
  outbox_id bigint not null,
  event_id uuid not null,
  sequence bigint not null,
  reason text not null,
  since timestamp with time zone not null default clock_timestamp(),
  constraint relay_quarantine_pkey PRIMARY KEY (user_id)
);
alter table write.relay_quarantine owner to synap_ingest;

create table write.schemas (
  fingerprint bytea not null,
  record_name text not null,
  subject text not null,
  schema text not null,
  registry_id integer not null,
  registered_at timestamp with time zone not null default clock_timestamp(),
  constraint schemas_fingerprint_check CHECK ((octet_length(fingerprint) = 32)),
  constraint schemas_pkey PRIMARY KEY (fingerprint),
  constraint schemas_registry_id_check CHECK ((registry_id > 0))
);
alter table write.schemas owner to synap_ingest;

create table write.streams (
  user_id uuid not null,
  aggregate_id uuid not null,
  aggregate_type text not null,
  version integer not null,
  sequence bigint not null,
  state jsonb not null,
  state_version integer not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  updated_at timestamp with time zone not null default clock_timestamp(),
  constraint streams_pkey PRIMARY KEY (user_id, aggregate_id),
  constraint streams_sequence_check CHECK ((sequence > 0)),
  constraint streams_version_check CHECK ((version > 0))
) with (fillfactor=80);
alter table write.streams owner to synap_ingest;

create table write.sweeps (
  only_row boolean not null default true,
  epoch bigint not null,
  expires_at timestamp with time zone not null,
  after_key text,
  ended_at timestamp with time zone,
  constraint sweeps_only_row_check CHECK (only_row),
  constraint sweeps_pkey PRIMARY KEY (only_row)
);
alter table write.sweeps owner to synap_ingest;

create table write.tags (
  user_id uuid not null,
  tag_id uuid not null,
  normalized text,
  name text not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  merged_into uuid,
  constraint tags_pkey PRIMARY KEY (user_id, tag_id),
  constraint tags_user_id_fkey FOREIGN KEY (user_id) REFERENCES write.users(user_id),
  constraint tags_user_id_normalized_key UNIQUE (user_id, normalized)
);
alter table write.tags owner to synap_ingest;

create table write.uploads (
  user_id uuid not null,
  upload_id uuid not null,
  object_key text not null,
  sha256 bytea not null,
  size_bytes bigint not null,
  content_type text not null,
  file_name text,
  target jsonb not null,
  entity_id uuid not null,
  lease_id uuid not null,
  created_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone not null,
  constraint uploads_pkey PRIMARY KEY (user_id, upload_id),
  constraint uploads_sha256_check CHECK ((octet_length(sha256) = 32)),
  constraint uploads_size_bytes_check CHECK ((size_bytes > 0))
);
alter table write.uploads owner to synap_ingest;

create table write.users (
  user_id uuid not null,
  sequence bigint not null default 0,
  last_occurred_at timestamp with time zone,
  created_at timestamp with time zone not null default clock_timestamp(),
  updated_at timestamp with time zone not null default clock_timestamp(),
  constraint users_pkey PRIMARY KEY (user_id),
  constraint users_sequence_check CHECK ((sequence >= 0))
) with (fillfactor=70);
alter table write.users owner to synap_ingest;

CREATE INDEX api_keys_by_user ON write.api_keys USING btree (user_id, created_at);

CREATE INDEX dropped_objects_done ON write.dropped_objects USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);

CREATE INDEX dropped_objects_waiting ON write.dropped_objects USING btree (dropped_at) WHERE (deleted_at IS NULL);

CREATE INDEX idempotency_by_expiry ON write.idempotency USING btree (expires_at);

CREATE INDEX idempotency_by_object ON write.idempotency USING btree (object_key) WHERE (object_key IS NOT NULL);

CREATE INDEX object_leases_by_expiry ON write.object_leases USING btree (expires_at);

CREATE INDEX object_leases_by_key ON write.object_leases USING btree (object_key);

CREATE INDEX objects_by_aggregate ON write.objects USING btree (user_id, aggregate_id);

CREATE INDEX outbox_000000_id_idx ON write.outbox_000000 USING btree (id) WHERE (published_at IS NULL);

CREATE INDEX outbox_000000_user_id_sequence_idx ON write.outbox_000000 USING btree (user_id, sequence);

CREATE INDEX outbox_000001_id_idx ON write.outbox_000001 USING btree (id) WHERE (published_at IS NULL);

CREATE INDEX outbox_000001_user_id_sequence_idx ON write.outbox_000001 USING btree (user_id, sequence);

CREATE INDEX outbox_000002_id_idx ON write.outbox_000002 USING btree (id) WHERE (published_at IS NULL);

CREATE INDEX outbox_000002_user_id_sequence_idx ON write.outbox_000002 USING btree (user_id, sequence);

CREATE INDEX outbox_by_sequence ON ONLY write.outbox USING btree (user_id, sequence);

CREATE INDEX outbox_default_id_idx ON write.outbox_default USING btree (id) WHERE (published_at IS NULL);

CREATE INDEX outbox_default_user_id_sequence_idx ON write.outbox_default USING btree (user_id, sequence);

CREATE INDEX outbox_unpublished ON ONLY write.outbox USING btree (id) WHERE (published_at IS NULL);

CREATE INDEX uploads_by_expiry ON write.uploads USING btree (expires_at);

CREATE OR REPLACE FUNCTION write.abandon_put(p_user uuid, p_idempotency_key text, p_attempt integer)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  update write.idempotency i set lease_expires_at = clock_timestamp()
  where i.user_id = p_user and i.idempotency_key = p_idempotency_key
    and i.attempt = p_attempt and i.result is null
$function$
;
alter function write.abandon_put(uuid,text,integer) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.actual_identity()
 RETURNS TABLE(system_identifier text, timeline text, database_oid bigint)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select (select c.system_identifier::text from pg_control_system() c),
         case when pg_is_in_recovery() then 'in recovery' else left(pg_walfile_name(pg_current_wal_lsn()), 8) end,
         (select d.oid::bigint from pg_database d where d.datname = current_database())
$function$
;
alter function write.actual_identity() owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.append(p_user uuid, p_context jsonb, p_aggregates jsonb, p_events jsonb, p_objects jsonb DEFAULT '[]'::jsonb, p_tags jsonb DEFAULT '[]'::jsonb, p_idempotency jsonb DEFAULT NULL::jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;
alter function write.append(uuid,jsonb,jsonb,jsonb,jsonb,jsonb,jsonb) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.append_each(p_calls jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_call record;
  v_answers jsonb[] := array_fill(null::jsonb, array[jsonb_array_length(p_calls)]);
begin
  for v_call in
    select c.call, c.place from jsonb_array_elements(p_calls) with ordinality as c (call, place)
    order by (c.call ->> 'user')::uuid, c.place
  loop
    begin
      v_answers[v_call.place] := write.append(
        (v_call.call ->> 'user')::uuid, v_call.call -> 'context', v_call.call -> 'aggregates', v_call.call -> 'events',
        v_call.call -> 'objects', v_call.call -> 'tags', nullif(v_call.call -> 'idempotency', 'null')
      );
    exception when others then
      v_answers[v_call.place] := jsonb_build_object('outcome', 'failed');
    end;
  end loop;
  return to_jsonb(v_answers);
end
$function$
;
alter function write.append_each(jsonb) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.append_plain(p_users uuid[], p_calls json, p_claims jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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
$function$
;
alter function write.append_plain(uuid[],json,jsonb) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.begin_put(p_user uuid, p_idempotency_key text, p_request_hash bytea, p_ids jsonb, p_object_key text, p_lease interval)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_now constant timestamptz := clock_timestamp();
  v_row write.idempotency;
  v_attempt integer;
  v_ids jsonb := p_ids;
  v_asked text := p_object_key;
  v_object_key text;
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
        returning i.attempt, i.ids, i.object_key into v_attempt, v_ids, v_asked;
      end if;
    end if;
  end if;

  select t.lease_id, t.object_key into v_lease, v_object_key from write.take_lease(v_asked, v_now + p_lease) t;
  if v_object_key <> v_asked and p_idempotency_key is not null then
    update write.idempotency i set object_key = v_object_key
    where i.user_id = p_user and i.idempotency_key = p_idempotency_key;
  end if;

  return jsonb_build_object(
    'outcome', 'begun', 'attempt', v_attempt, 'ids', v_ids, 'object_key', v_object_key, 'lease_id', v_lease,
    'now_ms', (extract(epoch from v_now) * 1000)::bigint
  );
end
$function$
;
alter function write.begin_put(uuid,text,bytea,jsonb,text,interval) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.begin_puts(p_user uuid, p_idempotency_key text, p_request_hash bytea, p_ids jsonb, p_lease interval)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_begun jsonb;
  v_lease record;
  v_leases jsonb[];
begin
  v_begun := write.begin_put(
    p_user, p_idempotency_key, p_request_hash, p_ids, p_ids -> 'objects' ->> 0, p_lease
  );
  if v_begun ->> 'outcome' <> 'begun' then return v_begun; end if;

  v_leases := array[jsonb_build_object('object_key', v_begun -> 'object_key', 'lease_id', v_begun -> 'lease_id')];
  for v_n in 1 .. jsonb_array_length(v_begun -> 'ids' -> 'objects') - 1 loop
    select t.lease_id, t.object_key into v_lease
    from write.take_lease(v_begun -> 'ids' -> 'objects' ->> v_n, clock_timestamp() + p_lease) t;
    v_leases := v_leases || jsonb_build_object('object_key', v_lease.object_key, 'lease_id', v_lease.lease_id);
  end loop;
  return v_begun || jsonb_build_object('objects', to_jsonb(v_leases));
end
$function$
;
alter function write.begin_puts(uuid,text,bytea,jsonb,interval) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.begin_upload(p_user uuid, p_idempotency_key text, p_request_hash bytea, p_object_key text, p_upload jsonb, p_keep interval)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_begun jsonb;
begin
  -- The lease outlives the upload, so that a completion that begins in its last moment can end.
  v_begun := write.begin_put(
    p_user, p_idempotency_key, p_request_hash, '{}', p_object_key, p_keep + interval '1 hour'
  );
  if v_begun ->> 'outcome' <> 'begun' then return v_begun; end if;
  insert into write.uploads
    (user_id, upload_id, object_key, sha256, size_bytes, content_type, file_name, target, entity_id, lease_id, expires_at)
  values (
    p_user, (p_upload ->> 'upload_id')::uuid, v_begun ->> 'object_key', decode(p_upload ->> 'sha256', 'hex'),
    (p_upload ->> 'size')::bigint, p_upload ->> 'content_type', p_upload ->> 'name', p_upload -> 'target',
    (p_upload ->> 'entity_id')::uuid, (v_begun ->> 'lease_id')::uuid, clock_timestamp() + p_keep
  );
  if p_idempotency_key is not null then
    update write.idempotency i
    set result = jsonb_build_object('uploadId', p_upload ->> 'upload_id'), lease_expires_at = clock_timestamp()
    where i.user_id = p_user and i.idempotency_key = p_idempotency_key;
  end if;
  return jsonb_build_object('outcome', 'begun', 'now_ms', v_begun -> 'now_ms');
end
$function$
;
alter function write.begin_upload(uuid,text,bytea,text,jsonb,interval) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.check_idempotency(p_user uuid, p_claim jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;
alter function write.check_idempotency(uuid,jsonb) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.check_tags(p_user uuid, p_tags jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (
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
  );
end
$function$
;
alter function write.check_tags(uuid,jsonb) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.check_versions(p_user uuid, p_aggregates jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;
alter function write.check_versions(uuid,jsonb) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.drop_objects(p_user uuid, p_aggregate uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  with gone as (
    delete from write.objects o
    where o.user_id = p_user and (p_aggregate is null or o.aggregate_id = p_aggregate)
    returning o.object_key
  )
  insert into write.dropped_objects (object_key) select g.object_key from gone g
  on conflict (object_key) do nothing
$function$
;
alter function write.drop_objects(uuid,uuid) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.drop_orphans(p_epoch bigint, p_keys text[])
 RETURNS SETOF text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
begin
  if not exists (select from write.sweeps s where s.epoch = p_epoch) or write.refusal() is not null then
    return;
  end if;
  -- Whoever takes a lease or spends one has committed when this is granted, or waits until we have. Nothing weaker: an
  -- append locks the rows of its leases before it deletes them.
  lock table write.object_leases in exclusive mode;
  return query
    insert into write.dropped_objects as d (object_key)
    select o from write.orphans_among(p_keys) o
    on conflict (object_key) do update set deleted_at = null
    returning d.object_key;
  -- A request that is late finds its lease gone, and is refused.
  delete from write.object_leases l
  using write.dropped_objects d
  where l.object_key = any (p_keys) and d.object_key = l.object_key;
end
$function$
;
alter function write.drop_orphans(bigint,text[]) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.drop_outbox_partition(p_name text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
declare
  v_waits boolean;
begin
  -- The order in which an insert takes its locks; the other way round the two would wait for each other.
  lock table only write.outbox in access exclusive mode;
  if not exists (select from write.outbox_partitions() p where p.name = p_name and p.closed) then
    return false;
  end if;
  execute format('select exists (select from write.%I p where p.published_at is null)', p_name) into v_waits;
  if v_waits then return false; end if;
  execute format('drop table write.%I', p_name);
  return true;
end
$function$
;
alter function write.drop_outbox_partition(text) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.drop_purged()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if new.event_type = 'entity.purged' then
    perform write.drop_objects(new.user_id, new.aggregate_id);
  else
    perform write.drop_objects(new.user_id, null);
    -- Their names are the user's words. What was put for them is found by the sweep.
    delete from write.uploads u where u.user_id = new.user_id;
  end if;
  return null;
end
$function$
;
alter function write.drop_purged() owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.extend_outbox(p_ahead integer DEFAULT 2, p_close_after interval DEFAULT '06:00:00'::interval)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
declare
  c_rows constant bigint := 1000000;
  v_first bigint;
  v_range bigint;
  v_name text;
  v_began timestamptz;
  v_made integer := 0;
begin
  select s.last_value / c_rows into v_first from write.outbox_id s;
  select o.created_at into v_began from write.outbox o
    where o.id >= v_first * c_rows and o.id < (v_first + 1) * c_rows order by o.id limit 1;
  for v_range in select generate_series(v_first, v_first + p_ahead) loop
    v_name := 'outbox_' || lpad(v_range::text, greatest(6, length(v_range::text)), '0');
    continue when to_regclass('write.' || v_name) is not null;
    continue when exists (
      select from write.outbox_default d where d.id >= v_range * c_rows and d.id < (v_range + 1) * c_rows
    );
    execute format(
      'create table write.%I partition of write.outbox for values from (%s) to (%s)
         with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)',
      v_name, v_range * c_rows, (v_range + 1) * c_rows
    );
    v_made := v_made + 1;
  end loop;
  if v_began < clock_timestamp() - p_close_after then
    -- Ids are given out by inserts, and none runs beside this lock: the jump never goes back.
    lock table only write.outbox in share row exclusive mode;
    perform setval('write.outbox_id', (v_first + 1) * c_rows, false)
      from write.outbox_id s where s.last_value < (v_first + 1) * c_rows;
  end if;
  return v_made;
end
$function$
;
alter function write.extend_outbox(integer,interval) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.heads(p_older_than interval, p_after uuid, p_limit integer)
 RETURNS TABLE(user_id uuid, sequence bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select u.user_id, u.sequence from write.users u
  where u.sequence > 0 and u.updated_at < clock_timestamp() - p_older_than
    and (p_after is null or u.user_id > p_after)
  order by u.user_id
  limit least(p_limit, 10000)
$function$
;
alter function write.heads(interval,uuid,integer) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.item_status(p_entity uuid)
 RETURNS TABLE(found boolean, version integer, sequence bigint, stored_at timestamp with time zone, relayed_at timestamp with time zone, pending integer, content_sha256 text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_user constant uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  v_stream write.streams;
  v_row record;
  v_relayed_at timestamptz;
  v_pending integer := 0;
begin
  select s.* into v_stream from write.streams s
  where s.user_id = v_user and s.aggregate_id = p_entity and s.aggregate_type = 'entity';

  -- A user's events are relayed in order: from the item's last one back to the first that is out.
  for v_row in
    select o.aggregate_id, o.sequence as n, o.published_at from write.outbox o
    where o.user_id = v_user and o.sequence <= v_stream.sequence
    order by o.sequence desc
    limit 10000
  loop
    if v_row.published_at is not null then
      if v_row.n = v_stream.sequence then v_relayed_at := v_row.published_at; end if;
      exit;
    end if;
    if v_row.aggregate_id = p_entity then v_pending := v_pending + 1; end if;
  end loop;

  return query select
    v_stream.aggregate_id is not null, v_stream.version, v_stream.sequence, v_stream.updated_at, v_relayed_at, v_pending,
    v_stream.state #>> '{content,sha256}';
end
$function$
;
alter function write.item_status(uuid) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.keep_result(p_user uuid, p_claim jsonb, p_result jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;
alter function write.keep_result(uuid,jsonb,jsonb) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.ledger_clock()
 RETURNS TABLE(now timestamp with time zone, reconciled_at timestamp with time zone)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select clock_timestamp(), (select r.started_at from write.reconciliation r where r.phase = 'done')
$function$
;
alter function write.ledger_clock() owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.ledger_heads(p_user uuid, p_after uuid, p_limit integer)
 RETURNS TABLE(user_id uuid, sequence bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select u.user_id, u.sequence from write.users u
  where u.sequence > 0 and (p_user is null or u.user_id = p_user) and (p_after is null or u.user_id > p_after)
  order by u.user_id
  limit least(p_limit, 10000)
$function$
;
alter function write.ledger_heads(uuid,uuid,integer) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.ledger_oldest(p_users uuid[], p_sequences bigint[])
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select min(o.created_at)
  from unnest(p_users, p_sequences) as n (user_id, sequence)
  cross join lateral (
    select w.created_at from write.outbox w where w.user_id = n.user_id and w.sequence = n.sequence limit 1
  ) o
$function$
;
alter function write.ledger_oldest(uuid[],bigint[]) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.ledger_rows(p_users uuid[], p_from bigint[], p_to bigint[])
 RETURNS TABLE(user_id uuid, sequence bigint, event_id uuid, aggregate_id uuid, aggregate_type text, version integer, created_at timestamp with time zone, published_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  for i in 1 .. coalesce(cardinality(p_users), 0) loop
    return query
      select o.user_id, o.sequence, o.event_id, o.aggregate_id, o.aggregate_type, o.version, o.created_at, o.published_at
      from write.outbox o
      where o.user_id = p_users[i] and o.sequence between p_from[i] and p_to[i]
      order by o.sequence;
  end loop;
end
$function$
;
alter function write.ledger_rows(uuid[],bigint[],bigint[]) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.orphans_among(p_keys text[])
 RETURNS SETOF text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select k.object_key from unnest(p_keys) as k (object_key)
  where not exists (select from write.objects o where o.object_key = k.object_key)
    and not exists (
      select from write.object_leases l where l.object_key = k.object_key and l.expires_at > clock_timestamp()
    )
    and not exists (
      select from write.idempotency i
      where i.object_key = k.object_key and i.result is null and i.expires_at > clock_timestamp()
    )
$function$
;
alter function write.orphans_among(text[]) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.other_key(p_object_key text)
 RETURNS text
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select regexp_replace(p_object_key, '(\.[^./]*)?$', '.' || left(gen_random_uuid()::text, 8) || '\1')
$function$
;
alter function write.other_key(text) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.outbox_overview()
 RETURNS TABLE(unpublished bigint, oldest_unpublished_at timestamp with time zone, quarantined_users bigint, relay_epoch bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select
    (select count(*) from write.outbox o where o.published_at is null),
    (select o.created_at from write.outbox o where o.published_at is null order by o.id limit 1),
    (select count(*) from write.relay_quarantine),
    (select l.epoch from write.relay_lease l where l.name = 'relay')
$function$
;
alter function write.outbox_overview() owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.outbox_partitions()
 RETURNS TABLE(name text, from_id bigint, to_id bigint, closed boolean, is_default boolean, rows_estimate bigint, bytes bigint, newest_published_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_last bigint;
begin
  select s.last_value into v_last from write.outbox_id s;
  for name, is_default, rows_estimate, bytes, from_id, to_id in
    select c.relname, b.bound = 'DEFAULT', greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid),
           (regexp_match(b.bound, $r$FROM \('(\d+)'\)$r$))[1]::bigint, (regexp_match(b.bound, $r$TO \('(\d+)'\)$r$))[1]::bigint
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      cross join lateral (select pg_get_expr(c.relpartbound, c.oid) as bound) b
     where i.inhparent = 'write.outbox'::regclass
     order by 5 nulls first
  loop
    closed := not is_default and to_id <= v_last;
    execute format('select p.published_at from write.%I p order by p.id desc limit 1', name)
      into newest_published_at;
    return next;
  end loop;
end
$function$
;
alter function write.outbox_partitions() owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.put_events(p_user uuid, p_context jsonb, p_aggregates jsonb, p_events jsonb, p_sequence bigint, p_occurred timestamp with time zone)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;
alter function write.put_events(uuid,jsonb,jsonb,jsonb,bigint,timestamp with time zone) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.put_tags(p_user uuid, p_tags jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;
alter function write.put_tags(uuid,jsonb) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.refusal()
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_known write.identity;
  v_actual record;
begin
  select i.* into v_known from write.identity i;
  if not found then
    insert into write.identity (system_identifier, timeline, database_oid)
      select a.system_identifier, a.timeline, a.database_oid from write.actual_identity() a
      on conflict do nothing;
    return null;
  end if;
  if not v_known.settled then return 'unsettled'; end if;
  select a.* into v_actual from write.actual_identity() a;
  if (v_known.system_identifier, v_known.timeline, v_known.database_oid)
    is distinct from (v_actual.system_identifier, v_actual.timeline, v_actual.database_oid) then
    return 'restored';
  end if;
  return null;
end
$function$
;
alter function write.refusal() owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.refuse_unreconciled()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_epoch uuid;
  v_why text;
begin
  select i.epoch into v_epoch from write.identity i;
  if current_setting('synap.write_epoch', true) = v_epoch::text then return null; end if;
  v_why := write.refusal();
  if v_why is not null then
    raise exception 'the write database has to be reconciled (%)', v_why using errcode = 'SY001';
  end if;
  perform set_config('synap.write_epoch', v_epoch::text, false) where v_epoch is not null;
  return null;
end
$function$
;
alter function write.refuse_unreconciled() owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.release_quarantine(p_user uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  delete from write.relay_quarantine q where q.user_id = p_user;
  return found;
end
$function$
;
alter function write.release_quarantine(uuid) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.take_lease(p_object_key text, p_until timestamp with time zone, OUT lease_id uuid, OUT object_key text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  object_key := p_object_key;
  insert into write.object_leases as l (object_key, expires_at) values (p_object_key, p_until)
  returning l.lease_id into take_lease.lease_id;
  -- Not before: the insert waits for a sweep that decides just now, and only a later statement sees what it decided.
  if exists (select from write.dropped_objects d where d.object_key = p_object_key) then
    object_key := write.other_key(p_object_key);
    update write.object_leases l set object_key = take_lease.object_key where l.lease_id = take_lease.lease_id;
  end if;
end
$function$
;
alter function write.take_lease(text,timestamp with time zone) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.unpublished(p_limit integer, p_under_way int8multirange)
 RETURNS SETOF write.outbox
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_sort TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
  return query
    select o.* from write.outbox o
     where o.published_at is null
       and not o.id <@ p_under_way
       and o.user_id not in (select q.user_id from write.relay_quarantine q)
     order by o.id
     limit p_limit;
end
$function$
;
alter function write.unpublished(integer,int8multirange) owner to synap_ingest;

CREATE OR REPLACE FUNCTION write.user_status(p_seen bigint[])
 RETURNS TABLE(sequence bigint, unrelayed integer, unrelayed_since timestamp with time zone, waiting_since timestamp with time zone[])
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_user constant uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  v_row record;
  v_seen bigint;
begin
  select u.sequence into sequence from write.users u where u.user_id = v_user;
  sequence := coalesce(sequence, 0);

  -- A user's events are relayed in order: from the last one back to the first that is out.
  unrelayed := 0;
  for v_row in
    select o.created_at, o.published_at from write.outbox o
    where o.user_id = v_user order by o.sequence desc limit 10000
  loop
    exit when v_row.published_at is not null;
    unrelayed := unrelayed + 1;
    unrelayed_since := v_row.created_at;
  end loop;

  waiting_since := '{}';
  foreach v_seen in array p_seen loop
    waiting_since := waiting_since || (
      select o.created_at from write.outbox o
      where o.user_id = v_user and o.sequence > v_seen order by o.sequence limit 1);
  end loop;
  return next;
end
$function$
;
alter function write.user_status(bigint[]) owner to synap_ingest;

CREATE TRIGGER drop_purged AFTER INSERT ON write.outbox FOR EACH ROW WHEN ((new.event_type = ANY (ARRAY['entity.purged'::text, 'user.erased'::text]))) EXECUTE FUNCTION write.drop_purged();

CREATE TRIGGER refuse_unreconciled BEFORE INSERT ON write.outbox FOR EACH STATEMENT EXECUTE FUNCTION write.refuse_unreconciled();

CREATE TRIGGER drop_purged AFTER INSERT ON write.outbox_000000 FOR EACH ROW WHEN ((new.event_type = ANY (ARRAY['entity.purged'::text, 'user.erased'::text]))) EXECUTE FUNCTION write.drop_purged();

CREATE TRIGGER drop_purged AFTER INSERT ON write.outbox_000001 FOR EACH ROW WHEN ((new.event_type = ANY (ARRAY['entity.purged'::text, 'user.erased'::text]))) EXECUTE FUNCTION write.drop_purged();

CREATE TRIGGER drop_purged AFTER INSERT ON write.outbox_000002 FOR EACH ROW WHEN ((new.event_type = ANY (ARRAY['entity.purged'::text, 'user.erased'::text]))) EXECUTE FUNCTION write.drop_purged();

CREATE TRIGGER drop_purged AFTER INSERT ON write.outbox_default FOR EACH ROW WHEN ((new.event_type = ANY (ARRAY['entity.purged'::text, 'user.erased'::text]))) EXECUTE FUNCTION write.drop_purged();

grant execute on function write.item_status(uuid) to synap_query;
grant execute on function write.ledger_clock() to synap_operator;
grant execute on function write.ledger_heads(uuid,uuid,integer) to synap_operator;
grant execute on function write.ledger_oldest(uuid[],bigint[]) to synap_operator;
grant execute on function write.ledger_rows(uuid[],bigint[],bigint[]) to synap_operator;
grant execute on function write.outbox_overview() to synap_operator;
grant execute on function write.outbox_partitions() to synap_operator;
grant execute on function write.release_quarantine(uuid) to synap_operator;
grant execute on function write.user_status(bigint[]) to synap_query;
grant usage on schema write to synap_operator;
grant usage on schema write to synap_query;
