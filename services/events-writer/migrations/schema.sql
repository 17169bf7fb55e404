-- What the migrations beside this file come to; of them: sha256 8ccc56f8e3677f7d2b03c8d6493f0e80dc64668d7be4730814401310918ca827
create schema log authorization synap_events_writer;

create table log.aggregates (
  aggregate_id uuid not null,
  user_id uuid not null,
  aggregate_type text not null,
  version integer not null,
  first_sequence bigint not null,
  last_sequence bigint not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  logged_at timestamp with time zone not null default now(),
  constraint aggregates_pkey PRIMARY KEY (aggregate_id)
);
alter table log.aggregates owner to synap_events_writer;

create table log.daily_counts (
  user_id uuid not null,
  day date not null,
  event_type text not null,
  events bigint not null,
  constraint daily_counts_pkey PRIMARY KEY (user_id, day, event_type)
);
alter table log.daily_counts owner to synap_events_writer;

create table log.events (
  occurred_at timestamp with time zone not null,
  event_id uuid not null,
  user_id uuid not null,
  sequence bigint not null,
  aggregate_id uuid not null,
  version integer not null,
  schema_no integer not null,
  event_type text not null,
  source text not null,
  actor_kind text not null,
  actor_id uuid,
  correlation_id uuid not null,
  causation_id uuid,
  delta jsonb not null,
  extra jsonb,
  traceparent text,
  tracestate text,
  constraint events_pkey PRIMARY KEY (event_id, occurred_at),
  constraint events_sequence_check CHECK ((sequence > 0)),
  constraint events_version_check CHECK ((version > 0))
);
alter table log.events owner to synap_events_writer;

create table log.parked (
  id bigint not null generated always as identity,
  topic text,
  partition integer,
  record_offset bigint,
  user_id uuid,
  aggregate_id uuid,
  aggregate_type text,
  version integer,
  sequence bigint,
  event_id uuid,
  event_type text,
  reason text not null,
  detail text,
  key text,
  headers jsonb,
  value bytea,
  slot boolean not null,
  state text not null default 'open'::text,
  attempts integer not null default 0,
  parked_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint parked_check CHECK (((NOT slot) OR ((user_id IS NOT NULL) AND (sequence IS NOT NULL)))),
  constraint parked_pkey PRIMARY KEY (id),
  constraint parked_state_check CHECK ((state = ANY (ARRAY['open'::text, 'retry'::text, 'applied'::text, 'discarded'::text])))
);
alter table log.parked owner to synap_events_writer;

create table log.positions (
  topic text not null,
  partition integer not null,
  next_offset bigint not null,
  event_id uuid,
  attempts integer not null default 0,
  attempt_offset bigint,
  updated_at timestamp with time zone not null default now(),
  constraint positions_next_offset_check CHECK ((next_offset >= 0)),
  constraint positions_pkey PRIMARY KEY (topic, partition)
);
alter table log.positions owner to synap_events_writer;

create table log.schemas (
  no integer not null generated always as identity,
  fingerprint bytea not null,
  schema_id integer not null,
  schema text not null,
  event_type text not null,
  aggregate_type text not null,
  constraint schemas_fingerprint_check CHECK ((octet_length(fingerprint) = 32)),
  constraint schemas_fingerprint_key UNIQUE (fingerprint),
  constraint schemas_pkey PRIMARY KEY (no)
);
alter table log.schemas owner to synap_events_writer;

create table log.user_days (
  user_id uuid not null,
  day date not null,
  first_sequence bigint not null,
  last_sequence bigint not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  constraint user_days_pkey PRIMARY KEY (user_id, day)
);
alter table log.user_days owner to synap_events_writer;

create table log.user_positions (
  user_id uuid not null,
  seen bigint not null,
  updated_at timestamp with time zone not null default now(),
  constraint user_positions_pkey PRIMARY KEY (user_id),
  constraint user_positions_seen_check CHECK ((seen >= 0))
);
alter table log.user_positions owner to synap_events_writer;

CREATE INDEX events_by_sequence ON log.events USING btree (user_id, sequence);

CREATE INDEX parked_marked ON log.parked USING btree (topic, user_id) WHERE (state = 'retry'::text);

CREATE UNIQUE INDEX parked_record ON log.parked USING btree (topic, partition, record_offset, COALESCE(sha256(value), '\x'::bytea)) WHERE (NOT slot);

