-- What the migrations beside this file come to; of them: sha256 2110cc00a5012031bebc9d1505d7574cf889ddc5ad076b8479dd0a09710a2ab4
create schema enrich authorization synap_enricher;

create table enrich.analyses (
  job_id uuid not null,
  model text not null,
  prompt_version text not null,
  offline boolean not null,
  time_zone text not null,
  vocabulary_hash text not null,
  result jsonb not null,
  input_tokens integer not null,
  output_tokens integer not null,
  created_at timestamp with time zone not null default now(),
  constraint analyses_job_id_fkey FOREIGN KEY (job_id) REFERENCES enrich.jobs(job_id) ON DELETE CASCADE,
  constraint analyses_pkey PRIMARY KEY (job_id)
);
alter table enrich.analyses owner to synap_enricher;

create table enrich.budgets (
  user_id uuid not null,
  calls bigint,
  tokens bigint,
  cost_nanos bigint,
  by_user uuid,
  by_key uuid,
  updated_at timestamp with time zone not null default now(),
  constraint budgets_calls_check CHECK ((calls >= 0)),
  constraint budgets_cost_nanos_check CHECK ((cost_nanos >= 0)),
  constraint budgets_pkey PRIMARY KEY (user_id),
  constraint budgets_tokens_check CHECK ((tokens >= 0))
);
alter table enrich.budgets owner to synap_enricher;

create table enrich.calls (
  call_id uuid not null,
  user_id uuid not null,
  entity_id uuid,
  job_id uuid,
  step text not null,
  provider text not null,
  model text not null,
  day date not null,
  state text not null default 'reserved'::text,
  requests integer not null default 1,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cost_nanos bigint,
  error_code text,
  started_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  constraint calls_pkey PRIMARY KEY (call_id),
  constraint calls_state_check CHECK ((state = ANY (ARRAY['reserved'::text, 'settled'::text]))),
  constraint calls_step_check CHECK ((step = ANY (ARRAY['analyse'::text, 'embed'::text])))
);
alter table enrich.calls owner to synap_enricher;

create table enrich.configured (
  one boolean not null default true,
  model text not null,
  prompt_version text not null,
  offline boolean not null,
  embedding_model text not null,
  embedding_producer text not null,
  extract_producer text not null,
  enricher_version text not null,
  updated_at timestamp with time zone not null default now(),
  constraint configured_one_check CHECK (one),
  constraint configured_pkey PRIMARY KEY (one)
);
alter table enrich.configured owner to synap_enricher;

create table enrich.embeddings (
  user_id uuid not null,
  content_hash text not null,
  model text not null,
  dimensions integer not null,
  chunker text not null,
  block integer not null,
  vectors bytea not null,
  created_at timestamp with time zone not null default now(),
  constraint embeddings_pkey PRIMARY KEY (user_id, content_hash, model, dimensions, chunker, block)
);
alter table enrich.embeddings owner to synap_enricher;

create table enrich.enrichment_items (
  enrichment_id uuid not null,
  entity_id uuid not null,
  state text not null default 'waiting'::text,
  updated_at timestamp with time zone not null default now(),
  constraint enrichment_items_enrichment_id_fkey FOREIGN KEY (enrichment_id) REFERENCES enrich.enrichments(enrichment_id) ON DELETE CASCADE,
  constraint enrichment_items_pkey PRIMARY KEY (enrichment_id, entity_id),
  constraint enrichment_items_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'asking'::text, 'asked'::text, 'made'::text, 'gone'::text])))
);
alter table enrich.enrichment_items owner to synap_enricher;

create table enrich.enrichments (
  enrichment_id uuid not null,
  user_id uuid not null,
  kind text not null,
  model text not null,
  producer text,
  state text not null default 'asked'::text,
  reason text,
  items integer not null default 0,
  done integer not null default 0,
  failed integer not null default 0,
  requested_by_key uuid,
  requested_at timestamp with time zone not null default now(),
  started_at timestamp with time zone,
  switched_at timestamp with time zone,
  finished_at timestamp with time zone,
  cursor uuid,
  due_at timestamp with time zone not null default now(),
  filter jsonb,
  constraint enrichments_kind_check CHECK ((kind = ANY (ARRAY['embed'::text, 'analyse'::text]))),
  constraint enrichments_pkey PRIMARY KEY (enrichment_id),
  constraint enrichments_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'building'::text, 'switching'::text, 'cleaning'::text, 'done'::text, 'cancelling'::text, 'cancelled'::text, 'refused'::text])))
);
alter table enrich.enrichments owner to synap_enricher;

create table enrich.entities (
  entity_id uuid not null,
  user_id uuid not null,
  type text not null,
  title text,
  content_hash text,
  object_key text,
  file_type text,
  content_size bigint,
  version integer not null,
  captured_at timestamp with time zone not null,
  deleted boolean not null default false,
  time_zone text,
  constraint entities_content_hash_check CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text)),
  constraint entities_pkey PRIMARY KEY (entity_id)
);
alter table enrich.entities owner to synap_enricher;

create table enrich.entity_tags (
  entity_id uuid not null,
  tag_id uuid not null,
  user_id uuid not null,
  constraint entity_tags_pkey PRIMARY KEY (entity_id, tag_id)
);
alter table enrich.entity_tags owner to synap_enricher;

create table enrich.extractions (
  entity_id uuid not null,
  content_hash text not null,
  producer text not null,
  user_id uuid not null,
  analysable boolean not null,
  reason text,
  text_key text,
  heading text,
  structured boolean not null default false,
  language text,
  links jsonb not null default '[]'::jsonb,
  chunks jsonb not null default '[]'::jsonb,
  created_at timestamp with time zone not null default now(),
  tags jsonb not null default '[]'::jsonb,
  terms jsonb not null default '[]'::jsonb,
  constraint extractions_pkey PRIMARY KEY (entity_id, content_hash, producer)
);
alter table enrich.extractions owner to synap_enricher;

