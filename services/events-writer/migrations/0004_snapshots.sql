-- What bounds the cost of a replay, and the ways into the log besides the id and the sequence.

-- The state of an aggregate at each hundredth version. Derived: losing a row, or finding a wrong one, costs time only.
create table log.snapshots (
  aggregate_id uuid not null,
  version int not null,
  user_id uuid not null,
  -- of the fold that made it; a snapshot of another fold is not used
  state_version int not null,
  -- of the event with this version
  sequence bigint not null,
  -- JSON, kept as text so that the checksum is of these very bytes
  state text not null,
  -- SHA-256 in hexadecimal over state version, aggregate, version and state
  checksum text not null,
  made_at timestamptz not null default now(),
  primary key (aggregate_id, version)
);
create index snapshots_of_user on log.snapshots (user_id);

-- Aggregates that have come to another hundredth version since their last snapshot; the service works them off.
create table log.snapshots_due (
  aggregate_id uuid primary key,
  user_id uuid not null
);
insert into log.snapshots_due (aggregate_id, user_id)
  select a.aggregate_id, a.user_id from log.aggregates a where a.version >= 100;

-- The events of one aggregate in the order of their versions: replay, history.
create index events_by_aggregate on log.events (aggregate_id, version);
-- What one request began.
create index events_by_correlation on log.events (correlation_id);
-- What one event caused. Most events have no cause and are not in it.
create index events_by_cause on log.events (causation_id) where causation_id is not null;
