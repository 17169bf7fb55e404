-- Accepted events on their way to the topic.
--
-- Partitions are ranges of a million ids, so that published rows leave by dropping a table. Rows outside every range
-- fall into the default partition: nothing is refused because housekeeping was late.

create sequence write.outbox_id as bigint;

create table write.outbox (
  -- given out under the lock of the user's row, so per user: order of id = order of sequence. Across users ids commit
  -- out of order; never keep a cursor over them.
  id bigint not null default nextval('write.outbox_id'),
  event_id uuid not null,
  event_type text not null,
  user_id uuid not null,
  aggregate_id uuid not null,
  aggregate_type text not null,
  version integer not null check (version > 0),
  sequence bigint not null check (sequence > 0),
  -- whole milliseconds
  occurred_at timestamptz not null,
  source text not null,
  -- a W3C trace id: sixteen bytes
  correlation_id uuid not null,
  causation_id uuid,
  actor_kind text not null,
  actor_id uuid,
  -- the Avro bytes of the delta fields, written with the schema of this fingerprint
  delta bytea not null,
  schema_fingerprint bytea not null check (octet_length(schema_fingerprint) = 32),
  traceparent text,
  tracestate text,
  created_at timestamptz not null default clock_timestamp(),
  published_at timestamptz,
  primary key (id)
) partition by range (id);

alter sequence write.outbox_id owned by write.outbox.id;

create index outbox_unpublished on write.outbox (id) where published_at is null;
create index outbox_by_sequence on write.outbox (user_id, sequence);

create table write.outbox_default partition of write.outbox default;

-- Makes the partitions for the ids about to be given out; returns how many are new. A range that already has rows in
-- the default partition is left there.
create function write.extend_outbox(p_ahead integer default 2) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  c_rows constant bigint := 1000000;
  v_first bigint;
  v_range bigint;
  v_name text;
  v_made integer := 0;
begin
  select s.last_value / c_rows into v_first from write.outbox_id s;
  for v_range in select generate_series(v_first, v_first + p_ahead) loop
    v_name := 'outbox_' || lpad(v_range::text, 6, '0');
    continue when to_regclass('write.' || v_name) is not null;
    continue when exists (
      select from write.outbox_default d where d.id >= v_range * c_rows and d.id < (v_range + 1) * c_rows
    );
    execute format(
      'create table write.%I partition of write.outbox for values from (%s) to (%s)',
      v_name, v_range * c_rows, (v_range + 1) * c_rows
    );
    v_made := v_made + 1;
  end loop;
  return v_made;
end
$$;

revoke all on function write.extend_outbox(integer) from public;

select write.extend_outbox();

-- One row: who relays, and under which epoch. Taking over raises the epoch, so the marks of the one before touch no row.
create table write.relay_lease (
  name text primary key,
  holder uuid not null,
  epoch bigint not null,
  expires_at timestamptz not null
);

-- Users whose next event cannot be published. Their later events wait, everybody else's flow.
create table write.relay_quarantine (
  user_id uuid primary key,
  outbox_id bigint not null,
  event_id uuid not null,
  sequence bigint not null,
  reason text not null,
  since timestamptz not null default clock_timestamp()
);
