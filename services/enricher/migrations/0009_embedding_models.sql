-- By whose vectors a user is searched, and vectors of another model that are made beside them.

-- What the enricher is set to: written when it starts, read by whoever says what work would cost.
create table enrich.configured (
  one boolean primary key default true check (one),
  model text not null,
  prompt_version text not null,
  offline boolean not null,
  embedding_model text not null,
  -- as it stands in the keys of derived records: model@dimensions@chunker
  embedding_producer text not null,
  extract_producer text not null,
  enricher_version text not null,
  updated_at timestamptz not null default now()
);

-- The model that embeds what a user captures. It stays while the settings name another, until every item has vectors of that.
create table enrich.user_models (
  user_id uuid primary key,
  model text not null,
  -- as it stands in the keys of derived records
  producer text not null,
  since timestamptz not null default now()
);
insert into enrich.user_models (user_id, model, producer)
select distinct on (user_id) user_id, model,
  left(regexp_replace(model, '[^A-Za-z0-9._:+-]', '_', 'g'), 100) || '@' || dimensions || '@' || chunker
from (
  select user_id, model, dimensions, chunker, count(*) as blocks from enrich.embeddings
  group by user_id, model, dimensions, chunker
) as counted
order by user_id, blocks desc, model;

-- Work on many items that a person asked for.
create table enrich.enrichments (
  enrichment_id uuid primary key,
  user_id uuid not null,
  -- embed: vectors of `model` for every item, then the switch to them
  kind text not null check (kind in ('embed')),
  -- the model it is done with
  model text not null,
  producer text,
  -- asked: not looked at yet · building: jobs are made and worked off · switching: every item has its vectors, the choice is
  -- being published · cleaning: vectors of other models are taken away · cancelling: those made so far are
  state text not null default 'asked'
    check (state in ('asked', 'building', 'switching', 'cleaning', 'done', 'cancelling', 'cancelled', 'refused')),
  -- why it does not go on, or was refused: a stable word
  reason text,
  -- items it is about, as counted when it began; of them, what it came to once it is over
  items integer not null default 0,
  done integer not null default 0,
  failed integer not null default 0,
  requested_by_key uuid,
  requested_at timestamptz not null default now(),
  started_at timestamptz,
  switched_at timestamptz,
  finished_at timestamptz,
  -- items up to here have their jobs; null: from the first
  cursor uuid,
  -- from then on an enricher may take the next turn
  due_at timestamptz not null default now()
);
create unique index enrichments_open on enrich.enrichments (user_id, kind)
  where state not in ('done', 'cancelled', 'refused');
create index enrichments_by_user on enrich.enrichments (user_id, requested_at desc);
create index enrichments_due on enrich.enrichments (due_at) where state not in ('done', 'cancelled', 'refused');

alter table enrich.jobs
  -- item: what an event asked for · embed: vectors only, for an item that was worked off before
  add column kind text not null default 'item' check (kind in ('item', 'embed')),
  -- waits behind what was captured just now
  add column background boolean not null default false,
  add column enrichment_id uuid,
  -- whose vectors it makes; settled when it begins to embed
  add column embed_model text;
create index jobs_by_enrichment on enrich.jobs (enrichment_id, state) where enrichment_id is not null;

update enrich.jobs j set embed_model = (
  select e.model from enrich.embeddings e where e.user_id = j.user_id and e.content_hash = j.content_hash
  order by e.created_at desc limit 1
)
where exists (select from enrich.steps s where s.job_id = j.job_id and s.step = 'embed' and s.state = 'done');

drop index enrich.entities_by_user;
create index entities_by_user on enrich.entities (user_id, entity_id);
drop index enrich.jobs_open;
create index jobs_open on enrich.jobs (user_id, background, due_at) where state = 'open';

