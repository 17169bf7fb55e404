-- How far this consumer is, per partition and per user, and what it could not apply.
-- Owned by @synap/inbox; printed for a schema by inboxDdl(schema), which a test compares with the service's migration.

-- One row per partition; whoever applies a batch holds it `for update` (the fence against zombies).
create table enrich.positions (
  topic text not null,
  partition int not null,
  -- the next record to be handled; records below it are dropped
  next_offset bigint not null check (next_offset >= 0),
  -- id of the event in the record at next_offset - 1, null when that record had none: proves it is still the same topic
  event_id uuid,
  -- starts at attempt_offset without an end: written before decoding, because decoding may kill the process
  attempts int not null default 0,
  attempt_offset bigint,
  updated_at timestamptz not null default now(),
  primary key (topic, partition)
);

-- Every sequence up to `seen` is accounted for: applied, skipped on purpose, or parked in a slot. No row = 0.
create table enrich.user_positions (
  user_id uuid primary key,
  seen bigint not null check (seen >= 0),
  updated_at timestamptz not null default now()
);

create table enrich.parked (
  id bigint generated always as identity primary key,
  -- null when the event did not come off a topic: a missing one, or one fetched from ingest
  topic text,
  partition int,
  record_offset bigint,
  -- what the headers say; null when they are unusable, or the event is missing
  user_id uuid,
  aggregate_id uuid,
  aggregate_type text,
  version int,
  sequence bigint,
  event_id uuid,
  event_type text,
  -- stable word: missing, undecodable, inconsistent, behind_parked, …; see ParkReason
  reason text not null,
  detail text,
  key text,
  headers jsonb,
  value bytea,
  -- true: holds the place of (user_id, sequence), which counts as seen
  slot boolean not null,
  -- open: waits · retry: marked, the owner tries it soon · applied, discarded: closed
  state text not null default 'open' check (state in ('open', 'retry', 'applied', 'discarded')),
  attempts int not null default 0,
  parked_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (not slot or (user_id is not null and sequence is not null))
);

create unique index parked_slot on enrich.parked (user_id, sequence) where slot and state in ('open', 'retry');
create index parked_marked on enrich.parked (topic, user_id) where state = 'retry';
-- a record that takes no slot is parked once, however often it is delivered
create unique index parked_record
  on enrich.parked (topic, partition, record_offset, coalesce(sha256(value), ''::bytea))
  where not slot;

-- How far the given users are in this store. Numbers only; a user without a row is at 0 and is left out.
create function enrich.positions_of(users uuid[]) returns table (user_id uuid, seen bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select p.user_id, p.seen from enrich.user_positions p where p.user_id = any (users)
$$;

-- Marks parked rows for the owner, who acts on them within a minute; answers how many were marked. `retry` tries them
-- again in version order. `discard` gives them up: what is parked behind them goes on without them.
create function enrich.mark_parked(ids bigint[], action text) returns bigint
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  marked bigint;
begin
  -- the owner works under its users' rows: a mark must not fall between its look and its update
  perform 1 from enrich.user_positions u
    where u.user_id in (select p.user_id from enrich.parked p where p.id = any (ids))
    order by u.user_id for update;
  if action = 'retry' then
    update enrich.parked p set state = 'retry', updated_at = now()
      where p.id = any (ids) and p.state = 'open' and p.value is not null;
    get diagnostics marked = row_count;
  elsif action = 'discard' then
    update enrich.parked p set state = 'discarded', updated_at = now()
      where p.id = any (ids) and p.state in ('open', 'retry');
    get diagnostics marked = row_count;
    update enrich.parked f set state = 'retry', updated_at = now()
      where f.slot and f.state = 'open' and f.reason in ('behind_parked', 'behind_missing')
        and f.user_id in (select p.user_id from enrich.parked p where p.id = any (ids) and p.slot);
  else
    raise exception 'unknown action' using errcode = '22023';
  end if;
  return marked;
end
$$;

revoke all on function enrich.positions_of(uuid[]), enrich.mark_parked(bigint[], text) from public;
grant usage on schema enrich to synap_query, synap_operator;
grant execute on function enrich.positions_of(uuid[]) to synap_query, synap_operator;
grant execute on function enrich.mark_parked(bigint[], text) to synap_operator;