create table enrich.jobs (
  job_id uuid not null,
  user_id uuid not null,
  entity_id uuid not null,
  content_hash text not null,
  enricher_version text not null,
  run integer not null default 0,
  analysis_id uuid not null,
  source text not null,
  object_key text,
  file_type text,
  content_size bigint,
  title text,
  entity_type text not null,
  based_on_version integer not null,
  event_id uuid not null,
  sequence bigint not null,
  captured_at timestamp with time zone not null,
  traceparent text,
  tracestate text,
  state text not null default 'open'::text,
  outcome text,
  due_at timestamp with time zone not null default now(),
  lease_owner uuid,
  lease_until timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  retry_marked_at timestamp with time zone,
  retries integer not null default 0,
  retry_by_user uuid,
  retry_by_key uuid,
  kind text not null default 'item'::text,
  background boolean not null default false,
  enrichment_id uuid,
  embed_model text,
  time_zone text,
  constraint jobs_check CHECK (((source = 'content'::text) = (object_key IS NOT NULL))),
  constraint jobs_content_hash_check CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text)),
  constraint jobs_entity_id_content_hash_enricher_version_run_key UNIQUE (entity_id, content_hash, enricher_version, run),
  constraint jobs_kind_check CHECK ((kind = ANY (ARRAY['item'::text, 'embed'::text]))),
  constraint jobs_pkey PRIMARY KEY (job_id),
  constraint jobs_run_check CHECK ((run >= 0)),
  constraint jobs_source_check CHECK ((source = ANY (ARRAY['content'::text, 'title'::text]))),
  constraint jobs_state_check CHECK ((state = ANY (ARRAY['open'::text, 'done'::text, 'failed'::text, 'superseded'::text, 'cancelled'::text, 'purged'::text])))
) with (fillfactor=80);
alter table enrich.jobs owner to synap_enricher;

create table enrich.limits (
  scope text not null,
  calls bigint,
  tokens bigint,
  cost_nanos bigint,
  constraint limits_calls_check CHECK ((calls >= 0)),
  constraint limits_cost_nanos_check CHECK ((cost_nanos >= 0)),
  constraint limits_pkey PRIMARY KEY (scope),
  constraint limits_scope_check CHECK ((scope = ANY (ARRAY['all'::text, 'user'::text]))),
  constraint limits_tokens_check CHECK ((tokens >= 0))
);
alter table enrich.limits owner to synap_enricher;

create table enrich.parked (
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
alter table enrich.parked owner to synap_enricher;

create table enrich.parked_history (
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
alter table enrich.parked_history owner to synap_enricher;

create table enrich.pauses (
  pause_id bigint not null generated always as identity,
  user_id uuid,
  kind text not null,
  by_operator boolean not null,
  why text,
  by_user uuid,
  by_key uuid,
  since timestamp with time zone not null default now(),
  constraint pauses_check CHECK ((by_operator OR (user_id IS NOT NULL))),
  constraint pauses_kind_check CHECK ((kind = ANY (ARRAY['all'::text, 'analyse'::text, 'embed'::text]))),
  constraint pauses_pkey PRIMARY KEY (pause_id)
);
alter table enrich.pauses owner to synap_enricher;

create table enrich.positions (
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
alter table enrich.positions owner to synap_enricher;

create table enrich.prices (
  model text not null,
  input_price double precision not null,
  output_price double precision not null,
  constraint prices_input_price_check CHECK ((input_price >= (0)::double precision)),
  constraint prices_output_price_check CHECK ((output_price >= (0)::double precision)),
  constraint prices_pkey PRIMARY KEY (model)
);
alter table enrich.prices owner to synap_enricher;

create table enrich.published (
  entity_id uuid not null,
  content_hash text not null,
  producer text not null,
  user_id uuid not null,
  block_count integer not null,
  published_at timestamp with time zone not null default now(),
  constraint published_pkey PRIMARY KEY (entity_id, content_hash, producer)
);
alter table enrich.published owner to synap_enricher;

create table enrich.purges (
  subject_id uuid not null,
  kind text not null,
  user_id uuid not null,
  passes smallint not null default 0,
  due_at timestamp with time zone not null default now(),
  requested_at timestamp with time zone not null default now(),
  constraint purges_kind_check CHECK ((kind = ANY (ARRAY['entity'::text, 'user'::text]))),
  constraint purges_pkey PRIMARY KEY (subject_id)
);
alter table enrich.purges owner to synap_enricher;

create table enrich.signatures (
  entity_id uuid not null,
  user_id uuid not null,
  terms integer[] not null,
  constraint signatures_pkey PRIMARY KEY (entity_id)
);
alter table enrich.signatures owner to synap_enricher;

create table enrich.spending (
  scope uuid not null,
  day date not null,
  calls bigint not null default 0,
  tokens bigint not null default 0,
  cost_nanos bigint not null default 0,
  unpriced_calls bigint not null default 0,
  constraint spending_pkey PRIMARY KEY (scope, day)
) with (fillfactor=70);
alter table enrich.spending owner to synap_enricher;

create table enrich.steps (
  job_id uuid not null,
  ord smallint not null,
  step text not null,
  state text not null default 'pending'::text,
  attempts integer not null default 0,
  starts integer not null default 0,
  lease_until timestamp with time zone,
  next_retry_at timestamp with time zone,
  error_code text,
  error_class text,
  error_text text,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  duration_ms integer,
  input_tokens integer,
  output_tokens integer,
  calls integer not null default 0,
  unpriced_calls integer not null default 0,
  cost_nanos bigint not null default 0,
  constraint steps_job_id_fkey FOREIGN KEY (job_id) REFERENCES enrich.jobs(job_id) ON DELETE CASCADE,
  constraint steps_pkey PRIMARY KEY (job_id, ord),
  constraint steps_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'running'::text, 'done'::text, 'skipped'::text, 'failed'::text])))
) with (fillfactor=70);
alter table enrich.steps owner to synap_enricher;

create table enrich.tags (
  user_id uuid not null,
  tag_id uuid not null,
  name text not null,
  uses integer not null default 0,
  constraint tags_pkey PRIMARY KEY (user_id, tag_id)
);
alter table enrich.tags owner to synap_enricher;

create table enrich.user_models (
  user_id uuid not null,
  model text not null,
  producer text not null,
  since timestamp with time zone not null default now(),
  constraint user_models_pkey PRIMARY KEY (user_id)
);
alter table enrich.user_models owner to synap_enricher;

create table enrich.user_positions (
  user_id uuid not null,
  seen bigint not null,
  updated_at timestamp with time zone not null default now(),
  constraint user_positions_pkey PRIMARY KEY (user_id),
  constraint user_positions_seen_check CHECK ((seen >= 0))
);
alter table enrich.user_positions owner to synap_enricher;

create table enrich.users (
  user_id uuid not null,
  time_zone text,
  updated_at timestamp with time zone not null default now(),
  constraint users_pkey PRIMARY KEY (user_id)
);
alter table enrich.users owner to synap_enricher;

CREATE INDEX calls_by_entity ON enrich.calls USING btree (entity_id) WHERE (entity_id IS NOT NULL);

CREATE INDEX calls_by_user ON enrich.calls USING btree (user_id);

CREATE INDEX enrichment_items_coming ON enrich.enrichment_items USING btree (entity_id) WHERE (state = ANY (ARRAY['asking'::text, 'asked'::text]));

