-- The event log: every event that ever was, as it was decoded with the schema it was written with.

-- Schemas that events in the log were written with, so that each can be encoded again to the same bytes.
create table log.schemas (
  no int generated always as identity primary key,
  fingerprint bytea not null unique check (octet_length(fingerprint) = 32),
  -- number in the registry
  schema_id int not null,
  schema text not null,
  event_type text not null,
  aggregate_type text not null
);

create table log.events (
  -- the event's own time, the same on every redelivery; whole milliseconds
  occurred_at timestamptz not null,
  event_id uuid not null,
  user_id uuid not null,
  sequence bigint not null check (sequence > 0),
  aggregate_id uuid not null,
  version int not null check (version > 0),
  -- log.schemas.no; without a foreign key, which would cost a look per row
  schema_no int not null,
  event_type text not null,
  source text not null,
  actor_kind text not null,
  actor_id uuid,
  -- a W3C trace id: sixteen bytes
  correlation_id uuid not null,
  causation_id uuid,
  delta jsonb not null,
  -- envelope fields that this build does not know
  extra jsonb,
  traceparent text,
  tracestate text,
  -- a unique index of a hypertable has to hold the time
  primary key (event_id, occurred_at)
);

-- The one way in besides the id: a user's events by sequence. Aggregates are found through log.aggregates.
create index events_by_sequence on log.events (user_id, sequence);

-- With TimescaleDB the log is cut into one chunk per day; without, it is one table. The service sets another interval.
do $$
declare
  place text;
begin
  select n.nspname into place
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'timescaledb';
  if found then
    execute format(
      'select %1$I.create_hypertable(%2$L, %1$I.by_range(%3$L, interval ''1 day''), create_default_indexes => false)',
      place, 'log.events', 'occurred_at'
    );
  end if;
end
$$;

-- Which sequences and times a user's events of a day (UTC) span: a lookup by sequence touches few chunks.
create table log.user_days (
  user_id uuid not null,
  day date not null,
  first_sequence bigint not null,
  last_sequence bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (user_id, day)
);

-- The same per aggregate, and how far it is.
create table log.aggregates (
  aggregate_id uuid primary key,
  user_id uuid not null,
  aggregate_type text not null,
  version int not null,
  first_sequence bigint not null,
  last_sequence bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  logged_at timestamptz not null default now()
);

-- Exact counts, kept in the transaction of the events; works on every edition.
create table log.daily_counts (
  user_id uuid not null,
  day date not null,
  event_type text not null,
  events bigint not null,
  primary key (user_id, day, event_type)
);
