-- What the migrations beside this file come to; of them: sha256 8cec76a71ad23a59d81a44fcc7a62d2e8c078bb15fc1ab3bf13a05ae1fb6a408
create schema read_v1 authorization synap_projector;

create table read_v1.chosen_models (
  user_id uuid not null,
  model text not null,
  projected_at timestamp with time zone not null default clock_timestamp(),
  constraint chosen_models_pkey PRIMARY KEY (user_id)
);
alter table read_v1.chosen_models owner to synap_projector;
alter table read_v1.chosen_models enable row level security;

create table read_v1.entities (
  entity_id uuid not null,
  user_id uuid not null,
  type text not null,
  title text,
  preview text,
  summary text,
  language text,
  content_key text,
  content_sha256 text,
  content_size bigint,
  content_type text,
  file_type text,
  uploaded_at timestamp with time zone,
  subject_sha256 text,
  attachments jsonb not null,
  metadata jsonb not null,
  provenance jsonb not null,
  suggestions jsonb not null,
  rejected jsonb not null,
  version integer not null,
  sequence bigint not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  deleted_at timestamp with time zone,
  projected_at timestamp with time zone not null default clock_timestamp(),
  particulars jsonb not null default '{}'::jsonb,
  title_name text generated always as (
CASE
    WHEN (char_length(title) <= 255) THEN NULLIF(lower(TRIM(BOTH FROM regexp_replace((NORMALIZE(title, NFC) COLLATE pg_c_utf8), '\s+'::text, ' '::text, 'g'::text))), ''::text)
    ELSE NULL::text
END) stored,
  file_name text generated always as (
CASE
    WHEN (char_length((metadata ->> 'path'::text)) <= 1024) THEN NULLIF("left"(lower(TRIM(BOTH FROM regexp_replace((NORMALIZE(regexp_replace(regexp_replace((metadata ->> 'path'::text), '^.*/'::text, ''::text), '\.(md|markdown|mdx|txt)$'::text, ''::text, 'i'::text), NFC) COLLATE pg_c_utf8), '\s+'::text, ' '::text, 'g'::text))), 255), ''::text)
    ELSE NULL::text
END) stored,
  people jsonb not null default '[]'::jsonb,
  constraint entities_pkey PRIMARY KEY (entity_id)
);
alter table read_v1.entities owner to synap_projector;
alter table read_v1.entities enable row level security;

create table read_v1.entity_lexemes (
  entity_id uuid not null,
  user_id uuid not null,
  config text not null,
  lexemes tsvector not null,
  names tsvector not null default ''::tsvector,
  constraint entity_lexemes_pkey PRIMARY KEY (entity_id)
);
alter table read_v1.entity_lexemes owner to synap_projector;
alter table read_v1.entity_lexemes enable row level security;

create table read_v1.entity_links (
  entity_id uuid not null,
  content_sha256 text not null,
  producer text not null,
  block integer not null,
  "position" integer not null,
  user_id uuid not null,
  kind text not null,
  target text not null,
  heading text,
  name text,
  target_id uuid,
  constraint entity_links_pkey PRIMARY KEY (entity_id, content_sha256, producer, block, "position")
);
alter table read_v1.entity_links owner to synap_projector;
alter table read_v1.entity_links enable row level security;

create table read_v1.entity_tags (
  entity_id uuid not null,
  tag_id uuid not null,
  user_id uuid not null,
  provenance jsonb not null,
  constraint entity_tags_entity_id_fkey FOREIGN KEY (entity_id) REFERENCES read_v1.entities(entity_id) ON DELETE CASCADE,
  constraint entity_tags_pkey PRIMARY KEY (entity_id, tag_id)
);
alter table read_v1.entity_tags owner to synap_projector;
alter table read_v1.entity_tags enable row level security;

create table read_v1.entity_texts (
  entity_id uuid not null,
  content_sha256 text not null,
  producer text not null,
  block integer not null,
  block_count integer not null,
  user_id uuid not null,
  text_key text,
  language text,
  config text not null,
  links jsonb not null,
  chunks jsonb not null,
  analysable boolean not null,
  reason text,
  lexemes tsvector,
  indexed_at timestamp with time zone not null default clock_timestamp(),
  constraint entity_texts_pkey PRIMARY KEY (entity_id, content_sha256, producer, block)
);
alter table read_v1.entity_texts owner to synap_projector;
alter table read_v1.entity_texts enable row level security;

create table read_v1.entity_vectors (
  entity_id uuid not null,
  content_sha256 text not null,
  producer text not null,
  block integer not null,
  chunk integer not null,
  user_id uuid not null,
  model text not null,
  char_start integer not null,
  char_end integer not null,
  embedding halfvec(1536) not null,
  indexed_at timestamp with time zone not null default clock_timestamp(),
  added_in xid8 not null default pg_current_xact_id(),
  constraint entity_vectors_pkey PRIMARY KEY (entity_id, content_sha256, producer, block, chunk)
);
alter table read_v1.entity_vectors owner to synap_projector;
alter table read_v1.entity_vectors enable row level security;

create table read_v1.merged_tags (
  entity_id uuid not null,
  sequence bigint not null,
  user_id uuid not null,
  provenance jsonb not null,
  had_both boolean not null,
  constraint merged_tags_pkey PRIMARY KEY (entity_id, sequence)
);
alter table read_v1.merged_tags owner to synap_projector;
alter table read_v1.merged_tags enable row level security;