CREATE UNIQUE INDEX parked_slot ON log.parked USING btree (user_id, sequence) WHERE (slot AND (state = ANY (ARRAY['open'::text, 'retry'::text])));

CREATE OR REPLACE FUNCTION log.events_between(p_user uuid, p_from bigint, p_to bigint)
 RETURNS TABLE(event_id uuid, event_type text, user_id uuid, aggregate_id uuid, aggregate_type text, version integer, sequence bigint, occurred_at timestamp with time zone, source text, correlation_id text, causation_id uuid, actor_kind text, actor_id uuid, delta jsonb, extra jsonb, traceparent text, tracestate text, fingerprint text, schema_id integer, schema text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  earliest timestamptz;
  latest timestamptz;
begin
  select min(d.first_at), max(d.last_at) into earliest, latest
    from log.user_days d
    where d.user_id = p_user and d.last_sequence >= p_from and d.first_sequence <= p_to;
  return query
    select e.event_id, e.event_type, e.user_id, e.aggregate_id, s.aggregate_type, e.version, e.sequence, e.occurred_at,
           e.source, replace(e.correlation_id::text, '-', ''), e.causation_id, e.actor_kind, e.actor_id,
           e.delta, e.extra, e.traceparent, e.tracestate, encode(s.fingerprint, 'hex'), s.schema_id, s.schema
      from log.events e join log.schemas s on s.no = e.schema_no
      where e.user_id = p_user and e.sequence between p_from and p_to
        and e.occurred_at between earliest and latest
      order by e.sequence;
end
$function$
;
alter function log.events_between(uuid,bigint,bigint) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.item_status(p_entity uuid)
 RETURNS TABLE(version integer, sequence bigint, logged_at timestamp with time zone, parked integer)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select a.version, a.last_sequence, a.logged_at, w.parked
    from (select nullif(current_setting('synap.user_id', true), '')::uuid as user_id) me
    cross join lateral (
      select count(*)::int as parked from log.parked p
        where p.user_id = me.user_id and p.aggregate_id = p_entity and p.slot and p.state in ('open', 'retry')
    ) w
    left join log.aggregates a on a.aggregate_id = p_entity and a.user_id = me.user_id
    where a.aggregate_id is not null or w.parked > 0
$function$
;
alter function log.item_status(uuid) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.mark_parked(ids bigint[], action text)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  marked bigint;
begin
  -- the owner works under its users' rows: a mark must not fall between its look and its update
  perform 1 from log.user_positions u
    where u.user_id in (select p.user_id from log.parked p where p.id = any (ids))
    order by u.user_id for update;
  if action = 'retry' then
    update log.parked p set state = 'retry', updated_at = now()
      where p.id = any (ids) and p.state = 'open' and p.value is not null;
    get diagnostics marked = row_count;
  elsif action = 'discard' then
    update log.parked p set state = 'discarded', updated_at = now()
      where p.id = any (ids) and p.state in ('open', 'retry');
    get diagnostics marked = row_count;
    update log.parked f set state = 'retry', updated_at = now()
      where f.slot and f.state = 'open' and f.reason in ('behind_parked', 'behind_missing')
        and f.user_id in (select p.user_id from log.parked p where p.id = any (ids) and p.slot);
  else
    raise exception 'unknown action' using errcode = '22023';
  end if;
  return marked;
end
$function$
;
alter function log.mark_parked(bigint[],text) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.positions_of(users uuid[])
 RETURNS TABLE(user_id uuid, seen bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select p.user_id, p.seen from log.user_positions p where p.user_id = any (users)
$function$
;
alter function log.positions_of(uuid[]) owner to synap_events_writer;

grant execute on function log.events_between(uuid,bigint,bigint) to synap_ingest;
grant execute on function log.events_between(uuid,bigint,bigint) to synap_projector;
grant execute on function log.item_status(uuid) to synap_query;
grant execute on function log.mark_parked(bigint[],text) to synap_operator;
grant execute on function log.positions_of(uuid[]) to synap_ingest;
grant execute on function log.positions_of(uuid[]) to synap_operator;
grant execute on function log.positions_of(uuid[]) to synap_projector;
grant execute on function log.positions_of(uuid[]) to synap_query;
grant usage on schema log to synap_ingest;
grant usage on schema log to synap_operator;
grant usage on schema log to synap_projector;
grant usage on schema log to synap_query;