CREATE INDEX enrichment_items_open ON enrich.enrichment_items USING btree (enrichment_id, state, entity_id) WHERE (state <> 'made'::text);

CREATE INDEX enrichments_by_user ON enrich.enrichments USING btree (user_id, requested_at DESC);

CREATE INDEX enrichments_due ON enrich.enrichments USING btree (due_at) WHERE (state <> ALL (ARRAY['done'::text, 'cancelled'::text, 'refused'::text]));

CREATE UNIQUE INDEX enrichments_open ON enrich.enrichments USING btree (user_id, kind) WHERE (state <> ALL (ARRAY['done'::text, 'cancelled'::text, 'refused'::text]));

CREATE INDEX entities_by_user ON enrich.entities USING btree (user_id, entity_id);

CREATE INDEX entity_tags_by_tag ON enrich.entity_tags USING btree (user_id, tag_id);

CREATE INDEX extractions_by_user ON enrich.extractions USING btree (user_id);

CREATE INDEX jobs_by_enrichment ON enrich.jobs USING btree (enrichment_id, state) WHERE (enrichment_id IS NOT NULL);

CREATE INDEX jobs_by_entity ON enrich.jobs USING btree (entity_id, sequence DESC);

CREATE INDEX jobs_by_user ON enrich.jobs USING btree (user_id);

CREATE INDEX jobs_failed ON enrich.jobs USING btree (user_id, sequence) WHERE (state = 'failed'::text);

CREATE INDEX jobs_held ON enrich.jobs USING btree (user_id) WHERE ((state = 'open'::text) AND (due_at = 'infinity'::timestamp with time zone));

CREATE INDEX jobs_marked ON enrich.jobs USING btree (job_id) WHERE (retry_marked_at IS NOT NULL);

CREATE INDEX jobs_open ON enrich.jobs USING btree (user_id, background, due_at) WHERE (state = 'open'::text);

CREATE INDEX parked_history_of ON enrich.parked_history USING btree (parked_id, id);

CREATE INDEX parked_marked ON enrich.parked USING btree (topic, user_id) WHERE (state = 'retry'::text);

CREATE INDEX parked_open ON enrich.parked USING btree (reason, cause, id) WHERE (state = ANY (ARRAY['open'::text, 'retry'::text]));

CREATE UNIQUE INDEX parked_record ON enrich.parked USING btree (topic, partition, record_offset, COALESCE(sha256(value), '\x'::bytea)) WHERE (NOT slot);

CREATE UNIQUE INDEX parked_slot ON enrich.parked USING btree (user_id, sequence) WHERE (slot AND (state = ANY (ARRAY['open'::text, 'retry'::text])));

CREATE UNIQUE INDEX pauses_once ON enrich.pauses USING btree (COALESCE(user_id, '00000000-0000-0000-0000-000000000000'::uuid), kind, by_operator);

CREATE INDEX published_by_user ON enrich.published USING btree (user_id);

CREATE INDEX purges_due ON enrich.purges USING btree (due_at) WHERE (passes < 2);

CREATE INDEX purges_of_users ON enrich.purges USING btree (user_id) WHERE (kind = 'user'::text);

CREATE INDEX signatures_by_user ON enrich.signatures USING btree (user_id, entity_id);

create view enrich.parked_in_groups as
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
   FROM (enrich.parked k
     LEFT JOIN LATERAL ( SELECT o.id,
            o.reason,
            o.cause
           FROM enrich.parked o
          WHERE (k.slot AND (k.state = ANY (ARRAY['open'::text, 'retry'::text])) AND (k.reason = ANY (ARRAY['behind_parked'::text, 'behind_missing'::text])) AND (o.user_id = k.user_id) AND o.slot AND (o.state = ANY (ARRAY['open'::text, 'retry'::text])) AND (o.sequence < k.sequence) AND (o.reason <> ALL (ARRAY['behind_parked'::text, 'behind_missing'::text])) AND ((o.aggregate_id IS NULL) OR (o.aggregate_id = k.aggregate_id) OR (o.aggregate_id = o.user_id)))
          ORDER BY COALESCE((o.aggregate_id = k.aggregate_id), false) DESC, (o.aggregate_id IS NULL), o.sequence
         LIMIT 1) h ON (true));
alter view enrich.parked_in_groups owner to synap_enricher;

create view enrich.unfinished as
 SELECT j.job_id,
    j.user_id,
    j.entity_id,
    s.step,
    s.error_code AS reason,
    s.next_retry_at,
    j.retry_marked_at,
        CASE
            WHEN (s.error_class = 'deferred'::text) THEN 'deferred'::text
            ELSE 'retrying'::text
        END AS state
   FROM (enrich.jobs j
     JOIN enrich.steps s USING (job_id))
  WHERE ((j.state = 'open'::text) AND (s.state = 'pending'::text) AND (s.error_code IS NOT NULL))
UNION ALL
 SELECT j.job_id,
    j.user_id,
    j.entity_id,
    s.step,
    s.error_code AS reason,
    NULL::timestamp with time zone AS next_retry_at,
    j.retry_marked_at,
    'failed'::text AS state
   FROM ((enrich.jobs j
     JOIN enrich.steps s USING (job_id))
     JOIN enrich.entities e ON (((e.entity_id = j.entity_id) AND (NOT e.deleted))))
  WHERE ((j.state = 'failed'::text) AND (s.state = 'failed'::text) AND (j.content_hash = COALESCE(e.content_hash, encode(sha256(convert_to(e.title, 'UTF8'::name)), 'hex'::text))) AND (NOT (EXISTS ( SELECT
           FROM enrich.jobs o
          WHERE ((o.entity_id = j.entity_id) AND (o.content_hash = j.content_hash) AND (o.state <> 'purged'::text) AND (ROW(o.sequence, o.run) > ROW(j.sequence, j.run)))))));
