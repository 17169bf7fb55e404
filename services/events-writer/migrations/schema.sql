-- What the migrations beside this file come to; of them: sha256 a18fbdbc1a6f1cd9c3e514a721e25ae40458c93e55b78c97fef48f6bc245f9fa
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
  cause text not null generated always as ("left"(regexp_replace(regexp_replace(COALESCE(detail, ''::text), '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\m[0-9a-f]{16,}\M'::text, '…'::text, 'g'::text), '(?<!sqlstate=|[0-9A-Za-z_.-])[0-9]+(?![0-9A-Za-z])'::text, '#'::text, 'g'::text), 200)) stored,
  constraint parked_check CHECK (((NOT slot) OR ((user_id IS NOT NULL) AND (sequence IS NOT NULL)))),
  constraint parked_pkey PRIMARY KEY (id),
  constraint parked_state_check CHECK ((state = ANY (ARRAY['open'::text, 'retry'::text, 'applied'::text, 'discarded'::text])))
);
alter table log.parked owner to synap_events_writer;

create table log.parked_history (
  id bigint not null generated always as identity,
  parked_id bigint not null,
  at timestamp with time zone not null default now(),
  step text not null,
  reason text,
  detail text,
  by_user uuid,
  by_key uuid,
  why text,
  times integer not null default 1,
  last_at timestamp with time zone not null default now(),
  constraint parked_history_pkey PRIMARY KEY (id),
  constraint parked_history_step_check CHECK ((step = ANY (ARRAY['parked'::text, 'marked'::text, 'started'::text, 'tried'::text, 'asked'::text, 'filled'::text, 'applied'::text, 'discarded'::text])))
);
alter table log.parked_history owner to synap_events_writer;

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

create table log.snapshots (
  aggregate_id uuid not null,
  version integer not null,
  user_id uuid not null,
  state_version integer not null,
  sequence bigint not null,
  state text not null,
  checksum text not null,
  made_at timestamp with time zone not null default now(),
  constraint snapshots_pkey PRIMARY KEY (aggregate_id, version)
);
alter table log.snapshots owner to synap_events_writer;

create table log.snapshots_due (
  aggregate_id uuid not null,
  user_id uuid not null,
  constraint snapshots_due_pkey PRIMARY KEY (aggregate_id)
);
alter table log.snapshots_due owner to synap_events_writer;

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

CREATE INDEX events_by_aggregate ON log.events USING btree (aggregate_id, version);

CREATE INDEX events_by_cause ON log.events USING btree (causation_id) WHERE (causation_id IS NOT NULL);

CREATE INDEX events_by_correlation ON log.events USING btree (correlation_id);

CREATE INDEX events_by_sequence ON log.events USING btree (user_id, sequence);

CREATE INDEX parked_discarded ON log.parked USING btree (user_id, sequence) WHERE (slot AND (state = 'discarded'::text));

CREATE INDEX parked_history_of ON log.parked_history USING btree (parked_id, id);

CREATE INDEX parked_marked ON log.parked USING btree (topic, user_id) WHERE (state = 'retry'::text);

CREATE INDEX parked_open ON log.parked USING btree (reason, cause, id) WHERE (state = ANY (ARRAY['open'::text, 'retry'::text]));

CREATE UNIQUE INDEX parked_record ON log.parked USING btree (topic, partition, record_offset, COALESCE(sha256(value), '\x'::bytea)) WHERE (NOT slot);

CREATE UNIQUE INDEX parked_slot ON log.parked USING btree (user_id, sequence) WHERE (slot AND (state = ANY (ARRAY['open'::text, 'retry'::text])));

CREATE INDEX snapshots_of_user ON log.snapshots USING btree (user_id);

create view log.event_rows as
 SELECT e.event_id,
    e.sequence,
    e.event_type,
    s.aggregate_type,
    e.aggregate_id,
    e.version,
    e.user_id,
    e.occurred_at,
    e.source,
    replace((e.correlation_id)::text, '-'::text, ''::text) AS correlation_id,
    e.causation_id,
    e.actor_kind,
    e.actor_id,
    e.delta,
    e.extra,
    e.schema_no
   FROM (log.events e
     JOIN log.schemas s ON ((s.no = e.schema_no)));
alter view log.event_rows owner to synap_events_writer;

