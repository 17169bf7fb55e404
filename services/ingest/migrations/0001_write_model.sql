-- The write model of ingest: who may write, what each aggregate is now, which content it refers to.

create table write.users (
  user_id uuid primary key,
  -- the highest number given out among all events of this user; 0 before the first
  sequence bigint not null default 0 check (sequence >= 0),
  -- the time of the event with that number, whole milliseconds
  last_occurred_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
) with (fillfactor = 70);

comment on table write.users is
  'One row per user. It is locked while numbers are given out: order of sequence = order of commit.';

-- The key begins with the user, so one user's ids say nothing about another's. Here and in the tables written by the
-- append, no foreign key to users: the append is the only writer and holds that row.
create table write.streams (
  user_id uuid not null,
  aggregate_id uuid not null,
  aggregate_type text not null,
  version integer not null check (version > 0),
  -- the sequence of its last event
  sequence bigint not null check (sequence > 0),
  -- the fold of the aggregate, in the shape that evolve gave it at state_version
  state jsonb not null,
  state_version integer not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (user_id, aggregate_id)
) with (fillfactor = 80);

-- Every key ever referenced; rows leave only by purge or erasure.
create table write.objects (
  object_key text primary key,
  user_id uuid not null,
  aggregate_id uuid not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  size_bytes bigint not null check (size_bytes >= 0),
  content_type text not null,
  created_at timestamptz not null default clock_timestamp()
);

create index objects_by_aggregate on write.objects (user_id, aggregate_id);

-- A put takes a row here first. The append takes it away, and fails when it is gone: then the object may be gone too.
create table write.object_leases (
  lease_id uuid primary key default gen_random_uuid(),
  object_key text not null,
  expires_at timestamptz not null
);

create index object_leases_by_key on write.object_leases (object_key);

create table write.idempotency (
  user_id uuid not null,
  idempotency_key text not null check (char_length(idempotency_key) between 1 and 255),
  -- SHA-256 of method, path and body: the same key with another request is refused
  request_hash bytea not null check (octet_length(request_hash) = 32),
  -- what the first attempt minted; a later one goes on with the same
  ids jsonb not null default '{}',
  object_key text,
  attempt integer not null default 1,
  -- the running attempt owns the row until then
  lease_expires_at timestamptz not null,
  -- null until the append of the owning attempt has committed
  result jsonb,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  primary key (user_id, idempotency_key)
);

create index idempotency_by_expiry on write.idempotency (expires_at);

create table write.tags (
  user_id uuid not null references write.users (user_id),
  tag_id uuid not null,
  -- the spelling that counts for equality; `name` keeps the one first written
  normalized text not null,
  name text not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (user_id, tag_id),
  unique (user_id, normalized)
);

create table write.api_keys (
  key_id uuid primary key,
  user_id uuid not null references write.users (user_id),
  name text not null,
  -- SHA-256 of the key; the key itself is shown once and kept nowhere
  key_hash bytea not null unique check (octet_length(key_hash) = 32),
  scopes text[] not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz,
  -- to the minute
  last_used_at timestamptz
);

create index api_keys_by_user on write.api_keys (user_id, created_at);

-- What the register command found in the registry: the relay publishes with these ids and no others.
create table write.schemas (
  fingerprint bytea primary key check (octet_length(fingerprint) = 32),
  -- synap.events.EntityCreated
  record_name text not null,
  subject text not null,
  schema text not null,
  registry_id integer not null check (registry_id > 0),
  registered_at timestamptz not null default clock_timestamp()
);
