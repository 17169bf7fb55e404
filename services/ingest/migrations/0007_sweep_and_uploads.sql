-- Objects that nothing refers to leave the store, and files come in without passing through ingest.

-- Keys that are given up, by the sweep or by a purge. Such a key is never put again (see take_lease), so a deletion
-- that comes late takes nothing that anybody refers to.
create table write.dropped_objects (
  object_key text primary key,
  dropped_at timestamptz not null default clock_timestamp(),
  -- when the store said that it was gone; null: it has to be deleted still
  deleted_at timestamptz
);

create index dropped_objects_waiting on write.dropped_objects (dropped_at) where deleted_at is null;
create index dropped_objects_done on write.dropped_objects (deleted_at) where deleted_at is not null;
create index object_leases_by_expiry on write.object_leases (expires_at);
-- The sweep asks by key. `result` is not in it: the row is changed in place when the request is done.
create index idempotency_by_object on write.idempotency (object_key) where object_key is not null;

-- One row: who sweeps, and how far the round is. Taking over raises the epoch.
create table write.sweeps (
  only_row boolean primary key default true check (only_row),
  epoch bigint not null,
  expires_at timestamptz not null,
  -- the last key that was looked at; null: the next round begins at the first
  after_key text,
  -- when the last round ended
  ended_at timestamptz
);

-- Files that their owners put into the store themselves. A row is an upload under way or, while its key is in the
-- ledger, one that was completed; both until it expires.
create table write.uploads (
  user_id uuid not null,
  upload_id uuid not null,
  object_key text not null,
  -- as announced: what lies under the key has to have both
  sha256 bytea not null check (octet_length(sha256) = 32),
  size_bytes bigint not null check (size_bytes > 0),
  content_type text not null,
  file_name text,
  -- what it becomes: {kind: capture, entity} | {kind: content, entityId} | {kind: attachment, entityId}
  target jsonb not null,
  -- the entity that it becomes, or goes to
  entity_id uuid not null,
  lease_id uuid not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  primary key (user_id, upload_id)
);

create index uploads_by_expiry on write.uploads (expires_at);

-- A key like this one that nobody has: before its extension stands something random.
create function write.other_key(p_object_key text) returns text
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select regexp_replace(p_object_key, '(\.[^./]*)?$', '.' || left(gen_random_uuid()::text, 8) || '\1')
$$;

-- The right to put an object and refer to it: under `p_object_key`, or under another key when that one was given up.
create function write.take_lease(
  p_object_key text, p_until timestamptz, out lease_id uuid, out object_key text
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- As before; the key that is answered may be another than the one that was asked for.
create or replace function write.begin_put(
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
$$;

-- Opens an upload; with a key, the same request gets the same upload. `p_upload` has {upload_id, entity_id, sha256,
-- size, content_type, name, target}.
--
-- Answers {outcome: begun, now_ms}, or {outcome: replay, result: {uploadId}}, {outcome: mismatch},
-- {outcome: in_flight, retry_after_ms}.
create function write.begin_upload(
  p_user uuid, p_idempotency_key text, p_request_hash bytea, p_object_key text, p_upload jsonb, p_keep interval
) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- Those of these keys that nothing refers to and nobody may put: not in the ledger, no lease that goes on, no request
-- that may be sent again. A look, without any lock.
create function write.orphans_among(p_keys text[]) returns setof text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select k.object_key from unnest(p_keys) as k (object_key)
  where not exists (select from write.objects o where o.object_key = k.object_key)
    and not exists (
      select from write.object_leases l where l.object_key = k.object_key and l.expires_at > clock_timestamp()
    )
    and not exists (
      select from write.idempotency i
      where i.object_key = k.object_key and i.result is null and i.expires_at > clock_timestamp()
    )
$$;

-- Gives up those of these keys that are orphans, and ends their leases; answers them. Nothing is given up by who is not
-- the sweep any more, or in a database that may give out no numbers: its ledger may lack what the log refers to.
create function write.drop_orphans(p_epoch bigint, p_keys text[]) returns setof text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
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
$$;

-- Gives up what an entity refers to, or everything of a user (null).
create function write.drop_objects(p_user uuid, p_aggregate uuid) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  with gone as (
    delete from write.objects o
    where o.user_id = p_user and (p_aggregate is null or o.aggregate_id = p_aggregate)
    returning o.object_key
  )
  insert into write.dropped_objects (object_key) select g.object_key from gone g
  on conflict (object_key) do nothing
$$;

-- In the transaction of the append: what was purged is referred to by nobody, from this commit on.
create function write.drop_purged() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
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
$$;

create trigger drop_purged after insert on write.outbox
  for each row when (new.event_type in ('entity.purged', 'user.erased'))
  execute function write.drop_purged();

revoke all on function write.other_key(text) from public;
revoke all on function write.take_lease(text, timestamptz) from public;
revoke all on function write.begin_upload(uuid, text, bytea, text, jsonb, interval) from public;
revoke all on function write.orphans_among(text[]) from public;
revoke all on function write.drop_orphans(bigint, text[]) from public;
revoke all on function write.drop_objects(uuid, uuid) from public;
revoke all on function write.drop_purged() from public;