alter view enrich.unfinished owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.add_enrichment_items(id uuid, ids uuid[], wanted text, by_model text, by_prompt text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  added integer;
begin
  if not exists (select from enrich.enrichments e where e.enrichment_id = add_enrichment_items.id and e.kind = 'analyse'
      and e.state = 'asked' and e.user_id = nullif(current_setting('synap.user_id', true), '')::uuid) then
    return 0;
  end if;
  insert into enrich.enrichment_items (enrichment_id, entity_id)
    select add_enrichment_items.id, f.entity_id from enrich.analysis_candidates(ids, wanted, by_model, by_prompt) f
    on conflict do nothing;
  get diagnostics added = row_count;
  update enrich.enrichments e set items = e.items + added where e.enrichment_id = add_enrichment_items.id;
  return added;
end
$function$
;
alter function enrich.add_enrichment_items(uuid,uuid[],text,text,text) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.analyses_of(entity uuid)
 RETURNS TABLE(analysis_id uuid)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
    select distinct j.analysis_id from enrich.jobs j
    where j.entity_id = analyses_of.entity and j.kind = 'item' and j.state <> 'purged'
      and j.user_id is not distinct from nullif(current_setting('synap.user_id', true), '')::uuid;
end
$function$
;
alter function enrich.analyses_of(uuid) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.analysis_candidates(ids uuid[], wanted text, by_model text, by_prompt text)
 RETURNS TABLE(entity_id uuid, bytes bigint, input_tokens bigint, output_tokens bigint, to_embed boolean, chunks integer)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select e.entity_id, coalesce((x.chunks -> -1 ->> 3)::bigint, e.content_size, octet_length(e.title)),
    -- of the offline provider there is nothing to be learned about another
    case when a.input_tokens > 0 then a.input_tokens end, case when a.input_tokens > 0 then a.output_tokens end,
    e.content_hash is not null and not exists (
      select from enrich.published p where p.entity_id = e.entity_id and p.content_hash = s.hash and p.producer = m.producer
    ) and not exists (
      select from enrich.embeddings b where b.user_id = e.user_id and b.content_hash = s.hash and b.model = m.model
    ), coalesce(jsonb_array_length(x.chunks), 1)
  from enrich.entities e
  cross join enrich.configured c
  cross join lateral (
    select coalesce(e.content_hash, encode(sha256(convert_to(e.title, 'UTF8')), 'hex'))
  ) as s (hash)
  left join lateral (
    select j.job_id, j.state from enrich.jobs j
    where j.entity_id = e.entity_id and j.content_hash = s.hash and j.kind = 'item' and j.state <> 'purged'
    order by j.sequence desc, j.run desc limit 1
  ) j on true
  left join lateral (
    select a.job_id, a.model, a.prompt_version, a.input_tokens, a.output_tokens, o.enricher_version
    from enrich.jobs o join enrich.analyses a using (job_id)
    where o.entity_id = e.entity_id and o.content_hash = s.hash and o.kind = 'item'
    order by o.sequence desc, o.run desc limit 1
  ) a on true
  left join enrich.extractions x
    on x.entity_id = e.entity_id and x.content_hash = s.hash and x.producer = c.extract_producer
  left join lateral (
    select u.model, u.producer from enrich.user_models u where u.user_id = e.user_id
    union all
    select c.embedding_model, c.embedding_producer
    limit 1
  ) m on true
  where e.entity_id = any (ids) and e.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
    and not e.deleted and s.hash is not null
    and j.job_id is not null and j.state <> 'open'
    and (x.entity_id is null or x.analysable)
    and case wanted
      when 'failed' then exists (
        select from enrich.steps t where t.job_id = j.job_id and t.state = 'failed' and t.step not in ('embed', 'publish'))
      when 'missing' then a.job_id is null
      when 'outdated' then a.job_id is not null
        and (a.model, a.prompt_version, a.enricher_version) is distinct from (c.model, c.prompt_version, c.enricher_version)
      else true
    end
    and (by_model is null or a.model = by_model)
    and (by_prompt is null or a.prompt_version = by_prompt)
$function$
;
alter function enrich.analysis_candidates(uuid[],text,text,text) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.begin_analysis(id uuid, of_filter jsonb, by_key uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  found uuid;
begin
  insert into enrich.enrichments (enrichment_id, user_id, kind, model, filter, requested_by_key)
    select begin_analysis.id, me, 'analyse', c.model, of_filter, by_key from enrich.configured c where me is not null
    on conflict (user_id, kind) where state not in ('done', 'cancelled', 'refused') do nothing;
  select e.enrichment_id into found from enrich.enrichments e
    where e.user_id = me and e.kind = 'analyse' and e.state not in ('done', 'cancelled', 'refused');
  return found;
end
$function$
;
alter function enrich.begin_analysis(uuid,jsonb,uuid) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.begin_embedding(id uuid, items integer, by_key uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  found uuid;
begin
  insert into enrich.enrichments (enrichment_id, user_id, kind, model, producer, items, requested_by_key)
    select begin_embedding.id, me, 'embed', c.embedding_model, c.embedding_producer, begin_embedding.items, by_key
    from enrich.configured c where me is not null
    on conflict (user_id, kind) where state not in ('done', 'cancelled', 'refused') do nothing;
  select e.enrichment_id into found from enrich.enrichments e
    where e.user_id = me and e.kind = 'embed' and e.state not in ('done', 'cancelled', 'refused');
  return found;
end
$function$
;
alter function enrich.begin_embedding(uuid,integer,uuid) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.cancel_enrichment(id uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  found text;
begin
  update enrich.enrichments e set state = 'cancelling', reason = null, due_at = now()
    where e.enrichment_id = cancel_enrichment.id and e.state in ('asked', 'building')
      and e.user_id = nullif(current_setting('synap.user_id', true), '')::uuid;
  select e.state into found from enrich.enrichments e
    where e.enrichment_id = cancel_enrichment.id
      and e.user_id = nullif(current_setting('synap.user_id', true), '')::uuid;
  return found;
end
$function$
;
alter function enrich.cancel_enrichment(uuid) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.control_of(of_user uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  with spending as (
    select s.* from enrich.spending s
    where s.scope = coalesce(control_of.of_user, '00000000-0000-0000-0000-000000000000')
  ), today as (
    select (now() at time zone 'utc')::date as day
  ), waiting as (
    select u.step, u.state, u.reason, count(*) as items, min(u.next_retry_at) as next
    from enrich.unfinished u where control_of.of_user is null or u.user_id = control_of.of_user
    group by u.step, u.state, u.reason
  )
  select jsonb_build_object(
    'day', t.day::text,
    'nextDay', floor(extract(epoch from (t.day + 1)::timestamp at time zone 'utc') * 1000),
    'today', (select jsonb_build_object('calls', coalesce(sum(s.calls), 0), 'tokens', coalesce(sum(s.tokens), 0),
        'costNanos', coalesce(sum(s.cost_nanos), 0), 'unpricedCalls', coalesce(sum(s.unpriced_calls), 0))
      from spending s where s.day = t.day),
    'total', (select jsonb_build_object('calls', coalesce(sum(s.calls), 0), 'tokens', coalesce(sum(s.tokens), 0),
        'costNanos', coalesce(sum(s.cost_nanos), 0), 'unpricedCalls', coalesce(sum(s.unpriced_calls), 0))
      from spending s),
    'limits', coalesce(
      (select jsonb_build_object('calls', b.calls, 'tokens', b.tokens, 'costNanos', b.cost_nanos, 'own', true)
        from enrich.budgets b where b.user_id = control_of.of_user),
      (select jsonb_build_object('calls', l.calls, 'tokens', l.tokens, 'costNanos', l.cost_nanos, 'own', false)
        from enrich.limits l where l.scope = case when control_of.of_user is null then 'all' else 'user' end)),
    'pauses', (select coalesce(jsonb_agg(jsonb_build_object('kind', p.kind, 'user', p.user_id,
        'byOperator', p.by_operator, 'why', p.why, 'since', floor(extract(epoch from p.since) * 1000))
        order by p.since), '[]')
      from (
        select * from enrich.pauses x
        where control_of.of_user is null or x.user_id is null or x.user_id = control_of.of_user
        order by x.since desc limit 200
      ) p),
    'waiting', (select coalesce(jsonb_agg(jsonb_build_object('step', w.step, 'state', w.state, 'reason', w.reason,
        'items', w.items, 'nextAt', floor(extract(epoch from w.next) * 1000))
        order by w.items desc, w.step, w.reason), '[]') from waiting w),
    'open', (select count(*) from enrich.jobs j
      where j.state = 'open' and (control_of.of_user is null or j.user_id = control_of.of_user))
  ) from today t
$function$
;
alter function enrich.control_of(uuid) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.control_of_me()
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select enrich.control_of(nullif(current_setting('synap.user_id', true), '')::uuid)
  where nullif(current_setting('synap.user_id', true), '') is not null
$function$
;
alter function enrich.control_of_me() owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.drop_budget(of_user uuid)
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  with dropped as (delete from enrich.budgets b where b.user_id = drop_budget.of_user returning 1)
  select exists (select from dropped)
$function$
;
alter function enrich.drop_budget(uuid) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.embedding_models()
 RETURNS TABLE(configured text, searched_by text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
    select (select c.embedding_model from enrich.configured c), (
      select m.model from enrich.user_models m where m.user_id = nullif(current_setting('synap.user_id', true), '')::uuid);
end
$function$
;
alter function enrich.embedding_models() owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.enrichments_of_user(only_id uuid, most integer)
 RETURNS TABLE(id uuid, kind text, model text, state text, reason text, items integer, open bigint, done bigint, failed bigint, requested_at timestamp with time zone, started_at timestamp with time zone, switched_at timestamp with time zone, finished_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
    select e.enrichment_id, e.kind, e.model, e.state, e.reason, e.items, coalesce(j.open + i.open, 0),
      case when j.open is null then e.done else j.done + i.gone end,
      case when j.open is null then e.failed else j.failed end,
      e.requested_at, e.started_at, e.switched_at, e.finished_at
    from enrich.enrichments e
    left join lateral (
      select count(*) filter (where j.state = 'open') as open,
        count(*) filter (where j.state in ('done', 'superseded')) as done, count(*) filter (where j.state = 'failed') as failed
      from enrich.jobs j where j.enrichment_id = e.enrichment_id
    ) j on e.state in ('asked', 'building', 'cancelling')
    left join lateral (
      select count(*) filter (where i.state <> 'gone') as open, count(*) filter (where i.state = 'gone') as gone
      from enrich.enrichment_items i where i.enrichment_id = e.enrichment_id and i.state <> 'made'
    ) i on e.state in ('asked', 'building', 'cancelling')
    where e.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
      and (only_id is null or e.enrichment_id = only_id)
    order by e.requested_at desc, e.enrichment_id desc limit least(most, 100);
end
$function$
;
alter function enrich.enrichments_of_user(uuid,integer) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.failures()
 RETURNS TABLE(step text, error text, jobs bigint, newest_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select s.step, s.error_code, count(*), max(s.finished_at) from enrich.steps s
  where s.state = 'failed' group by s.step, s.error_code
$function$
;
alter function enrich.failures() owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.item_cost(entity uuid)
 RETURNS TABLE(calls bigint, tokens bigint, cost_nanos bigint, unpriced_calls bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
    select coalesce(sum(c.requests), 0)::bigint, coalesce(sum(c.input_tokens + c.output_tokens), 0)::bigint,
      coalesce(sum(c.cost_nanos), 0)::bigint, coalesce(sum(c.requests) filter (where c.cost_nanos is null), 0)::bigint
    from enrich.calls c
    where c.entity_id = item_cost.entity
      and c.user_id is not distinct from nullif(current_setting('synap.user_id', true), '')::uuid;
end
$function$
;
alter function enrich.item_cost(uuid) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.item_status(entity uuid)
 RETURNS TABLE(step text, state text, attempts integer, error text, next_retry_at timestamp with time zone, finished_at timestamp with time zone, content_hash text, started_at timestamp with time zone, duration_ms integer, lease_until timestamp with time zone, calls integer, tokens bigint, cost_nanos bigint, unpriced_calls integer, run integer, retries integer, retry_by_user uuid, retry_by_key uuid)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
    with newest as (
      select j.job_id, j.state, j.content_hash, j.lease_until, j.run, j.retries, j.retry_by_user, j.retry_by_key
      from enrich.jobs j
      where j.entity_id = item_status.entity
        and j.user_id is not distinct from nullif(current_setting('synap.user_id', true), '')::uuid
        and j.state <> 'purged' and j.kind = 'item'
      order by j.sequence desc, j.run desc
      limit 1
    )
    select s.step,
      case when s.state in ('pending', 'running') and n.state <> 'open' then 'skipped'
        when s.state = 'pending' and s.error_class = 'deferred' then 'deferred' else s.state end,
      s.attempts, s.error_code, case when n.state = 'open' then s.next_retry_at end, s.finished_at, n.content_hash,
      s.started_at, s.duration_ms, case when s.state = 'running' then n.lease_until end, s.calls,
      coalesce(s.input_tokens, 0)::bigint + coalesce(s.output_tokens, 0), s.cost_nanos, s.unpriced_calls,
      n.run, n.retries, n.retry_by_user, n.retry_by_key
    from newest n join enrich.steps s using (job_id)
    order by s.ord;
end
$function$
;
alter function enrich.item_status(uuid) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.mark_parked(ids bigint[], action text, by_user uuid DEFAULT NULL::uuid, by_key uuid DEFAULT NULL::uuid, why text DEFAULT NULL::text)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  marked bigint;
begin
  -- the owner works under its users' rows: a mark must not fall between its look and its update
  perform 1 from enrich.user_positions u
    where u.user_id in (select p.user_id from enrich.parked p where p.id = any (ids))
    order by u.user_id for update;
  if action = 'retry' then
    with done as (
      update enrich.parked p set state = 'retry', updated_at = now()
        where p.id = any (ids) and p.state = 'open'
          and (p.slot or p.reason not in ('headers_unusable', 'inconsistent', 'fork'))
        returning p.id, p.reason
    )
    insert into enrich.parked_history (parked_id, step, reason, by_user, by_key, why)
      select d.id, 'marked', d.reason, mark_parked.by_user, mark_parked.by_key, mark_parked.why from done d order by d.id;
    get diagnostics marked = row_count;
  elsif action = 'discard' then
    with done as (
      update enrich.parked p set state = 'discarded', updated_at = now()
        where p.id = any (ids) and p.state in ('open', 'retry')
        returning p.id, p.reason
    )
    insert into enrich.parked_history (parked_id, step, reason, by_user, by_key, why)
      select d.id, 'discarded', d.reason, mark_parked.by_user, mark_parked.by_key, mark_parked.why
        from done d order by d.id;
    get diagnostics marked = row_count;
    update enrich.parked f set state = 'retry', updated_at = now()
      where f.slot and f.state = 'open' and f.reason in ('behind_parked', 'behind_missing')
        and f.user_id in (select p.user_id from enrich.parked p where p.id = any (ids) and p.slot);
  else
    raise exception 'unknown action' using errcode = '22023';
  end if;
  return marked;
end
$function$
;
alter function enrich.mark_parked(bigint[],text,uuid,uuid,text) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.mark_parked_group(of_slot boolean, of_reason text, of_cause text, action text, after bigint, up_to bigint, most integer, by_user uuid, by_key uuid, why text, OUT marked bigint, OUT last_id bigint)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  ids bigint[];
begin
  select array_agg(s.id order by s.id), max(s.id) into ids, last_id from (
    select g.id from enrich.parked_in_groups g
      where g.head_id is null and g.group_slot = of_slot and g.group_reason = of_reason and g.group_cause = of_cause
        and g.state in ('open', 'retry') and g.id > after and g.id <= up_to
      order by g.id limit least(most, 1000)
  ) s;
  marked := 0;
  if last_id is not null then
    marked := enrich.mark_parked(ids, action, by_user, by_key, why);
  end if;
end
$function$
;
alter function enrich.mark_parked_group(boolean,text,text,text,bigint,bigint,integer,uuid,uuid,text) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.mark_retry(of_user uuid, of_entity uuid, of_reason text, most integer, dry_run boolean, by_user uuid, by_key uuid)
 RETURNS TABLE(step text, reason text, items bigint)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  with found as materialized (
    select u.job_id, u.step, u.reason from enrich.unfinished u
    where (mark_retry.of_user is null or u.user_id = mark_retry.of_user)
      and (mark_retry.of_entity is null or u.entity_id = mark_retry.of_entity)
      and (mark_retry.of_reason is null or u.reason = mark_retry.of_reason)
      and u.state <> 'deferred' and u.retry_marked_at is null
    order by u.job_id limit mark_retry.most
  ), marked as (
    update enrich.jobs j set retry_marked_at = now(), retry_by_user = mark_retry.by_user,
      retry_by_key = mark_retry.by_key
    where not mark_retry.dry_run and j.job_id in (select f.job_id from found f)
  )
  select f.step, f.reason, count(*) from found f group by f.step, f.reason order by count(*) desc, f.step, f.reason
$function$
;
alter function enrich.mark_retry(uuid,uuid,text,integer,boolean,uuid,uuid) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.models_at_work()
 RETURNS TABLE(model text, offline boolean, input_price double precision, output_price double precision, embedding_model text, embedding_price double precision, embeds_offline boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select c.model, c.offline, p.input_price, p.output_price, m.model, q.input_price, m.model like 'synap-offline%'
  from enrich.configured c
  cross join lateral (
    select u.model from enrich.user_models u
    where u.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
    union all select c.embedding_model limit 1
  ) m
  left join enrich.prices p on p.model = c.model
  left join enrich.prices q on q.model = m.model
$function$
;
alter function enrich.models_at_work() owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.overview()
 RETURNS TABLE(state text, jobs bigint, oldest_created_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select j.state, count(*), min(j.created_at) from enrich.jobs j group by j.state
$function$
;
alter function enrich.overview() owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.parked_events(of_slot boolean, of_reason text, of_cause text, closed boolean, after bigint, most integer)
 RETURNS TABLE(id bigint, topic text, partition integer, record_offset bigint, user_id uuid, aggregate_id uuid, aggregate_type text, version integer, sequence bigint, event_id uuid, event_type text, reason text, detail text, key text, headers jsonb, bytes integer, sha256 text, value bytea, slot boolean, state text, attempts integer, parked_at timestamp with time zone, waiting bigint, history jsonb)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select k.id, k.topic, k.partition, k.record_offset, k.user_id, k.aggregate_id, k.aggregate_type, k.version, k.sequence,
      k.event_id, k.event_type, k.reason, k.detail, k.key, k.headers, octet_length(k.value),
      encode(sha256(k.value), 'hex'),
      case when octet_length(k.value) <= 1048576 and k.reason <> 'killer' and not exists (
        select from enrich.parked_history d where d.parked_id = k.id and d.reason = 'killer'
      ) then k.value end,
      k.slot, k.state, k.attempts, k.parked_at,
      (select count(*) from enrich.parked_in_groups f where f.user_id = k.user_id and f.head_id = k.id),
      (
        select coalesce(jsonb_agg(jsonb_build_object(
            'at', floor(extract(epoch from s.at) * 1000), 'step', s.step, 'reason', s.reason, 'detail', s.detail,
            'byUser', s.by_user, 'byKey', s.by_key, 'why', s.why, 'times', s.times,
            'lastAt', floor(extract(epoch from s.last_at) * 1000)) order by s.id), '[]')
          from (
            select * from enrich.parked_history x where x.parked_id = k.id order by x.id desc limit 50
          ) s
      )
    from enrich.parked_in_groups g join enrich.parked k on k.id = g.id
    where g.head_id is null and g.group_slot = of_slot and g.group_reason = of_reason and g.group_cause = of_cause
      and case when parked_events.closed then g.state in ('applied', 'discarded') else g.state in ('open', 'retry') end
      and g.id > parked_events.after
    order by g.id
    limit least(most, 201)
$function$
;
alter function enrich.parked_events(boolean,text,text,boolean,bigint,integer) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.parked_groups(closed boolean)
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
    from enrich.parked_in_groups g
    where case when parked_groups.closed then g.state in ('applied', 'discarded') else g.state in ('open', 'retry') end
    group by g.group_slot, g.group_reason, g.group_cause
    order by min(g.parked_at), g.group_reason, g.group_cause
    limit 500
$function$
;
alter function enrich.parked_groups(boolean) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.parked_of_user()
 RETURNS TABLE(sequence bigint, aggregate_id uuid, reason text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
    select p.sequence, p.aggregate_id, p.reason from enrich.parked p
    where p.user_id = nullif(current_setting('synap.user_id', true), '')::uuid and p.slot and p.state in ('open', 'retry')
    order by p.sequence;
end
$function$
;
alter function enrich.parked_of_user() owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.pause(of_user uuid, of_kind text, by_operator boolean, by_user uuid, by_key uuid, why text)
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  with made as (
    insert into enrich.pauses (user_id, kind, by_operator, by_user, by_key, why)
    values (pause.of_user, pause.of_kind, pause.by_operator, pause.by_user, pause.by_key, pause.why)
    on conflict do nothing returning 1
  ) select exists (select from made)
$function$
;
alter function enrich.pause(uuid,text,boolean,uuid,uuid,text) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.pause_mine(of_kind text, by_key uuid, why text)
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select enrich.pause(me.id, pause_mine.of_kind, false, me.id, pause_mine.by_key, pause_mine.why)
  from (select nullif(current_setting('synap.user_id', true), '')::uuid as id) me where me.id is not null
$function$
;
alter function enrich.pause_mine(text,uuid,text) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.positions_of(users uuid[])
 RETURNS TABLE(user_id uuid, seen bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
begin
  return query
    select p.user_id, p.seen from enrich.user_positions p where p.user_id = any (users);
end
$function$
;
alter function enrich.positions_of(uuid[]) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.resume(of_user uuid, of_kind text, operator boolean)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  with lifted as (
    delete from enrich.pauses p
    where p.user_id is not distinct from resume.of_user and (resume.of_kind is null or p.kind = resume.of_kind)
      and (resume.operator or not p.by_operator)
    returning 1
  ) select count(*) from lifted
$function$
;
alter function enrich.resume(uuid,text,boolean) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.resume_mine(of_kind text)
 RETURNS bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select enrich.resume(me.id, resume_mine.of_kind, false)
  from (select nullif(current_setting('synap.user_id', true), '')::uuid as id) me where me.id is not null
$function$
;
alter function enrich.resume_mine(text) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.retry_mine(of_entity uuid, of_reason text, most integer, dry_run boolean, by_key uuid)
 RETURNS TABLE(step text, reason text, items bigint)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select m.step, m.reason, m.items
  from (select nullif(current_setting('synap.user_id', true), '')::uuid as id) me
  cross join lateral enrich.mark_retry(me.id, retry_mine.of_entity, retry_mine.of_reason, retry_mine.most,
    retry_mine.dry_run, me.id, retry_mine.by_key) m
  where me.id is not null
$function$
;
alter function enrich.retry_mine(uuid,text,integer,boolean,uuid) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.set_budget(of_user uuid, of_calls bigint, of_tokens bigint, of_cost_nanos bigint, by_user uuid, by_key uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  insert into enrich.budgets (user_id, calls, tokens, cost_nanos, by_user, by_key)
  values (set_budget.of_user, set_budget.of_calls, set_budget.of_tokens, set_budget.of_cost_nanos,
    set_budget.by_user, set_budget.by_key)
  on conflict (user_id) do update set calls = excluded.calls, tokens = excluded.tokens,
    cost_nanos = excluded.cost_nanos, by_user = excluded.by_user, by_key = excluded.by_key, updated_at = now()
$function$
;
alter function enrich.set_budget(uuid,bigint,bigint,bigint,uuid,uuid) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.spending_of_me()
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (
    with me as (
      select nullif(current_setting('synap.user_id', true), '')::uuid as id
    ), sums as (
      select d.name, jsonb_build_object('calls', coalesce(sum(s.calls), 0), 'tokens', coalesce(sum(s.tokens), 0),
        'costNanos', coalesce(sum(s.cost_nanos), 0), 'unpricedCalls', coalesce(sum(s.unpriced_calls), 0)) as used
      from me cross join (values ('today', (now() at time zone 'utc')::date), ('total', '-infinity'::date)) as d (name, since)
      left join enrich.spending s on s.scope = me.id and s.day >= d.since
      where me.id is not null
      group by d.name
    )
    select jsonb_object_agg(s.name, s.used) || jsonb_build_object('paused', (
        select coalesce(jsonb_agg(distinct p.kind order by p.kind), '[]') from me join enrich.pauses p
          on p.user_id is null or p.user_id = me.id))
    from sums s
  );
end
$function$
;
alter function enrich.spending_of_me() owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.user_status()
 RETURNS TABLE(stage text, state text, error text, items integer, example uuid, since timestamp with time zone, next_retry_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  return query
    with me as (
      select nullif(current_setting('synap.user_id', true), '')::uuid as id
    ), jobs as (
      (select j.job_id, j.entity_id, j.created_at, true as open from me join enrich.jobs j on j.user_id = me.id
       where j.state = 'open' and j.kind = 'item' order by j.due_at limit 10000)
      union all
      -- A failure counts while its content is the item's, and until a later run has ended otherwise.
      (select j.job_id, j.entity_id, j.created_at, false from me join enrich.jobs j on j.user_id = me.id
       join enrich.entities e on e.entity_id = j.entity_id and not e.deleted
       where j.state = 'failed' and j.kind = 'item'
         and j.content_hash = coalesce(e.content_hash, encode(sha256(convert_to(e.title, 'UTF8')), 'hex'))
         and not exists (select from enrich.jobs o where o.entity_id = j.entity_id and o.content_hash = j.content_hash
           and o.kind = 'item' and o.state <> 'purged' and (o.sequence, o.run) > (j.sequence, j.run))
       order by j.sequence desc limit 10000)
    ), steps as (
      select distinct on (j.job_id, t.stage) j.entity_id, j.created_at, t.stage,
        case when s.state = 'failed' then 'failed' when s.error_code is null then 'pending'
          when s.error_class = 'deferred' then 'deferred' else 'retrying' end as state,
        s.error_code, s.next_retry_at
      from jobs j join enrich.steps s using (job_id)
      cross join lateral (select case
        when s.step in ('download', 'extract', 'publish_text') then 'extracted'
        when s.step in ('analyse', 'record') then 'enriched' else 'searchable' end) as t (stage)
      where s.state = 'failed' or (j.open and s.state in ('pending', 'running'))
      order by j.job_id, t.stage, s.state = 'failed' desc, s.error_code is null, s.ord
    )
    select s.stage, s.state, s.error_code, count(*)::integer, (array_agg(s.entity_id order by s.created_at))[1],
      min(s.created_at), min(s.next_retry_at)
    from steps s group by s.stage, s.state, s.error_code;
end
$function$
;
alter function enrich.user_status() owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.weigh_analysis(ids uuid[], wanted text, by_model text, by_prompt text, most_bytes integer)
 RETURNS TABLE(items integer, measured integer, input_tokens bigint, output_tokens bigint, bytes bigint, to_embed integer, embed_calls bigint, embed_bytes bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select count(*)::integer, count(f.input_tokens)::integer, coalesce(sum(f.input_tokens), 0)::bigint,
    coalesce(sum(f.output_tokens), 0)::bigint,
    coalesce(sum(least(f.bytes, most_bytes)) filter (where f.input_tokens is null), 0)::bigint,
    (count(*) filter (where f.to_embed))::integer,
    coalesce(sum(ceil(f.chunks / 64.0)) filter (where f.to_embed), 0)::bigint,
    coalesce(sum(f.bytes) filter (where f.to_embed), 0)::bigint
  from enrich.analysis_candidates(ids, wanted, by_model, by_prompt) f
$function$
;
alter function enrich.weigh_analysis(uuid[],text,text,text,integer) owner to synap_enricher;

CREATE OR REPLACE FUNCTION enrich.weigh_embedding()
 RETURNS TABLE(model text, offline boolean, own_model text, items integer, present integer, unreadable integer, paid integer, to_embed integer, calls bigint, bytes bigint, input_price double precision)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  with me as (
    select nullif(current_setting('synap.user_id', true), '')::uuid as id
  ), texts as materialized (
    select s.hash, coalesce(e.content_size, octet_length(e.title)) as size, x.chunks,
      exists (select from enrich.published p where p.entity_id = e.entity_id and p.content_hash = s.hash
        and p.producer = c.embedding_producer) as present,
      x.entity_id is not null and (not x.analysable or x.chunks = '[]') as unreadable,
      exists (select from enrich.embeddings b where b.user_id = e.user_id and b.content_hash = s.hash
        and b.model || '@' || b.dimensions || '@' || b.chunker = c.embedding_producer) as paid
    from me join enrich.entities e on e.user_id = me.id cross join enrich.configured c
    cross join lateral (
      select coalesce(e.content_hash, encode(sha256(convert_to(e.title, 'UTF8')), 'hex'))
    ) as s (hash)
    left join enrich.extractions x
      on x.entity_id = e.entity_id and x.content_hash = s.hash and x.producer = c.extract_producer
    where not e.deleted and s.hash is not null
  ), sent as (
    select distinct on (t.hash) coalesce((t.chunks -> -1 ->> 3)::bigint, t.size) as bytes,
      ceil(coalesce(jsonb_array_length(t.chunks), t.size / 1400.0 + 1) / 64.0)::bigint as calls
    from texts t where not t.present and not t.unreadable and not t.paid
    order by t.hash
  )
  select c.embedding_model, c.offline, (select m.model from me join enrich.user_models m on m.user_id = me.id),
    t.items, t.present, t.unreadable, t.paid, t.to_embed, s.calls, s.bytes, p.input_price
  from enrich.configured c
  cross join (
    select count(*)::integer as items, (count(*) filter (where texts.present))::integer as present,
      (count(*) filter (where texts.unreadable and not texts.present))::integer as unreadable,
      (count(*) filter (where texts.paid and not texts.present and not texts.unreadable))::integer as paid,
      (count(*) filter (where not texts.present and not texts.unreadable))::integer as to_embed
    from texts
  ) t
  cross join (select coalesce(sum(sent.calls), 0)::bigint as calls, coalesce(sum(sent.bytes), 0)::bigint as bytes from sent) s
  left join enrich.prices p on p.model = c.embedding_model
$function$
;
alter function enrich.weigh_embedding() owner to synap_enricher;

grant execute on function enrich.add_enrichment_items(uuid,uuid[],text,text,text) to synap_query;
grant execute on function enrich.analyses_of(uuid) to synap_query;
grant execute on function enrich.begin_analysis(uuid,jsonb,uuid) to synap_query;
grant execute on function enrich.begin_embedding(uuid,integer,uuid) to synap_query;
grant execute on function enrich.cancel_enrichment(uuid) to synap_query;
grant execute on function enrich.control_of(uuid) to synap_operator;
grant execute on function enrich.control_of_me() to synap_query;
grant execute on function enrich.drop_budget(uuid) to synap_operator;
grant execute on function enrich.embedding_models() to synap_query;
grant execute on function enrich.enrichments_of_user(uuid,integer) to synap_query;
grant execute on function enrich.failures() to synap_operator;
grant execute on function enrich.item_cost(uuid) to synap_query;
grant execute on function enrich.item_status(uuid) to synap_query;
grant execute on function enrich.mark_parked(bigint[],text,uuid,uuid,text) to synap_operator;
grant execute on function enrich.mark_parked_group(boolean,text,text,text,bigint,bigint,integer,uuid,uuid,text) to synap_operator;
grant execute on function enrich.mark_retry(uuid,uuid,text,integer,boolean,uuid,uuid) to synap_operator;
grant execute on function enrich.models_at_work() to synap_query;
grant execute on function enrich.overview() to synap_operator;
grant execute on function enrich.parked_events(boolean,text,text,boolean,bigint,integer) to synap_operator;
grant execute on function enrich.parked_groups(boolean) to synap_operator;
grant execute on function enrich.parked_of_user() to synap_query;
grant execute on function enrich.pause(uuid,text,boolean,uuid,uuid,text) to synap_operator;
grant execute on function enrich.pause_mine(text,uuid,text) to synap_query;
grant execute on function enrich.positions_of(uuid[]) to synap_operator;
grant execute on function enrich.positions_of(uuid[]) to synap_query;
grant execute on function enrich.resume(uuid,text,boolean) to synap_operator;
grant execute on function enrich.resume_mine(text) to synap_query;
grant execute on function enrich.retry_mine(uuid,text,integer,boolean,uuid) to synap_query;
grant execute on function enrich.set_budget(uuid,bigint,bigint,bigint,uuid,uuid) to synap_operator;
grant execute on function enrich.spending_of_me() to synap_query;
grant execute on function enrich.user_status() to synap_query;
grant execute on function enrich.weigh_analysis(uuid[],text,text,text,integer) to synap_query;
grant execute on function enrich.weigh_embedding() to synap_query;
grant usage on schema enrich to synap_operator;
grant usage on schema enrich to synap_query;