create table read_v1.parked (
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
alter table read_v1.parked owner to synap_projector;
alter table read_v1.parked enable row level security;

create table read_v1.parked_history (
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
alter table read_v1.parked_history owner to synap_projector;

create table read_v1.positions (
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
alter table read_v1.positions owner to synap_projector;

create table read_v1.purged (
  subject_id uuid not null,
  user_id uuid not null,
  sequence bigint not null,
  purged_at timestamp with time zone not null default clock_timestamp(),
  constraint purged_pkey PRIMARY KEY (subject_id)
);
alter table read_v1.purged owner to synap_projector;
alter table read_v1.purged enable row level security;

create table read_v1.relations (
  relation_id uuid not null,
  user_id uuid not null,
  type text not null,
  source_id uuid not null,
  target_id uuid not null,
  version integer not null,
  sequence bigint not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  deleted boolean not null,
  constraint relations_pkey PRIMARY KEY (relation_id)
);
alter table read_v1.relations owner to synap_projector;
alter table read_v1.relations enable row level security;

create table read_v1.tag_merges (
  user_id uuid not null,
  sequence bigint not null,
  tag_id uuid not null,
  into_id uuid not null,
  constraint tag_merges_pkey PRIMARY KEY (user_id, sequence)
);
alter table read_v1.tag_merges owner to synap_projector;
alter table read_v1.tag_merges enable row level security;

create table read_v1.tags (
  tag_id uuid not null,
  user_id uuid not null,
  name text not null,
  color text,
  name_sequence bigint not null,
  color_sequence bigint not null default 0,
  constraint tags_pkey PRIMARY KEY (tag_id)
);
alter table read_v1.tags owner to synap_projector;
alter table read_v1.tags enable row level security;

create table read_v1.task_details (
  entity_id uuid not null,
  user_id uuid not null,
  status text not null,
  priority smallint not null,
  due text,
  due_day date,
  completed_by uuid,
  completed_at timestamp with time zone,
  constraint task_details_entity_id_fkey FOREIGN KEY (entity_id) REFERENCES read_v1.entities(entity_id) ON DELETE CASCADE,
  constraint task_details_pkey PRIMARY KEY (entity_id)
);
alter table read_v1.task_details owner to synap_projector;
alter table read_v1.task_details enable row level security;

create table read_v1.unsearchable (
  entity_id uuid not null,
  user_id uuid not null,
  content_sha256 text not null,
  projected_at timestamp with time zone not null default clock_timestamp(),
  constraint unsearchable_pkey PRIMARY KEY (entity_id)
);
alter table read_v1.unsearchable owner to synap_projector;
alter table read_v1.unsearchable enable row level security;

create table read_v1.user_models (
  user_id uuid not null,
  model text not null,
  vectors bigint not null,
  constraint user_models_pkey PRIMARY KEY (user_id, model)
);
alter table read_v1.user_models owner to synap_projector;
alter table read_v1.user_models enable row level security;

create table read_v1.user_positions (
  user_id uuid not null,
  seen bigint not null,
  updated_at timestamp with time zone not null default now(),
  constraint user_positions_pkey PRIMARY KEY (user_id),
  constraint user_positions_seen_check CHECK ((seen >= 0))
);
alter table read_v1.user_positions owner to synap_projector;
alter table read_v1.user_positions enable row level security;

create table read_v1.user_settings (
  user_id uuid not null,
  time_zone text,
  language text,
  sequence bigint not null,
  constraint user_settings_pkey PRIMARY KEY (user_id)
);
alter table read_v1.user_settings owner to synap_projector;
alter table read_v1.user_settings enable row level security;

CREATE INDEX entities_by_creation ON read_v1.entities USING btree (user_id, created_at DESC, entity_id DESC);

CREATE INDEX entities_by_file_name ON read_v1.entities USING btree (user_id, file_name, entity_id) WHERE ((deleted_at IS NULL) AND (file_name IS NOT NULL));

CREATE INDEX entities_by_title_name ON read_v1.entities USING btree (user_id, title_name, entity_id) WHERE ((deleted_at IS NULL) AND (title_name IS NOT NULL));

CREATE INDEX entities_by_update ON read_v1.entities USING btree (user_id, updated_at DESC);

CREATE INDEX entities_living ON read_v1.entities USING btree (user_id) WHERE (deleted_at IS NULL);

CREATE INDEX entity_lexemes_by_config ON read_v1.entity_lexemes USING btree (user_id, config);

CREATE INDEX entity_lexemes_by_word ON read_v1.entity_lexemes USING gin (user_id, lexemes, names);

CREATE INDEX entity_links_by_name ON read_v1.entity_links USING btree (user_id, name, entity_id, block, "position") WHERE (name IS NOT NULL);

CREATE INDEX entity_links_by_target ON read_v1.entity_links USING btree (user_id, target_id, entity_id, block, "position") WHERE (target_id IS NOT NULL);

CREATE INDEX entity_tags_by_tag ON read_v1.entity_tags USING btree (user_id, tag_id, entity_id);

CREATE INDEX entity_vectors_by_addition ON read_v1.entity_vectors USING btree (user_id, model, added_in, entity_id);

CREATE INDEX entity_vectors_hnsw ON read_v1.entity_vectors USING hnsw (embedding halfvec_cosine_ops) WITH (ef_construction='200');

CREATE INDEX merged_tags_by_user ON read_v1.merged_tags USING btree (user_id, sequence);

CREATE INDEX parked_discarded ON read_v1.parked USING btree (user_id, sequence) WHERE (slot AND (state = 'discarded'::text));

CREATE INDEX parked_history_of ON read_v1.parked_history USING btree (parked_id, id);

CREATE INDEX parked_marked ON read_v1.parked USING btree (topic, user_id) WHERE (state = 'retry'::text);

CREATE INDEX parked_open ON read_v1.parked USING btree (reason, cause, id) WHERE (state = ANY (ARRAY['open'::text, 'retry'::text]));

CREATE UNIQUE INDEX parked_record ON read_v1.parked USING btree (topic, partition, record_offset, COALESCE(sha256(value), '\x'::bytea)) WHERE (NOT slot);

CREATE UNIQUE INDEX parked_slot ON read_v1.parked USING btree (user_id, sequence) WHERE (slot AND (state = ANY (ARRAY['open'::text, 'retry'::text])));

CREATE INDEX relations_by_source ON read_v1.relations USING btree (user_id, source_id);

CREATE INDEX relations_by_target ON read_v1.relations USING btree (user_id, target_id);

CREATE INDEX tags_by_name ON read_v1.tags USING btree (user_id, name);

CREATE INDEX task_details_by_due ON read_v1.task_details USING btree (user_id, due_day);

CREATE INDEX task_details_by_status ON read_v1.task_details USING btree (user_id, status);

CREATE INDEX unsearchable_by_age ON read_v1.unsearchable USING btree (user_id, projected_at, entity_id);

create view read_v1.own_entities with (security_barrier=true) as
 SELECT entity_id,
    user_id,
    type,
    title,
    preview,
    summary,
    language,
    content_key,
    content_sha256,
    content_size,
    content_type,
    file_type,
    uploaded_at,
    subject_sha256,
    attachments,
    metadata,
    provenance,
    suggestions,
    rejected,
    version,
    sequence,
    created_at,
    updated_at,
    deleted_at,
    projected_at,
    particulars,
    title_name,
    file_name,
    people
   FROM read_v1.entities t
  WHERE (NOT (user_id IS DISTINCT FROM ( SELECT (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid AS "nullif")));
alter view read_v1.own_entities owner to synap_projector;

create view read_v1.own_entity_tags with (security_barrier=true) as
 SELECT entity_id,
    tag_id,
    user_id,
    provenance
   FROM read_v1.entity_tags t
  WHERE (NOT (user_id IS DISTINCT FROM ( SELECT (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid AS "nullif")));
alter view read_v1.own_entity_tags owner to synap_projector;

create view read_v1.own_entity_texts with (security_barrier=true) as
 SELECT entity_id,
    content_sha256,
    producer,
    block,
    block_count,
    user_id,
    text_key,
    language,
    config,
    links,
    chunks,
    analysable,
    reason,
    lexemes,
    indexed_at
   FROM read_v1.entity_texts t
  WHERE (NOT (user_id IS DISTINCT FROM ( SELECT (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid AS "nullif")));
alter view read_v1.own_entity_texts owner to synap_projector;

create view read_v1.own_entity_vectors with (security_barrier=true) as
 SELECT entity_id,
    content_sha256,
    producer,
    block,
    chunk,
    user_id,
    model,
    char_start,
    char_end,
    embedding,
    indexed_at,
    added_in
   FROM read_v1.entity_vectors t
  WHERE (NOT (user_id IS DISTINCT FROM ( SELECT (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid AS "nullif")));
alter view read_v1.own_entity_vectors owner to synap_projector;

create view read_v1.own_relations with (security_barrier=true) as
 SELECT relation_id,
    user_id,
    type,
    source_id,
    target_id,
    version,
    sequence,
    created_at,
    updated_at,
    deleted
   FROM read_v1.relations t
  WHERE (NOT (user_id IS DISTINCT FROM ( SELECT (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid AS "nullif")));
alter view read_v1.own_relations owner to synap_projector;

create view read_v1.own_tags with (security_barrier=true) as
 SELECT tag_id,
    user_id,
    name,
    color,
    name_sequence,
    color_sequence
   FROM read_v1.tags t
  WHERE (NOT (user_id IS DISTINCT FROM ( SELECT (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid AS "nullif")));
alter view read_v1.own_tags owner to synap_projector;

create view read_v1.own_task_details with (security_barrier=true) as
 SELECT entity_id,
    user_id,
    status,
    priority,
    due,
    due_day,
    completed_by,
    completed_at
   FROM read_v1.task_details t
  WHERE (NOT (user_id IS DISTINCT FROM ( SELECT (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid AS "nullif")));
alter view read_v1.own_task_details owner to synap_projector;

create view read_v1.parked_in_groups as
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
   FROM (read_v1.parked k
     LEFT JOIN LATERAL ( SELECT o.id,
            o.reason,
            o.cause
           FROM read_v1.parked o
          WHERE (k.slot AND (k.state = ANY (ARRAY['open'::text, 'retry'::text])) AND (k.reason = ANY (ARRAY['behind_parked'::text, 'behind_missing'::text])) AND (o.user_id = k.user_id) AND o.slot AND (o.state = ANY (ARRAY['open'::text, 'retry'::text])) AND (o.sequence < k.sequence) AND (o.reason <> ALL (ARRAY['behind_parked'::text, 'behind_missing'::text])) AND ((o.aggregate_id IS NULL) OR (o.aggregate_id = k.aggregate_id) OR (o.aggregate_id = o.user_id)))
          ORDER BY COALESCE((o.aggregate_id = k.aggregate_id), false) DESC, (o.aggregate_id IS NULL), o.sequence
         LIMIT 1) h ON (true));
alter view read_v1.parked_in_groups owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.all_words(words tsquery[], stops text[], configs text[])
 RETURNS tsquery
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  config text;
  part tsquery;
  whole tsquery;
  seen text[] := '{}';
begin
  foreach config in array array['simple'] || configs loop
    part := null;
    for nth in 1 .. coalesce(cardinality(words), 0) loop
      continue when position(' ' || config || ' ' in stops[nth][1]) > 0;
      part := case when part is null then words[nth] else part && words[nth] end;
    end loop;
    continue when part is null or part::text = any (seen);
    seen := seen || part::text;
    whole := case when whole is null then part else whole || part end;
  end loop;
  return whole;
end
$function$
;
alter function read_v1.all_words(tsquery[],text[],text[]) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.item_status(entity uuid)
 RETURNS TABLE(version integer, projected_at timestamp with time zone, text_indexed_at timestamp with time zone, vectors integer, vectors_at timestamp with time zone, parked integer, content_sha256 text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
    select e.version, e.projected_at, t.indexed_at, coalesce(v.vectors, 0)::integer, v.indexed_at, p.parked::integer,
      e.subject_sha256
    from (select nullif(current_setting('synap.user_id', true), '')::uuid as id) as me
    left join read_v1.entities as e on e.entity_id = item_status.entity and e.user_id is not distinct from me.id
    left join lateral (
      select max(texts.indexed_at) as indexed_at from read_v1.entity_texts as texts
      where texts.entity_id = e.entity_id and texts.content_sha256 = e.subject_sha256 and texts.user_id = me.id
    ) as t on true
    left join lateral (
      select count(*) as vectors, max(vectors.indexed_at) as indexed_at from read_v1.entity_vectors as vectors
      where vectors.entity_id = e.entity_id and vectors.content_sha256 = e.subject_sha256
        and vectors.user_id is not distinct from me.id
    ) as v on true
    left join lateral (
      select count(*) as parked from read_v1.parked
      where parked.user_id = me.id and parked.aggregate_id = item_status.entity and parked.slot
        and parked.state in ('open', 'retry')
    ) as p on true;
end
$function$
;
alter function read_v1.item_status(uuid) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.ledger_counts(p_users uuid[])
 RETURNS TABLE(user_id uuid, aggregates bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select u.user_id, (select count(*) from read_v1.entities as e where e.user_id = u.user_id)
    + (select count(*) from read_v1.relations as r where r.user_id = u.user_id)
  from unnest(p_users) as u (user_id)
$function$
;
alter function read_v1.ledger_counts(uuid[]) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.ledger_entities(p_user uuid, p_at timestamp with time zone, p_after uuid, p_limit integer)
 RETURNS TABLE(aggregate_id uuid, version integer, sequence bigint, placed timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select e.entity_id, e.version, e.sequence, e.created_at
  from read_v1.entities as e
  where e.user_id = p_user and (p_after is null or (e.created_at, e.entity_id) > (p_at, p_after))
  order by e.created_at, e.entity_id
  limit p_limit
$function$
;
alter function read_v1.ledger_entities(uuid,timestamp with time zone,uuid,integer) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.ledger_parked()
 RETURNS TABLE(reason text, events bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select k.reason, count(*) from read_v1.parked as k where k.slot and k.state in ('open', 'retry') group by k.reason
$function$
;
alter function read_v1.ledger_parked() owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.ledger_positions(p_user uuid, p_after uuid, p_limit integer)
 RETURNS TABLE(user_id uuid, seen bigint, erased bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select p.user_id, p.seen, g.sequence
  from read_v1.user_positions as p
  left join read_v1.purged as g on g.subject_id = p.user_id
  where p.seen > 0 and (p_user is null or p.user_id = p_user) and (p_after is null or p.user_id > p_after)
  order by p.user_id
  limit least(p_limit, 10000)
$function$
;
alter function read_v1.ledger_positions(uuid,uuid,integer) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.ledger_relations(p_user uuid, p_source uuid, p_after uuid, p_limit integer)
 RETURNS TABLE(aggregate_id uuid, version integer, sequence bigint, placed uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select r.relation_id, r.version, r.sequence, r.source_id
  from read_v1.relations as r
  where r.user_id = p_user and (p_after is null or (r.source_id, r.relation_id) > (p_source, p_after))
  order by r.source_id, r.relation_id
  limit p_limit
$function$
;
alter function read_v1.ledger_relations(uuid,uuid,uuid,integer) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.ledger_slots(p_users uuid[], p_from bigint[], p_to bigint[])
 RETURNS TABLE(user_id uuid, sequence bigint, state text, reason text, event_id uuid, aggregate_id uuid, version integer, bytes boolean)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  for i in 1 .. coalesce(cardinality(p_users), 0) loop
    return query
      select k.user_id, k.sequence, k.state, k.reason, k.event_id, k.aggregate_id, k.version, k.value is not null
      from read_v1.parked as k
      where k.user_id = p_users[i] and k.sequence between p_from[i] and p_to[i] and k.slot and k.state in ('open', 'retry')
      union all
      select k.user_id, k.sequence, k.state, k.reason, k.event_id, k.aggregate_id, k.version, k.value is not null
      from read_v1.parked as k
      where k.user_id = p_users[i] and k.sequence between p_from[i] and p_to[i] and k.slot and k.state = 'discarded';
  end loop;
end
$function$
;
alter function read_v1.ledger_slots(uuid[],bigint[],bigint[]) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.ledger_versions(p_aggregates uuid[], p_ends uuid[])
 RETURNS TABLE(aggregate_id uuid, user_id uuid, version integer, sequence bigint, purged boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select e.entity_id, e.user_id, e.version, e.sequence, false
  from read_v1.entities as e where e.entity_id = any (p_aggregates)
  union all
  select r.relation_id, r.user_id, r.version, r.sequence, false
  from read_v1.relations as r where r.relation_id = any (p_aggregates)
  union all
  select g.subject_id, g.user_id, null, g.sequence, true
  from read_v1.purged as g where g.subject_id = any (p_aggregates || p_ends)
$function$
;
alter function read_v1.ledger_versions(uuid[],uuid[]) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.link_name(name text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select case when char_length(name) <= 255 then
    nullif(lower(trim(regexp_replace(normalize(name, NFC) collate pg_catalog.pg_c_utf8, '\s+', ' ', 'g'))), '') end
$function$
;
alter function read_v1.link_name(text) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.make_documents(ids uuid[])
 RETURNS TABLE(entity_id uuid, user_id uuid, config text, lexemes tsvector, names tsvector)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
  select e.entity_id, e.user_id, c.config,
    setweight(w.title, 'A') || setweight(w.tags, 'B') || setweight(w.english_title, 'A') || setweight(w.english_tags, 'B')
      || case when c.config <> 'english' and length(e.preview) < 200 then setweight(to_tsvector('english', e.preview), 'C') else '' end
      || case
        when t.lexemes is not null then t.lexemes
        when e.preview is null or e.preview = '' then ''
        -- So few characters cannot come to too many bytes.
        when length(e.preview) > 20000 then read_v1.to_lexemes(c.config, e.preview, 'C')
        when c.config = 'simple' then setweight(to_tsvector('simple', e.preview), 'C')
        else setweight(to_tsvector('simple', e.preview) || to_tsvector(c.dictionary, e.preview), 'C')
      end,
    case
      -- Only markup is a word over a blank: it might begin in the title and end in the tags.
      when strpos(n.title, '<') > 0 then read_v1.to_names(n.title, g.names, array[c.config, 'english'])
      else array_to_tsvector(array(
        select words.word from unnest(w.names) as words(word) where words.word <> ''
        union all
        select '~' || overlay(words.word placing '' from greatest(place, 1) for least(place, 1))
        from unnest(w.names) as words(word) cross join lateral generate_series(0, length(words.word)) as place
        where length(words.word) between 4 and 24 and words.word !~ '[0-9[:punct:]]'
      ))
    end
  from read_v1.entities as e
  left join lateral (
    select texts.config, texts.lexemes from read_v1.entity_texts as texts
    where texts.entity_id = e.entity_id and texts.content_sha256 = e.subject_sha256
      and texts.user_id = e.user_id and texts.block = 0
    -- of two extractions that of the newer program counts, whichever came first: any order of records gives the same
    order by substring(texts.producer from '@([0-9]{1,9})$')::int desc nulls last, texts.producer desc limit 1
  ) as t on true
  left join lateral (
    select string_agg(tags.name, ' ' order by tags.name) as names
    from read_v1.entity_tags join read_v1.tags using (tag_id) where entity_tags.entity_id = e.entity_id
  ) as g on true
  -- To the parser a file name is one word: its parts are words too.
  cross join lateral (
    select concat_ws(' ', e.title, case when e.title ~ '\w[._/-]\w' then translate(e.title, '._/-', '    ') end) as title
    offset 0
  ) as n
  cross join lateral (
    select named.config, named.config::regconfig as dictionary
    from (select coalesce(t.config, read_v1.text_config(e.language)) as config offset 0) as named
    offset 0
  ) as c
  -- Each text is parsed once for each configuration: the words of a name are those of its title and tags.
  cross join lateral (
    select l.*, tsvector_to_array(l.title || l.tags || l.english_title || l.english_tags) as names
    from (
      select
        case when c.config = 'simple' then to_tsvector('simple', n.title)
          else to_tsvector('simple', n.title) || to_tsvector(c.dictionary, n.title) end as title,
        case when g.names is null then '' when c.config = 'simple' then to_tsvector('simple', g.names)
          else to_tsvector('simple', g.names) || to_tsvector(c.dictionary, g.names) end as tags,
        case when c.config = 'english' then '' else to_tsvector('english', n.title) end as english_title,
        case when c.config = 'english' or g.names is null then '' else to_tsvector('english', g.names) end as english_tags
      offset 0
    ) as l
    offset 0
  ) as w
  where e.entity_id = any (ids) and e.deleted_at is null
  order by e.entity_id;
end
$function$
;
alter function read_v1.make_documents(uuid[]) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.mark_parked(ids bigint[], action text, by_user uuid DEFAULT NULL::uuid, by_key uuid DEFAULT NULL::uuid, why text DEFAULT NULL::text)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  marked bigint;
begin
  -- the owner works under its users' rows: a mark must not fall between its look and its update
  perform 1 from read_v1.user_positions u
    where u.user_id in (select p.user_id from read_v1.parked p where p.id = any (ids))
    order by u.user_id for update;
  if action = 'retry' then
    with done as (
      update read_v1.parked p set state = 'retry', updated_at = now()
        where p.id = any (ids) and p.state = 'open'
          and (p.slot or p.reason not in ('headers_unusable', 'inconsistent', 'fork'))
        returning p.id, p.reason
    )
    insert into read_v1.parked_history (parked_id, step, reason, by_user, by_key, why)
      select d.id, 'marked', d.reason, mark_parked.by_user, mark_parked.by_key, mark_parked.why from done d order by d.id;
    get diagnostics marked = row_count;
  elsif action = 'discard' then
    with done as (
      update read_v1.parked p set state = 'discarded', updated_at = now()
        where p.id = any (ids) and p.state in ('open', 'retry')
        returning p.id, p.reason
    )
    insert into read_v1.parked_history (parked_id, step, reason, by_user, by_key, why)
      select d.id, 'discarded', d.reason, mark_parked.by_user, mark_parked.by_key, mark_parked.why
        from done d order by d.id;
    get diagnostics marked = row_count;
    update read_v1.parked f set state = 'retry', updated_at = now()
      where f.slot and f.state = 'open' and f.reason in ('behind_parked', 'behind_missing')
        and f.user_id in (select p.user_id from read_v1.parked p where p.id = any (ids) and p.slot);
  else
    raise exception 'unknown action' using errcode = '22023';
  end if;
  return marked;
end
$function$
;
alter function read_v1.mark_parked(bigint[],text,uuid,uuid,text) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.mark_parked_group(of_slot boolean, of_reason text, of_cause text, action text, after bigint, up_to bigint, most integer, by_user uuid, by_key uuid, why text, OUT marked bigint, OUT last_id bigint)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  ids bigint[];
begin
  select array_agg(s.id order by s.id), max(s.id) into ids, last_id from (
    select g.id from read_v1.parked_in_groups g
      where g.head_id is null and g.group_slot = of_slot and g.group_reason = of_reason and g.group_cause = of_cause
        and g.state in ('open', 'retry') and g.id > after and g.id <= up_to
      order by g.id limit least(most, 1000)
  ) s;
  marked := 0;
  if last_id is not null then
    marked := read_v1.mark_parked(ids, action, by_user, by_key, why);
  end if;
end
$function$
;
alter function read_v1.mark_parked_group(boolean,text,text,text,bigint,bigint,integer,uuid,uuid,text) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.match_words(question text, configs text[], allowed uuid[], cap integer)
 RETURNS TABLE(entity_id uuid, rank real, corrected text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  top integer := least(greatest(cap, 0), 5000);
  asked tsquery := read_v1.to_question(question, configs);
  words tsquery[];
  stops text[][];
  telling tsquery[];
  near text[];
  all_near text[] := '{}';
  one record;
begin
  if asked is null then
    return;
  end if;
  return query select m.entity_id, m.rank, null::text from read_v1.rank_matches(me, asked, allowed, top) as m;
  if found or question ~* '"|(^|\s)-|\sor\s' then
    return;
  end if;
  for one in select * from read_v1.question_words(question, configs) loop
    if one.stops = '{}' and not exists (
      select from read_v1.entity_lexemes as l where l.user_id = me and l.lexemes @@ one.asked
    ) then
      near := read_v1.near_words(one.word);
      all_near := all_near || near;
      if near <> '{}' then
        one.asked := (select string_agg(read_v1.quote_lexeme(w), ' | ') from unnest(near) as w)::tsquery;
      end if;
    end if;
    words := array_append(words, one.asked);
    stops := stops || array[array[' ' || array_to_string(one.stops, ' ') || ' ']];
    if one.stops = '{}' then
      telling := array_append(telling, one.asked);
    end if;
  end loop;
  if all_near <> '{}' then
    return query select m.entity_id, m.rank, array_to_string(all_near, ' ')
      from read_v1.rank_matches(me, read_v1.all_words(words, stops, configs), allowed, top) as m;
    if found then
      return;
    end if;
  end if;
  return query select m.entity_id, m.rank, nullif(array_to_string(all_near, ' '), '')
    from read_v1.rank_some_words(me, telling, allowed, top) as m;
end
$function$
;
alter function read_v1.match_words(text,text[],uuid[],integer) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.near_words(word text)
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  keys text[] := read_v1.typo_keys(word);
  asked tsquery;
  held tsvector;
  more text[];
  near text[] := '{}';
begin
  if length(word) not between 3 and 25 or word ~ '[0-9[:punct:]]' then
    return near;
  end if;
  asked := (select string_agg(read_v1.quote_lexeme(key), ' | ') from unnest(keys) as key)::tsquery;
  while cardinality(near) < 8 loop
    held := (select l.names from read_v1.entity_lexemes as l where l.user_id = me and l.names @@ asked limit 1);
    more := (
      select array_agg(w) from unnest(tsvector_to_array(held)) as w
      where w not like '~%' and length(w) >= 4 and read_v1.typo_keys(w) && keys
    );
    exit when more is null;
    near := near || more;
    asked := asked && !! (select string_agg(read_v1.quote_lexeme(w), ' | ') from unnest(more) as w)::tsquery;
  end loop;
  return near;
end
$function$
;
alter function read_v1.near_words(text) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.parked_events(of_slot boolean, of_reason text, of_cause text, closed boolean, after bigint, most integer)
 RETURNS TABLE(id bigint, topic text, partition integer, record_offset bigint, user_id uuid, aggregate_id uuid, aggregate_type text, version integer, sequence bigint, event_id uuid, event_type text, reason text, detail text, key text, headers jsonb, bytes integer, sha256 text, value bytea, slot boolean, state text, attempts integer, parked_at timestamp with time zone, waiting bigint, history jsonb)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select k.id, k.topic, k.partition, k.record_offset, k.user_id, k.aggregate_id, k.aggregate_type, k.version, k.sequence,
      k.event_id, k.event_type, k.reason, k.detail, k.key, k.headers, octet_length(k.value),
      encode(sha256(k.value), 'hex'),
      case when octet_length(k.value) <= 1048576 and k.reason <> 'killer' and not exists (
        select from read_v1.parked_history d where d.parked_id = k.id and d.reason = 'killer'
      ) then k.value end,
      k.slot, k.state, k.attempts, k.parked_at,
      (select count(*) from read_v1.parked_in_groups f where f.user_id = k.user_id and f.head_id = k.id),
      (
        select coalesce(jsonb_agg(jsonb_build_object(
            'at', floor(extract(epoch from s.at) * 1000), 'step', s.step, 'reason', s.reason, 'detail', s.detail,
            'byUser', s.by_user, 'byKey', s.by_key, 'why', s.why, 'times', s.times,
            'lastAt', floor(extract(epoch from s.last_at) * 1000)) order by s.id), '[]')
          from (
            select * from read_v1.parked_history x where x.parked_id = k.id order by x.id desc limit 50
          ) s
      )
    from read_v1.parked_in_groups g join read_v1.parked k on k.id = g.id
    where g.head_id is null and g.group_slot = of_slot and g.group_reason = of_reason and g.group_cause = of_cause
      and case when parked_events.closed then g.state in ('applied', 'discarded') else g.state in ('open', 'retry') end
      and g.id > parked_events.after
    order by g.id
    limit least(most, 201)
$function$
;
alter function read_v1.parked_events(boolean,text,text,boolean,bigint,integer) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.parked_groups(closed boolean)
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
    from read_v1.parked_in_groups g
    where case when parked_groups.closed then g.state in ('applied', 'discarded') else g.state in ('open', 'retry') end
    group by g.group_slot, g.group_reason, g.group_cause
    order by min(g.parked_at), g.group_reason, g.group_cause
    limit 500
$function$
;
alter function read_v1.parked_groups(boolean) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.parked_of_user()
 RETURNS TABLE(sequence bigint, aggregate_id uuid, reason text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
  select parked.sequence, parked.aggregate_id, parked.reason from read_v1.parked
  where parked.user_id = nullif(current_setting('synap.user_id', true), '')::uuid and parked.slot
    and parked.state in ('open', 'retry')
  order by parked.sequence;
end
$function$
;
alter function read_v1.parked_of_user() owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.positions_of(users uuid[])
 RETURNS TABLE(user_id uuid, seen bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
begin
  return query select p.user_id, p.seen from read_v1.user_positions p where p.user_id = any (users);
end
$function$
;
alter function read_v1.positions_of(uuid[]) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.question_words(question text, configs text[])
 RETURNS TABLE(place bigint, word text, asked tsquery, stops text[])
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  token record;
  stemmed tsquery;
  config text;
begin
  for token in
    select tokens.token, tokens.nth, tokens.nth = max(tokens.nth) over () as is_last
    from ts_parse('default', question) with ordinality as tokens (tokid, token, nth)
    where tokens.tokid not in (12, 13, 14, 15, 16, 17, 23) order by tokens.nth
  loop
    asked := plainto_tsquery('simple', token.token);
    continue when numnode(asked) = 0;
    if token.is_last and numnode(asked) = 1 then
      asked := (asked::text || ':*')::tsquery;
    end if;
    stops := '{}';
    foreach config in array configs loop
      continue when config = 'simple';
      stemmed := plainto_tsquery(config::regconfig, token.token);
      if numnode(stemmed) = 0 then
        stops := stops || config;
      elsif position(stemmed::text in asked::text) = 0 then
        asked := asked || stemmed;
      end if;
    end loop;
    place := token.nth;
    word := lower(token.token);
    return next;
  end loop;
end
$function$
;
alter function read_v1.question_words(text,text[]) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.quote_lexeme(lexeme text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select '''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || ''''
$function$
;
alter function read_v1.quote_lexeme(text) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.rank_matches(me uuid, asked tsquery, allowed uuid[], cap integer)
 RETURNS TABLE(entity_id uuid, rank real)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  with matches as materialized (
    select l.entity_id, l.names @@ asked as named
    from read_v1.entity_lexemes as l where l.user_id = me and l.lexemes @@ asked
  ), kept as materialized (
    select m.* from matches as m where allowed is null
    union all
    select m.* from unnest(allowed) as a (id) join matches as m on m.entity_id = a.id
  ), chosen as materialized (
    select k.entity_id from kept as k order by k.named desc, k.entity_id desc limit cap
  )
  select c.entity_id, ts_rank_cd('{0.1, 0.2, 0.6, 1.0}', l.lexemes, asked, 1)
  from chosen as c join read_v1.entity_lexemes as l using (entity_id)
$function$
;
alter function read_v1.rank_matches(uuid,tsquery,uuid[],integer) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.rank_some_words(me uuid, words tsquery[], allowed uuid[], cap integer)
 RETURNS TABLE(entity_id uuid, rank real)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  with hits as materialized (
    select w.nth, l.entity_id
    from unnest(words) with ordinality as w (asked, nth)
    join read_v1.entity_lexemes as l on l.user_id = me and l.lexemes @@ w.asked
  ), worth as (
    select h.nth, ln(1 + (select count(distinct hits.entity_id) from hits)::float8 / count(*)) as weight
    from hits as h group by h.nth
  ), kept as (
    select h.entity_id, sum(worth.weight) as total from hits as h join worth using (nth)
    where allowed is null or h.entity_id in (select unnest(allowed)) group by h.entity_id
  ), best as (
    select k.*, max(k.total) over () as most from kept as k
  )
  select b.entity_id, b.total::real from best as b where b.total >= b.most / 2
  order by b.total desc, b.entity_id desc limit cap
$function$
;
alter function read_v1.rank_some_words(uuid,tsquery[],uuid[],integer) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.text_config(language text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE lower(split_part(language, '-'::text, 1)) WHEN 'ar'::text THEN 'arabic'::text WHEN 'hy'::text THEN 'armenian'::text WHEN 'eu'::text THEN 'basque'::text WHEN 'ca'::text THEN 'catalan'::text WHEN 'da'::text THEN 'danish'::text WHEN 'nl'::text THEN 'dutch'::text WHEN 'en'::text THEN 'english'::text WHEN 'fi'::text THEN 'finnish'::text WHEN 'fr'::text THEN 'french'::text WHEN 'de'::text THEN 'german'::text WHEN 'el'::text THEN 'greek'::text WHEN 'hi'::text THEN 'hindi'::text WHEN 'hu'::text THEN 'hungarian'::text WHEN 'id'::text THEN 'indonesian'::text WHEN 'ga'::text THEN 'irish'::text WHEN 'it'::text THEN 'italian'::text WHEN 'lt'::text THEN 'lithuanian'::text WHEN 'ne'::text THEN 'nepali'::text WHEN 'no'::text THEN 'norwegian'::text WHEN 'nb'::text THEN 'norwegian'::text WHEN 'pt'::text THEN 'portuguese'::text WHEN 'ro'::text THEN 'romanian'::text WHEN 'ru'::text THEN 'russian'::text WHEN 'sr'::text THEN 'serbian'::text WHEN 'es'::text THEN 'spanish'::text WHEN 'sv'::text THEN 'swedish'::text WHEN 'ta'::text THEN 'tamil'::text WHEN 'tr'::text THEN 'turkish'::text WHEN 'yi'::text THEN 'yiddish'::text ELSE 'simple'::text END
;
alter function read_v1.text_config(text) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.to_lexemes(config text, body text, weight "char")
 RETURNS tsvector
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  part text := coalesce(body, '');
  lexed tsvector;
begin
  if part = '' then
    return '';
  end if;
  -- So few characters cannot come to too many bytes: no savepoint for them.
  if length(part) <= 20000 then
    if config = 'simple' then
      return setweight(to_tsvector('simple', part), weight);
    end if;
    return setweight(to_tsvector('simple', part) || to_tsvector(config::regconfig, part), weight);
  end if;
  loop
    begin
      lexed := setweight(to_tsvector('simple', part), weight);
      if config <> 'simple' then
        lexed := lexed || setweight(to_tsvector(config::regconfig, part), weight);
      end if;
      if pg_column_size(lexed) <= 900000 then
        return lexed;
      end if;
    exception when program_limit_exceeded then
      null;
    end;
    part := left(part, length(part) / 2);
  end loop;
end
$function$
;
alter function read_v1.to_lexemes(text,text,"char") owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.to_names(title text, tags text, configs text[])
 RETURNS tsvector
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  body text := concat_ws(' ', title, tags);
  lexed tsvector;
  config text;
  done text := 'simple';
begin
  if body = '' then
    return '';
  end if;
  lexed := to_tsvector('simple', body);
  foreach config in array configs loop
    continue when config in ('simple', done);
    lexed := lexed || to_tsvector(config::regconfig, body);
    done := config;
  end loop;
  return array_to_tsvector(array(
    select words.word from unnest(tsvector_to_array(lexed)) as words(word) where words.word <> ''
    union all
    select '~' || overlay(words.word placing '' from greatest(place, 1) for least(place, 1))
    from unnest(tsvector_to_array(lexed)) as words(word) cross join lateral generate_series(0, length(words.word)) as place
    where length(words.word) between 4 and 24 and words.word !~ '[0-9[:punct:]]'
  ));
end
$function$
;
alter function read_v1.to_names(text,text,text[]) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.to_question(question text, configs text[])
 RETURNS tsquery
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  config text;
  asked tsquery;
  other tsquery;
begin
  if question !~* '"|(^|\s)-|\sor\s' then
    return (
      select read_v1.all_words(
        array_agg(w.asked order by w.place),
        array_agg(array[' ' || array_to_string(w.stops, ' ') || ' '] order by w.place), configs)
      from read_v1.question_words(question, configs) as w
    );
  end if;
  asked := websearch_to_tsquery('simple', question);
  if numnode(asked) = 0 then
    return null;
  end if;
  if question like '%"%' then
    return asked;
  end if;
  foreach config in array configs loop
    if config <> 'simple' then
      other := websearch_to_tsquery(config::regconfig, question);
      if numnode(other) > 0 and other::text <> asked::text then
        asked := asked || other;
      end if;
    end if;
  end loop;
  return asked;
end
$function$
;
alter function read_v1.to_question(text,text[]) owner to synap_projector;

CREATE OR REPLACE FUNCTION read_v1.typo_keys(word text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select array_agg(distinct '~' || overlay(word placing '' from greatest(place, 1) for least(place, 1)))
  from generate_series(0, length(word)) as place
$function$
;
alter function read_v1.typo_keys(text) owner to synap_projector;

create policy own_rows on read_v1.chosen_models as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.entities as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.entity_lexemes as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.entity_links as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.entity_tags as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.entity_texts as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.entity_vectors as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.merged_tags as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.parked as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.purged as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.relations as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.tag_merges as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.tags as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.task_details as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.unsearchable as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.user_models as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.user_positions as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

create policy own_rows on read_v1.user_settings as permissive for all to public using (user_id = (NULLIF(current_setting('synap.user_id'::text, true), ''::text))::uuid);

grant execute on function read_v1.all_words(tsquery[],text[],text[]) to synap_query;
grant execute on function read_v1.item_status(uuid) to synap_query;
grant execute on function read_v1.ledger_counts(uuid[]) to synap_operator;
grant execute on function read_v1.ledger_entities(uuid,timestamp with time zone,uuid,integer) to synap_operator;
grant execute on function read_v1.ledger_parked() to synap_operator;
grant execute on function read_v1.ledger_positions(uuid,uuid,integer) to synap_operator;
grant execute on function read_v1.ledger_relations(uuid,uuid,uuid,integer) to synap_operator;
grant execute on function read_v1.ledger_slots(uuid[],bigint[],bigint[]) to synap_operator;
grant execute on function read_v1.ledger_versions(uuid[],uuid[]) to synap_operator;
grant execute on function read_v1.mark_parked(bigint[],text,uuid,uuid,text) to synap_operator;
grant execute on function read_v1.mark_parked_group(boolean,text,text,text,bigint,bigint,integer,uuid,uuid,text) to synap_operator;
grant execute on function read_v1.match_words(text,text[],uuid[],integer) to synap_query;
grant execute on function read_v1.parked_events(boolean,text,text,boolean,bigint,integer) to synap_operator;
grant execute on function read_v1.parked_groups(boolean) to synap_operator;
grant execute on function read_v1.parked_of_user() to synap_query;
grant execute on function read_v1.positions_of(uuid[]) to synap_operator;
grant execute on function read_v1.positions_of(uuid[]) to synap_query;
grant execute on function read_v1.question_words(text,text[]) to synap_query;
grant execute on function read_v1.text_config(text) to synap_query;
grant execute on function read_v1.to_lexemes(text,text,"char") to synap_query;
grant execute on function read_v1.to_question(text,text[]) to synap_query;
grant select on read_v1.chosen_models to synap_query;
grant select on read_v1.entities to synap_query;
grant select on read_v1.entity_lexemes to synap_query;
grant select on read_v1.entity_links to synap_query;
grant select on read_v1.entity_tags to synap_query;
grant select on read_v1.entity_texts to synap_query;
grant select on read_v1.entity_vectors to synap_query;
grant select on read_v1.own_entities to synap_query;
grant select on read_v1.own_entity_tags to synap_query;
grant select on read_v1.own_entity_texts to synap_query;
grant select on read_v1.own_entity_vectors to synap_query;
grant select on read_v1.own_relations to synap_query;
grant select on read_v1.own_tags to synap_query;
grant select on read_v1.own_task_details to synap_query;
grant select on read_v1.relations to synap_query;
grant select on read_v1.tags to synap_query;
grant select on read_v1.task_details to synap_query;
grant select on read_v1.unsearchable to synap_query;
grant select on read_v1.user_models to synap_query;
grant select on read_v1.user_settings to synap_query;
grant usage on schema read_v1 to synap_operator;
grant usage on schema read_v1 to synap_query;

create schema read_meta authorization synap_projector;

create table read_meta.read_active (
  one boolean not null default true,
  n integer not null,
  shape integer not null,
  switched_at timestamp with time zone not null default now(),
  constraint read_active_n_check CHECK ((n > 0)),
  constraint read_active_one_check CHECK (one),
  constraint read_active_pkey PRIMARY KEY (one),
  constraint read_active_shape_check CHECK ((shape > 0))
);
alter table read_meta.read_active owner to synap_projector;

create table read_meta.read_models (
  n integer not null,
  state text not null,
  made_at timestamp with time zone not null default now(),
  changed_at timestamp with time zone not null default now(),
  keep_until timestamp with time zone,
  constraint read_models_n_check CHECK ((n > 0)),
  constraint read_models_pkey PRIMARY KEY (n),
  constraint read_models_state_check CHECK ((state = ANY (ARRAY['building'::text, 'followed'::text, 'leaving'::text])))
);
alter table read_meta.read_models owner to synap_projector;

create table read_meta.rebuild_slices (
  n integer not null,
  slice integer not null,
  first_user uuid not null,
  last_user uuid not null,
  events bigint not null,
  copied boolean not null default false,
  worded boolean not null default false,
  constraint rebuild_slices_n_fkey FOREIGN KEY (n) REFERENCES read_meta.rebuilds(n) ON DELETE CASCADE,
  constraint rebuild_slices_pkey PRIMARY KEY (n, slice)
);
alter table read_meta.rebuild_slices owner to synap_projector;

create table read_meta.rebuilds (
  n integer not null,
  derived_from integer not null,
  phase text not null,
  holder uuid not null,
  lease_until timestamp with time zone not null,
  begun_at timestamp with time zone not null default now(),
  switched_at timestamp with time zone,
  constraint rebuilds_n_fkey FOREIGN KEY (n) REFERENCES read_meta.read_models(n) ON DELETE CASCADE,
  constraint rebuilds_phase_check CHECK ((phase = ANY (ARRAY['copying'::text, 'following'::text, 'switched'::text]))),
  constraint rebuilds_pkey PRIMARY KEY (n)
);
alter table read_meta.rebuilds owner to synap_projector;

grant select on read_meta.read_active to synap_operator;
grant select on read_meta.read_active to synap_query;
grant select on read_meta.read_models to synap_operator;
grant usage on schema read_meta to synap_operator;
grant usage on schema read_meta to synap_query;