-- As before, of jobs that an event asked for: those of a switch say nothing about the item yet.
create or replace function enrich.item_status(entity uuid)
returns table (
  step text, state text, attempts integer, error text, next_retry_at timestamptz, finished_at timestamptz,
  content_hash text
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  with newest as (
    select j.job_id, j.state, j.content_hash from enrich.jobs j
    where j.entity_id = item_status.entity
      and j.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
      and j.state <> 'purged' and j.kind = 'item'
    order by j.sequence desc, j.run desc
    limit 1
  )
  select s.step,
    case when s.state in ('pending', 'running') and n.state <> 'open' then 'skipped'
      when s.state = 'pending' and s.error_class = 'deferred' then 'deferred' else s.state end,
    s.attempts, s.error_code, case when n.state = 'open' then s.next_retry_at end, s.finished_at, n.content_hash
  from newest n join enrich.steps s using (job_id)
  order by s.ord
$$;

-- As before, of the same jobs.
create or replace function enrich.user_status()
returns table (
  stage text, state text, error text, items integer, example uuid, since timestamptz, next_retry_at timestamptz
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
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
  from steps s group by s.stage, s.state, s.error_code
$$;

-- What vectors of the configured model would take for every item of the asking user. No row: no enricher has started yet.
-- items: with content or a title · present: have such vectors · unreadable: hold no text · paid: such vectors are kept here already ·
-- calls, bytes: of text that would be sent, each content once; of what nobody has read yet the size of the file.
create function enrich.weigh_embedding()
returns table (
  model text, offline boolean, own_model text, items integer, present integer, unreadable integer, paid integer,
  to_embed integer, calls bigint, bytes bigint, input_price double precision
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- What embeds by the settings, and what the asking user is searched by; null: nobody has started, nothing is embedded.
create function enrich.embedding_models() returns table (configured text, searched_by text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select (select c.embedding_model from enrich.configured c), (
    select m.model from enrich.user_models m where m.user_id = nullif(current_setting('synap.user_id', true), '')::uuid)
$$;

-- Begins a switch of the asking user to the configured model's vectors, unless one is under way; answers which.
create function enrich.begin_embedding(id uuid, items integer, by_key uuid) returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- The asking user's work on many items, the newest first, and how far each is. `open`: jobs that are made and not over.
create function enrich.enrichments_of_user(only_id uuid, most integer)
returns table (
  id uuid, kind text, model text, state text, reason text, items integer, open bigint, done bigint, failed bigint,
  requested_at timestamptz, started_at timestamptz, switched_at timestamptz, finished_at timestamptz
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select e.enrichment_id, e.kind, e.model, e.state, e.reason, e.items, coalesce(j.open, 0),
    case when j.open is null then e.done else j.done end, case when j.open is null then e.failed else j.failed end,
    e.requested_at, e.started_at, e.switched_at, e.finished_at
  from enrich.enrichments e
  left join lateral (
    select count(*) filter (where j.state = 'open') as open, count(*) filter (where j.state = 'done') as done,
      count(*) filter (where j.state = 'failed') as failed
    from enrich.jobs j where j.enrichment_id = e.enrichment_id
  ) j on e.state in ('asked', 'building', 'cancelling')
  where e.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
    and (only_id is null or e.enrichment_id = only_id)
  order by e.requested_at desc, e.enrichment_id desc limit least(most, 100)
$$;

-- Marks it: the enricher takes back what was made. Answers its state; null = the user has no such work. What has switched
-- already, or is over, stays as it is.
create function enrich.cancel_enrichment(id uuid) returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
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
$$;

revoke all on function enrich.weigh_embedding(), enrich.embedding_models(), enrich.begin_embedding(uuid, integer, uuid),
  enrich.enrichments_of_user(uuid, integer), enrich.cancel_enrichment(uuid) from public;
grant execute on function enrich.weigh_embedding(), enrich.embedding_models(), enrich.begin_embedding(uuid, integer, uuid),
  enrich.enrichments_of_user(uuid, integer), enrich.cancel_enrichment(uuid) to synap_query;