create view log.own_counts with (security_barrier=true) as
 SELECT user_id,
    day,
    event_type,
    events
   FROM log.daily_counts c
  WHERE (user_id = ( SELECT (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid AS "nullif"))
  ORDER BY day, event_type;
alter view log.own_counts owner to synap_events_writer;

create view log.own_days with (security_barrier=true) as
 SELECT user_id,
    day,
    first_sequence,
    last_sequence,
    first_at,
    last_at
   FROM log.user_days d
  WHERE (user_id = ( SELECT (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid AS "nullif"));
alter view log.own_days owner to synap_events_writer;

create view log.own_events with (security_barrier=true) as
 SELECT event_id,
    sequence,
    event_type,
    (( SELECT jsonb_object_agg(s.no, s.aggregate_type) AS jsonb_object_agg
           FROM log.schemas s) ->> (schema_no)::text) AS aggregate_type,
    aggregate_id,
    version,
    user_id,
    occurred_at,
    source,
    correlation_id,
    causation_id,
    actor_kind,
    actor_id,
    delta,
    extra,
    schema_no
   FROM log.events e
  WHERE (user_id = ( SELECT (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid AS "nullif"))
  ORDER BY sequence;
alter view log.own_events owner to synap_events_writer;

create view log.own_events_newest with (security_barrier=true) as
 SELECT event_id,
    sequence,
    event_type,
    (( SELECT jsonb_object_agg(s.no, s.aggregate_type) AS jsonb_object_agg
           FROM log.schemas s) ->> (schema_no)::text) AS aggregate_type,
    aggregate_id,
    version,
    user_id,
    occurred_at,
    source,
    correlation_id,
    causation_id,
    actor_kind,
    actor_id,
    delta,
    extra,
    schema_no
   FROM log.events e
  WHERE (user_id = ( SELECT (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid AS "nullif"))
  ORDER BY sequence DESC;
alter view log.own_events_newest owner to synap_events_writer;

create view log.own_versions with (security_barrier=true) as
 SELECT event_id,
    sequence,
    event_type,
    (( SELECT jsonb_object_agg(s.no, s.aggregate_type) AS jsonb_object_agg
           FROM log.schemas s) ->> (schema_no)::text) AS aggregate_type,
    aggregate_id,
    version,
    user_id,
    occurred_at,
    source,
    correlation_id,
    causation_id,
    actor_kind,
    actor_id,
    delta,
    extra,
    schema_no
   FROM log.events e
  WHERE (NOT (user_id IS DISTINCT FROM ( SELECT (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid AS "nullif")))
  ORDER BY aggregate_id, version;
alter view log.own_versions owner to synap_events_writer;

create view log.parked_in_groups as
 SELECT k.id,
    k.user_id,
    k.state,
    k.parked_at,
    k.event_type,
    h.id AS head_id,
    k.slot AS group_slot,
    COALESCE(h.reason, k.reason) AS group_reason,
    COALESCE(h.cause, k.cause) AS group_cause,
    (k.slot OR (k.reason <> ALL (ARRAY['headers_unusable'::text, 'inconsistent'::text, 'fork'::text]))) AS triable
   FROM (log.parked k
     LEFT JOIN LATERAL ( SELECT o.id,
            o.reason,
            o.cause
           FROM log.parked o
          WHERE (k.slot AND (k.state = ANY (ARRAY['open'::text, 'retry'::text])) AND (k.reason = ANY (ARRAY['behind_parked'::text, 'behind_missing'::text])) AND (o.user_id = k.user_id) AND o.slot AND (o.state = ANY (ARRAY['open'::text, 'retry'::text])) AND (o.sequence < k.sequence) AND (o.reason <> ALL (ARRAY['behind_parked'::text, 'behind_missing'::text])) AND ((o.aggregate_id IS NULL) OR (o.aggregate_id = k.aggregate_id) OR (o.aggregate_id = o.user_id)))
          ORDER BY COALESCE((o.aggregate_id = k.aggregate_id), false) DESC, (o.aggregate_id IS NULL), o.sequence
         LIMIT 1) h ON (true));
alter view log.parked_in_groups owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.aggregate_events(p_aggregate uuid, p_above integer, p_to integer, p_up_to bigint, p_limit integer)
 RETURNS SETOF log.event_rows
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  span record;
begin
  select a.first_at, a.last_at into span
    from log.aggregates a where a.aggregate_id = p_aggregate and a.user_id = me;
  if not found then
    return;
  end if;
  return query execute $query$
    with hits as materialized (
      select e.* from log.events e
        where e.aggregate_id = $1 and e.user_id = $2 and e.version > $3 and e.version <= $4 and e.sequence <= $5
          and e.occurred_at between $6 and $7
        order by e.version limit $8
    )
    select e.event_id, e.sequence, e.event_type, s.aggregate_type, e.aggregate_id, e.version, e.user_id, e.occurred_at,
           e.source, replace(e.correlation_id::text, '-', ''), e.causation_id,
           e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
      from hits e join log.schemas s on s.no = e.schema_no
      order by e.version
    $query$
    using p_aggregate, me, coalesce(p_above, 0), coalesce(p_to, 2147483647), coalesce(p_up_to, 9223372036854775807),
          span.first_at, span.last_at, p_limit;
end
$function$
;
alter function log.aggregate_events(uuid,integer,integer,bigint,integer) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.aggregate_head(p_aggregate uuid)
 RETURNS TABLE(aggregate_type text, version integer, first_sequence bigint, last_sequence bigint, first_at timestamp with time zone, last_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
    select a.aggregate_type, a.version, a.first_sequence, a.last_sequence, a.first_at, a.last_at
      from log.aggregates a
      where a.aggregate_id = p_aggregate and a.user_id = nullif(current_setting('synap.user_id', true), '')::uuid;
end
$function$
;
alter function log.aggregate_head(uuid) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.causes_of(p_event uuid)
 RETURNS SETOF log.event_rows
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  cause log.event_rows;
  next_id uuid;
begin
  select e.causation_id into next_id from log.event_by_id(p_event) e;
  for steps in 1 .. 100 loop
    exit when next_id is null;
    select e.* into cause from log.event_by_id(next_id) e;
    exit when not found;
    return next cause;
    next_id := cause.causation_id;
  end loop;
end
$function$
;
alter function log.causes_of(uuid) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.count_events_by_hour(p_from timestamp with time zone, p_to timestamp with time zone, p_types text[])
 RETURNS TABLE(hour timestamp with time zone, event_type text, events bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  part record;
begin
  if p_to > p_from + interval '31 days' then
    raise exception 'more than 31 days by the hour' using errcode = '22023';
  end if;
  select min(d.first_sequence) as lowest, max(d.last_sequence) as highest into part
    from log.user_days d where d.user_id = me and d.last_at >= p_from and d.first_at < p_to;
  return query execute
    'select date_trunc(''hour'', e.occurred_at, ''UTC''), e.event_type, count(*) from log.events e
       where e.user_id = $1 and e.sequence between $2 and $3 and e.occurred_at >= $4 and e.occurred_at < $5
         and ($6 is null or e.event_type = any ($6))
       group by 1, 2 order by 1, 2'
    using me, part.lowest, part.highest, p_from, p_to, p_types;
end
$function$
;
alter function log.count_events_by_hour(timestamp with time zone,timestamp with time zone,text[]) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.effects_of(p_event uuid, p_limit integer)
 RETURNS SETOF log.event_rows
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  origin bigint;
  earliest timestamptz;
  latest timestamptz;
  generation uuid[] := array[p_event];
  children uuid[];
  effect log.event_rows;
  room int := p_limit;
begin
  select e.sequence into origin from log.event_by_id(p_event) e;
  select min(d.first_at), max(d.last_at) into earliest, latest
    from log.user_days d where d.user_id = me and d.last_sequence > origin;
  for steps in 1 .. 100 loop
    children := '{}';
    for effect in execute $query$
      with hits as materialized (
        select e.event_id, e.occurred_at from log.events e
          where e.causation_id = any ($1) and e.user_id = $2 and e.sequence > $3
            and e.occurred_at between $4 and $5
          order by e.sequence limit $6
      )
      select r.* from hits h join log.event_rows r using (event_id, occurred_at)
        where r.occurred_at between $4 and $5 order by r.sequence
      $query$ using generation, me, origin, earliest, latest, room
    loop
      children := children || effect.event_id;
      return next effect;
    end loop;
    room := room - cardinality(children);
    exit when room <= 0 or cardinality(children) = 0;
    generation := children;
  end loop;
end
$function$
;
alter function log.effects_of(uuid,integer) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.event_by_id(p_event uuid)
 RETURNS SETOF log.event_rows
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  minted timestamptz := to_timestamp(('x' || left(replace(p_event::text, '-', ''), 12))::bit(48)::bigint / 1000.0);
  earliest timestamptz;
  latest timestamptz;
  found_at timestamptz;
begin
  execute 'select e.occurred_at from log.events e
             where e.event_id = $1 and e.user_id = $2 and e.occurred_at between $3 and $4'
    into found_at using p_event, me, minted - interval '1 hour', minted + interval '25 hours';
  if found_at is null then
    select min(d.first_at), max(d.last_at) into earliest, latest from log.user_days d where d.user_id = me;
    execute 'select e.occurred_at from log.events e
               where e.event_id = $1 and e.user_id = $2 and e.occurred_at between $3 and $4'
      into found_at using p_event, me, earliest, latest;
  end if;
  if found_at is null then
    return;
  end if;
  return query execute 'select r.* from log.event_rows r where r.event_id = $1 and r.occurred_at = $2'
    using p_event, found_at;
end
$function$
;
alter function log.event_by_id(uuid) owner to synap_events_writer;

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

CREATE OR REPLACE FUNCTION log.events_of(p_aggregates uuid[], p_below bigint, p_limit integer)
 RETURNS SETOF log.event_rows
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  below bigint := coalesce(p_below, 9223372036854775807);
  earliest timestamptz;
  latest timestamptz;
begin
  select min(a.first_at), max(a.last_at) into earliest, latest from log.aggregates a
    where a.aggregate_id = any (p_aggregates) and a.user_id = me and a.first_sequence < below;
  if earliest is null then
    return;
  end if;
  -- The times as constants of this call, so that chunks are left out when it is planned.
  return query execute $query$
    with hits as materialized (
      select e.* from log.aggregates a cross join lateral (
        select e.event_id, e.occurred_at, e.sequence from log.events e
          where e.aggregate_id = a.aggregate_id and e.sequence < $3
            -- not by `=`: the index of the user's sequences would be read for it as well
            and e.user_id is not distinct from $1
            and e.occurred_at between $4 and $5
          order by e.version desc limit $6
      ) e
      where a.aggregate_id = any ($2) and a.user_id = $1 and a.first_sequence < $3
      order by e.sequence desc limit $6
    )
    select r.* from hits h join log.event_rows r using (event_id, occurred_at)
      where r.occurred_at between $4 and $5 order by r.sequence desc
  $query$ using me, p_aggregates, below, earliest, latest, p_limit;
end
$function$
;
alter function log.events_of(uuid[],bigint,integer) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.find_events(p_types text[], p_aggregate uuid, p_correlation uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_above bigint, p_below bigint, p_newest boolean, p_limit integer)
 RETURNS SETOF log.event_rows
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_bitmapscan TO 'off'
 SET "timescaledb.enable_chunk_append" TO 'off'
AS $function$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  direction text := case when p_newest then 'desc' else 'asc' end;
  above bigint := coalesce(p_above, 0);
  below bigint := coalesce(p_below, 9223372036854775807);
  start timestamptz := coalesce(p_from, '-infinity');
  stop timestamptz := coalesce(p_to, 'infinity');
  part record;
begin
  if p_types is null and p_aggregate is null and p_correlation is null and p_from is null and p_to is null
      and not p_newest and log.has_few_chunks() then
    return query
      select e.event_id, e.sequence, e.event_type, e.aggregate_type, e.aggregate_id, e.version, e.user_id,
             e.occurred_at, e.source, encode(uuid_send(e.correlation_id), 'hex'), e.causation_id,
             e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
        from log.own_events e where e.sequence > above and e.sequence < below order by e.sequence limit p_limit;
    return;
  end if;
  if p_aggregate is not null then
    select a.first_at as earliest, a.last_at as latest, a.first_sequence as lowest, a.last_sequence as highest into part
      from log.aggregates a where a.aggregate_id = p_aggregate and a.user_id = me;
  elsif p_correlation is not null then
    select min(d.first_at) as earliest, max(d.last_at) as latest, min(d.first_sequence) as lowest,
           max(d.last_sequence) as highest into part
      from log.user_days d
      where d.user_id = me and d.last_sequence > above and d.first_sequence < below
        and d.last_at >= start and d.first_at < stop;
  else
    select p.* into part
      from log.part_to_read(me, p_types, start, stop, above, below, p_newest, p_limit) p;
  end if;
  if part.earliest is null then
    return;
  end if;
  -- The constants of this call, and not a plan for any: so chunks are left out, and the right index is taken.
  return query execute format(
    $query$
    with hits as materialized (
      select e.* from log.events e
        where e.user_id = $1 and e.sequence > $2 and e.sequence < $3
          and e.sequence between $4 and $5 and e.occurred_at between $6 and $7
          and e.occurred_at >= $8 and e.occurred_at < $9
          %1$s %2$s %3$s
        order by %4$s limit $10
    )
    select e.event_id, e.sequence, e.event_type, s.aggregate_type, e.aggregate_id, e.version, e.user_id, e.occurred_at,
           e.source, replace(e.correlation_id::text, '-', ''), e.causation_id,
           e.actor_kind, e.actor_id, e.delta, e.extra, e.schema_no
      from hits e join log.schemas s on s.no = e.schema_no
      order by e.sequence %5$s
    $query$,
    case when p_types is null then '' else 'and e.event_type = any ($11)' end,
    case when p_aggregate is null then '' else 'and e.aggregate_id = $12' end,
    case when p_correlation is null then '' else 'and e.correlation_id = $13' end,
    -- `+ 0` keeps the planner from walking all of the user's events in their order for the few of one trace
    case when p_aggregate is not null then 'e.version ' || direction
         when p_correlation is not null then '(e.sequence + 0) ' || direction
         else 'e.sequence ' || direction end,
    direction
  ) using me, above, below, part.lowest, part.highest, part.earliest, part.latest, start, stop, p_limit,
          p_types, p_aggregate, p_correlation;
end
$function$
;
alter function log.find_events(text[],uuid,uuid,timestamp with time zone,timestamp with time zone,bigint,bigint,boolean,integer) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.has_few_chunks()
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select count(*) <= 16
    from (select from pg_catalog.pg_inherits i where i.inhparent = 'log.events'::regclass limit 17) chunks
$function$
;
alter function log.has_few_chunks() owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.heads(p_after uuid, p_limit integer)
 RETURNS TABLE(user_id uuid, seen bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select p.user_id, p.seen from log.user_positions p
    where p.seen > 0 and (p_after is null or p.user_id > p_after)
    order by p.user_id limit least(p_limit, 10000)
$function$
;
alter function log.heads(uuid,integer) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.item_status(p_entity uuid)
 RETURNS TABLE(version integer, sequence bigint, logged_at timestamp with time zone, parked integer)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
    select a.version, a.last_sequence, a.logged_at, w.parked
      from (select nullif(current_setting('synap.user_id', true), '')::uuid as user_id) me
      cross join lateral (
        select count(*)::int as parked from log.parked p
          where p.user_id = me.user_id and p.aggregate_id = p_entity and p.slot and p.state in ('open', 'retry')
      ) w
      left join log.aggregates a on a.aggregate_id = p_entity and a.user_id = me.user_id
      where a.aggregate_id is not null or w.parked > 0;
end
$function$
;
alter function log.item_status(uuid) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.ledger_parked()
 RETURNS TABLE(reason text, events bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select k.reason, count(*) from log.parked k where k.slot and k.state in ('open', 'retry') group by k.reason
$function$
;
alter function log.ledger_parked() owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.ledger_positions(p_user uuid, p_after uuid, p_limit integer)
 RETURNS TABLE(user_id uuid, seen bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select p.user_id, p.seen from log.user_positions p
    where p.seen > 0 and (p_user is null or p.user_id = p_user) and (p_after is null or p.user_id > p_after)
    order by p.user_id limit least(p_limit, 10000)
$function$
;
alter function log.ledger_positions(uuid,uuid,integer) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.ledger_rows(p_users uuid[], p_from bigint[], p_to bigint[])
 RETURNS TABLE(user_id uuid, sequence bigint, event_id uuid, aggregate_id uuid, aggregate_type text, version integer, ends uuid[])
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  earliest timestamptz;
  latest timestamptz;
begin
  for i in 1 .. coalesce(cardinality(p_users), 0) loop
    select min(d.first_at), max(d.last_at) into earliest, latest
      from log.user_days d
      where d.user_id = p_users[i] and d.last_sequence >= p_from[i] and d.first_sequence <= p_to[i];
    continue when earliest is null;
    return query
      select e.user_id, e.sequence, e.event_id, e.aggregate_id, s.aggregate_type, e.version,
             case when s.aggregate_type = 'relation'
               then array[(e.delta ->> 'sourceId')::uuid, (e.delta ->> 'targetId')::uuid] end
        from log.events e join log.schemas s on s.no = e.schema_no
        where e.user_id = p_users[i] and e.sequence between p_from[i] and p_to[i]
          and e.occurred_at between earliest and latest
        order by e.sequence;
  end loop;
end
$function$
;
alter function log.ledger_rows(uuid[],bigint[],bigint[]) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.ledger_slots(p_users uuid[], p_from bigint[], p_to bigint[])
 RETURNS TABLE(user_id uuid, sequence bigint, state text, reason text, event_id uuid, aggregate_id uuid, version integer, bytes boolean)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  for i in 1 .. coalesce(cardinality(p_users), 0) loop
    return query
      select k.user_id, k.sequence, k.state, k.reason, k.event_id, k.aggregate_id, k.version, k.value is not null
        from log.parked k
        where k.user_id = p_users[i] and k.sequence between p_from[i] and p_to[i]
          and k.slot and k.state in ('open', 'retry')
      union all
      select k.user_id, k.sequence, k.state, k.reason, k.event_id, k.aggregate_id, k.version, k.value is not null
        from log.parked k
        where k.user_id = p_users[i] and k.sequence between p_from[i] and p_to[i] and k.slot and k.state = 'discarded';
  end loop;
end
$function$
;
alter function log.ledger_slots(uuid[],bigint[],bigint[]) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.mark_parked(ids bigint[], action text, by_user uuid DEFAULT NULL::uuid, by_key uuid DEFAULT NULL::uuid, why text DEFAULT NULL::text)
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
    with done as (
      update log.parked p set state = 'retry', updated_at = now()
        where p.id = any (ids) and p.state = 'open'
          and (p.slot or p.reason not in ('headers_unusable', 'inconsistent', 'fork'))
        returning p.id, p.reason
    )
    insert into log.parked_history (parked_id, step, reason, by_user, by_key, why)
      select d.id, 'marked', d.reason, mark_parked.by_user, mark_parked.by_key, mark_parked.why from done d order by d.id;
    get diagnostics marked = row_count;
  elsif action = 'discard' then
    with done as (
      update log.parked p set state = 'discarded', updated_at = now()
        where p.id = any (ids) and p.state in ('open', 'retry')
        returning p.id, p.reason
    )
    insert into log.parked_history (parked_id, step, reason, by_user, by_key, why)
      select d.id, 'discarded', d.reason, mark_parked.by_user, mark_parked.by_key, mark_parked.why
        from done d order by d.id;
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
alter function log.mark_parked(bigint[],text,uuid,uuid,text) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.mark_parked_group(of_slot boolean, of_reason text, of_cause text, action text, after bigint, up_to bigint, most integer, by_user uuid, by_key uuid, why text, OUT marked bigint, OUT last_id bigint)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  ids bigint[];
begin
  select array_agg(s.id order by s.id), max(s.id) into ids, last_id from (
    select g.id from log.parked_in_groups g
      where g.head_id is null and g.group_slot = of_slot and g.group_reason = of_reason and g.group_cause = of_cause
        and g.state in ('open', 'retry') and g.id > after and g.id <= up_to
      order by g.id limit least(most, 1000)
  ) s;
  marked := 0;
  if last_id is not null then
    marked := log.mark_parked(ids, action, by_user, by_key, why);
  end if;
end
$function$
;
alter function log.mark_parked_group(boolean,text,text,text,bigint,bigint,integer,uuid,uuid,text) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.parked_between(p_user uuid, p_from bigint, p_to bigint)
 RETURNS TABLE(sequence bigint, aggregate_id uuid, aggregate_type text, version integer, fingerprint text, value bytea)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select k.sequence, k.aggregate_id, k.aggregate_type, k.version, k.headers ->> 'synap-schema', k.value
    from log.parked k
    where k.user_id = p_user and k.sequence between p_from and p_to and k.slot and k.state in ('open', 'retry')
    order by k.sequence
$function$
;
alter function log.parked_between(uuid,bigint,bigint) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.parked_events(of_slot boolean, of_reason text, of_cause text, closed boolean, after bigint, most integer)
 RETURNS TABLE(id bigint, topic text, partition integer, record_offset bigint, user_id uuid, aggregate_id uuid, aggregate_type text, version integer, sequence bigint, event_id uuid, event_type text, reason text, detail text, key text, headers jsonb, bytes integer, sha256 text, value bytea, slot boolean, state text, attempts integer, parked_at timestamp with time zone, waiting bigint, history jsonb)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select k.id, k.topic, k.partition, k.record_offset, k.user_id, k.aggregate_id, k.aggregate_type, k.version, k.sequence,
      k.event_id, k.event_type, k.reason, k.detail, k.key, k.headers, octet_length(k.value),
      encode(sha256(k.value), 'hex'),
      case when octet_length(k.value) <= 1048576 and k.reason <> 'killer' and not exists (
        select from log.parked_history d where d.parked_id = k.id and d.reason = 'killer'
      ) then k.value end,
      k.slot, k.state, k.attempts, k.parked_at,
      (select count(*) from log.parked_in_groups f where f.user_id = k.user_id and f.head_id = k.id),
      (
        select coalesce(jsonb_agg(jsonb_build_object(
            'at', floor(extract(epoch from s.at) * 1000), 'step', s.step, 'reason', s.reason, 'detail', s.detail,
            'byUser', s.by_user, 'byKey', s.by_key, 'why', s.why, 'times', s.times,
            'lastAt', floor(extract(epoch from s.last_at) * 1000)) order by s.id), '[]')
          from (
            select * from log.parked_history x where x.parked_id = k.id order by x.id desc limit 50
          ) s
      )
    from log.parked_in_groups g join log.parked k on k.id = g.id
    where g.head_id is null and g.group_slot = of_slot and g.group_reason = of_reason and g.group_cause = of_cause
      and case when parked_events.closed then g.state in ('applied', 'discarded') else g.state in ('open', 'retry') end
      and g.id > parked_events.after
    order by g.id
    limit least(most, 201)
$function$
;
alter function log.parked_events(boolean,text,text,boolean,bigint,integer) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.parked_groups(closed boolean)
 RETURNS TABLE(slot boolean, reason text, cause text, events bigint, users bigint, waiting bigint, marked bigint, triable bigint, discarded bigint, oldest_at timestamp with time zone, newest_at timestamp with time zone, last_id bigint, event_type text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select g.group_slot, g.group_reason, g.group_cause,
      count(*) filter (where g.head_id is null),
      count(distinct g.user_id),
      count(*) filter (where g.head_id is not null),
      count(*) filter (where g.state = 'retry' and g.head_id is null),
      count(*) filter (where g.triable and g.head_id is null),
      count(*) filter (where g.state = 'discarded'),
      min(g.parked_at), max(g.parked_at) filter (where g.head_id is null), max(g.id) filter (where g.head_id is null),
      (array_agg(g.event_type order by g.id) filter (where g.head_id is null))[1]
    from log.parked_in_groups g
    where case when parked_groups.closed then g.state in ('applied', 'discarded') else g.state in ('open', 'retry') end
    group by g.group_slot, g.group_reason, g.group_cause
    order by min(g.parked_at), g.group_reason, g.group_cause
    limit 500
$function$
;
alter function log.parked_groups(boolean) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.parked_of_user()
 RETURNS TABLE(sequence bigint, aggregate_id uuid, reason text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query select p.sequence, p.aggregate_id, p.reason from log.parked p
    where p.user_id = nullif(current_setting('synap.user_id', true), '')::uuid and p.slot
      and p.state in ('open', 'retry')
    order by p.sequence;
end
$function$
;
alter function log.parked_of_user() owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.part_to_read(p_user uuid, p_types text[], p_from timestamp with time zone, p_to timestamp with time zone, p_above bigint, p_below bigint, p_newest boolean, p_limit integer)
 RETURNS TABLE(earliest timestamp with time zone, latest timestamp with time zone, lowest bigint, highest bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  one record;
  in_day bigint;
  sure bigint := 0;
  -- of the days that are sure to hold enough
  enough_lowest bigint;
  enough_highest bigint;
begin
  for one in
    select d.day, d.first_sequence, d.last_sequence, d.first_at, d.last_at from log.user_days d
      where d.user_id = p_user and d.last_sequence > p_above and d.first_sequence < p_below
        and d.last_at >= p_from and d.first_at < p_to
        and d.day between (p_from at time zone 'UTC')::date and (p_to at time zone 'UTC')::date
      order by case when p_newest then -d.last_sequence else d.first_sequence end
  loop
    -- By sequence, not by day: after a step of the clock a day that comes later may reach into what is read.
    exit when sure >= p_limit
      and case when p_newest then one.last_sequence < enough_lowest else one.first_sequence > enough_highest end;
    select sum(n.events) into in_day from log.daily_counts n
      where n.user_id = p_user and n.day = one.day and (p_types is null or n.event_type = any (p_types));
    continue when in_day is null;
    earliest := least(earliest, one.first_at);
    latest := greatest(latest, one.last_at);
    if sure < p_limit then
      enough_lowest := least(enough_lowest, one.first_sequence);
      enough_highest := greatest(enough_highest, one.last_sequence);
    end if;
    lowest := least(lowest, one.first_sequence);
    highest := greatest(highest, one.last_sequence);
    -- a day that is asked for in part only may hold none of its events
    if one.first_sequence > p_above and one.last_sequence < p_below and one.first_at >= p_from and one.last_at < p_to then
      sure := sure + in_day;
    end if;
  end loop;
  return next;
end
$function$
;
alter function log.part_to_read(uuid,text[],timestamp with time zone,timestamp with time zone,bigint,bigint,boolean,integer) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.positions_of(users uuid[])
 RETURNS TABLE(user_id uuid, seen bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query select p.user_id, p.seen from log.user_positions p where p.user_id = any (users);
end
$function$
;
alter function log.positions_of(uuid[]) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.schemas_of(numbers integer[])
 RETURNS TABLE(no integer, schema text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
begin
  return query
    select s.no, s.schema from log.schemas s where s.no = any (numbers);
end
$function$
;
alter function log.schemas_of(integer[]) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.sequence_at(p_at timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  whole bigint;
  within bigint;
  broken record;
begin
  select max(d.last_sequence) into whole from log.user_days d where d.user_id = me and d.last_at <= p_at;
  select d.first_at, d.last_at, d.first_sequence, d.last_sequence into broken
    from log.user_days d where d.user_id = me and d.first_at <= p_at and d.last_at > p_at;
  if found then
    execute 'select max(e.sequence) from log.events e
               where e.user_id = $1 and e.sequence between $2 and $3 and e.occurred_at between $4 and $5'
      into within using me, broken.first_sequence, broken.last_sequence, broken.first_at, p_at;
  end if;
  return greatest(coalesce(whole, 0), coalesce(within, 0));
end
$function$
;
alter function log.sequence_at(timestamp with time zone) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.sequence_of_user_at(p_user uuid, p_at timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  -- of a day that is only begun at that time, the end of the day before
  select coalesce(max(case when d.last_at <= p_at then d.last_sequence else d.first_sequence - 1 end), 0)
    from log.user_days d where d.user_id = p_user and d.first_at <= p_at
$function$
;
alter function log.sequence_of_user_at(uuid,timestamp with time zone) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.settled_of(users uuid[])
 RETURNS TABLE(user_id uuid, seen bigint, settled bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
begin
  return query
    select p.user_id, p.seen,
           least(p.seen, (select min(k.sequence) - 1 from log.parked k
                            where k.user_id = p.user_id and k.slot and k.state in ('open', 'retry')))
      from log.user_positions p where p.user_id = any (users);
end
$function$
;
alter function log.settled_of(uuid[]) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.snapshot_of(p_aggregate uuid, p_state_version integer, p_to integer, p_up_to bigint)
 RETURNS TABLE(version integer, sequence bigint, state text, checksum text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
    select s.version, s.sequence, s.state, s.checksum from log.snapshots s
      where s.aggregate_id = p_aggregate and s.user_id is not distinct from nullif(current_setting('synap.user_id', true), '')::uuid
        and s.state_version = p_state_version and s.version <= coalesce(p_to, 2147483647)
        and s.sequence <= coalesce(p_up_to, 9223372036854775807)
      order by s.version desc limit 1;
end
$function$
;
alter function log.snapshot_of(uuid,integer,integer,bigint) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.stream_events(p_user uuid, p_aggregate uuid, p_above integer, p_limit integer)
 RETURNS TABLE(event_id uuid, event_type text, user_id uuid, aggregate_id uuid, aggregate_type text, version integer, sequence bigint, occurred_at timestamp with time zone, source text, correlation_id text, causation_id uuid, actor_kind text, actor_id uuid, delta jsonb, extra jsonb, traceparent text, tracestate text, fingerprint text, schema_id integer, schema text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_span record;
begin
  select a.first_at, a.last_at into v_span
    from log.aggregates a where a.aggregate_id = p_aggregate and a.user_id = p_user;
  return query
    select e.event_id, e.event_type, e.user_id, e.aggregate_id, s.aggregate_type, e.version, e.sequence, e.occurred_at,
           e.source, replace(e.correlation_id::text, '-', ''), e.causation_id, e.actor_kind, e.actor_id,
           e.delta, e.extra, e.traceparent, e.tracestate, encode(s.fingerprint, 'hex'), s.schema_id, s.schema
      from log.events e join log.schemas s on s.no = e.schema_no
      where e.user_id = p_user and e.aggregate_id = p_aggregate and e.version > p_above
        and e.occurred_at between v_span.first_at and v_span.last_at
      order by e.version limit p_limit;
end
$function$
;
alter function log.stream_events(uuid,uuid,integer,integer) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.unaccounted(p_users uuid[], p_from bigint[], p_to bigint[])
 RETURNS TABLE(user_id uuid, sequence bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select s.user_id, min(w.sequence)
    from unnest(p_users, p_from, p_to) as s (user_id, first, last)
    left join log.user_positions p on p.user_id = s.user_id
    cross join lateral (
      select greatest(s.first, coalesce(p.seen, 0) + 1) as sequence where coalesce(p.seen, 0) < s.last
      union all
      select k.sequence from log.parked k
        where k.user_id = s.user_id and k.sequence between s.first and s.last
          and k.slot and k.state in ('open', 'retry') and k.value is null
    ) w
    group by s.user_id
$function$
;
alter function log.unaccounted(uuid[],bigint[],bigint[]) owner to synap_events_writer;

CREATE OR REPLACE FUNCTION log.users_behind(p_after uuid, p_limit integer)
 RETURNS TABLE(user_id uuid, seen bigint, events bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select p.user_id, p.seen, (select coalesce(sum(c.events), 0)::bigint from log.daily_counts c where c.user_id = p.user_id)
    from log.user_positions p
    where p_after is null or p.user_id > p_after
    order by p.user_id limit p_limit
$function$
;
alter function log.users_behind(uuid,integer) owner to synap_events_writer;

grant execute on function log.aggregate_events(uuid,integer,integer,bigint,integer) to synap_ingest;
grant execute on function log.aggregate_events(uuid,integer,integer,bigint,integer) to synap_operator;
grant execute on function log.aggregate_events(uuid,integer,integer,bigint,integer) to synap_projector;
grant execute on function log.aggregate_events(uuid,integer,integer,bigint,integer) to synap_query;
grant execute on function log.aggregate_head(uuid) to synap_ingest;
grant execute on function log.aggregate_head(uuid) to synap_operator;
grant execute on function log.aggregate_head(uuid) to synap_projector;
grant execute on function log.aggregate_head(uuid) to synap_query;
grant execute on function log.causes_of(uuid) to synap_ingest;
grant execute on function log.causes_of(uuid) to synap_operator;
grant execute on function log.causes_of(uuid) to synap_projector;
grant execute on function log.causes_of(uuid) to synap_query;
grant execute on function log.count_events_by_hour(timestamp with time zone,timestamp with time zone,text[]) to synap_ingest;
grant execute on function log.count_events_by_hour(timestamp with time zone,timestamp with time zone,text[]) to synap_operator;
grant execute on function log.count_events_by_hour(timestamp with time zone,timestamp with time zone,text[]) to synap_projector;
grant execute on function log.count_events_by_hour(timestamp with time zone,timestamp with time zone,text[]) to synap_query;
grant execute on function log.effects_of(uuid,integer) to synap_ingest;
grant execute on function log.effects_of(uuid,integer) to synap_operator;
grant execute on function log.effects_of(uuid,integer) to synap_projector;
grant execute on function log.effects_of(uuid,integer) to synap_query;
grant execute on function log.event_by_id(uuid) to synap_ingest;
grant execute on function log.event_by_id(uuid) to synap_operator;
grant execute on function log.event_by_id(uuid) to synap_projector;
grant execute on function log.event_by_id(uuid) to synap_query;
grant execute on function log.events_between(uuid,bigint,bigint) to synap_ingest;
grant execute on function log.events_between(uuid,bigint,bigint) to synap_projector;
grant execute on function log.events_of(uuid[],bigint,integer) to synap_ingest;
grant execute on function log.events_of(uuid[],bigint,integer) to synap_operator;
grant execute on function log.events_of(uuid[],bigint,integer) to synap_projector;
grant execute on function log.events_of(uuid[],bigint,integer) to synap_query;
grant execute on function log.find_events(text[],uuid,uuid,timestamp with time zone,timestamp with time zone,bigint,bigint,boolean,integer) to synap_ingest;
grant execute on function log.find_events(text[],uuid,uuid,timestamp with time zone,timestamp with time zone,bigint,bigint,boolean,integer) to synap_operator;
grant execute on function log.find_events(text[],uuid,uuid,timestamp with time zone,timestamp with time zone,bigint,bigint,boolean,integer) to synap_projector;
grant execute on function log.find_events(text[],uuid,uuid,timestamp with time zone,timestamp with time zone,bigint,bigint,boolean,integer) to synap_query;
grant execute on function log.has_few_chunks() to synap_ingest;
grant execute on function log.has_few_chunks() to synap_operator;
grant execute on function log.has_few_chunks() to synap_projector;
grant execute on function log.has_few_chunks() to synap_query;
grant execute on function log.heads(uuid,integer) to synap_ingest;
grant execute on function log.item_status(uuid) to synap_query;
grant execute on function log.ledger_parked() to synap_operator;
grant execute on function log.ledger_positions(uuid,uuid,integer) to synap_operator;
grant execute on function log.ledger_rows(uuid[],bigint[],bigint[]) to synap_operator;
grant execute on function log.ledger_slots(uuid[],bigint[],bigint[]) to synap_operator;
grant execute on function log.mark_parked(bigint[],text,uuid,uuid,text) to synap_operator;
grant execute on function log.mark_parked_group(boolean,text,text,text,bigint,bigint,integer,uuid,uuid,text) to synap_operator;
grant execute on function log.parked_between(uuid,bigint,bigint) to synap_ingest;
grant execute on function log.parked_events(boolean,text,text,boolean,bigint,integer) to synap_operator;
grant execute on function log.parked_groups(boolean) to synap_operator;
grant execute on function log.parked_of_user() to synap_ingest;
grant execute on function log.parked_of_user() to synap_operator;
grant execute on function log.parked_of_user() to synap_projector;
grant execute on function log.parked_of_user() to synap_query;
grant execute on function log.positions_of(uuid[]) to synap_ingest;
grant execute on function log.positions_of(uuid[]) to synap_operator;
grant execute on function log.positions_of(uuid[]) to synap_projector;
grant execute on function log.positions_of(uuid[]) to synap_query;
grant execute on function log.schemas_of(integer[]) to synap_ingest;
grant execute on function log.schemas_of(integer[]) to synap_operator;
grant execute on function log.schemas_of(integer[]) to synap_projector;
grant execute on function log.schemas_of(integer[]) to synap_query;
grant execute on function log.sequence_at(timestamp with time zone) to synap_ingest;
grant execute on function log.sequence_at(timestamp with time zone) to synap_operator;
grant execute on function log.sequence_at(timestamp with time zone) to synap_projector;
grant execute on function log.sequence_at(timestamp with time zone) to synap_query;
grant execute on function log.sequence_of_user_at(uuid,timestamp with time zone) to synap_ingest;
grant execute on function log.settled_of(uuid[]) to synap_ingest;
grant execute on function log.settled_of(uuid[]) to synap_operator;
grant execute on function log.settled_of(uuid[]) to synap_projector;
grant execute on function log.settled_of(uuid[]) to synap_query;
grant execute on function log.snapshot_of(uuid,integer,integer,bigint) to synap_ingest;
grant execute on function log.snapshot_of(uuid,integer,integer,bigint) to synap_operator;
grant execute on function log.snapshot_of(uuid,integer,integer,bigint) to synap_projector;
grant execute on function log.snapshot_of(uuid,integer,integer,bigint) to synap_query;
grant execute on function log.stream_events(uuid,uuid,integer,integer) to synap_ingest;
grant execute on function log.unaccounted(uuid[],bigint[],bigint[]) to synap_ingest;
grant execute on function log.users_behind(uuid,integer) to synap_operator;
grant select on log.own_counts to synap_ingest;
grant select on log.own_counts to synap_operator;
grant select on log.own_counts to synap_projector;
grant select on log.own_counts to synap_query;
grant select on log.own_days to synap_ingest;
grant select on log.own_days to synap_operator;
grant select on log.own_days to synap_projector;
grant select on log.own_days to synap_query;
grant select on log.own_events to synap_ingest;
grant select on log.own_events to synap_operator;
grant select on log.own_events to synap_projector;
grant select on log.own_events to synap_query;
grant select on log.own_events_newest to synap_ingest;
grant select on log.own_events_newest to synap_operator;
grant select on log.own_events_newest to synap_projector;
grant select on log.own_events_newest to synap_query;
grant select on log.own_versions to synap_ingest;
grant select on log.own_versions to synap_operator;
grant select on log.own_versions to synap_projector;
grant select on log.own_versions to synap_query;
grant usage on schema log to synap_ingest;
grant usage on schema log to synap_operator;
grant usage on schema log to synap_projector;
grant usage on schema log to synap_query;
