-- Asking a language model once more about many items, chosen by what is known of them.

alter table enrich.enrichments
  drop constraint enrichments_kind_check,
  -- analyse: one more run of the analysis for each of its items
  add constraint enrichments_kind_check check (kind in ('embed', 'analyse')),
  add column filter jsonb;

-- The items of an `analyse`, as they were when it was asked for.
create table enrich.enrichment_items (
  enrichment_id uuid not null references enrich.enrichments on delete cascade,
  entity_id uuid not null,
  -- waiting: not asked for yet · asking: being asked for, or the process died meanwhile · asked: its event is on its way ·
  -- made: there is a job · gone: deleted or emptied meanwhile
  state text not null default 'waiting' check (state in ('waiting', 'asking', 'asked', 'made', 'gone')),
  updated_at timestamptz not null default now(),
  primary key (enrichment_id, entity_id)
);
create index enrichment_items_open on enrich.enrichment_items (enrichment_id, state, entity_id) where state <> 'made';
create index enrichment_items_coming on enrich.enrichment_items (entity_id) where state in ('asking', 'asked');

-- Of some items of the asking user, those that one more analysis is about, with what is known of its size. `wanted`: failed ·
-- missing: never analysed · outdated: by another model, prompt or version than today's; null: whatever the state. What is being
-- worked on is none of them, nor is what holds no text.
create function enrich.analysis_candidates(ids uuid[], wanted text, by_model text, by_prompt text)
returns table (
  entity_id uuid, bytes bigint, input_tokens bigint, output_tokens bigint, to_embed boolean, chunks integer
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- What they would take together. Of an item that was analysed before the tokens of then count; of the others the bytes of text,
-- up to what is sent of one. Null prices: unknown.
create function enrich.weigh_analysis(ids uuid[], wanted text, by_model text, by_prompt text, most_bytes integer)
returns table (
  items integer, measured integer, input_tokens bigint, output_tokens bigint, bytes bigint, to_embed integer,
  embed_calls bigint, embed_bytes bigint
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select count(*)::integer, count(f.input_tokens)::integer, coalesce(sum(f.input_tokens), 0)::bigint,
    coalesce(sum(f.output_tokens), 0)::bigint,
    coalesce(sum(least(f.bytes, most_bytes)) filter (where f.input_tokens is null), 0)::bigint,
    (count(*) filter (where f.to_embed))::integer,
    coalesce(sum(ceil(f.chunks / 64.0)) filter (where f.to_embed), 0)::bigint,
    coalesce(sum(f.bytes) filter (where f.to_embed), 0)::bigint
  from enrich.analysis_candidates(ids, wanted, by_model, by_prompt) f
$$;

-- What the settings name, with prices, and the model that embeds for the asking user. No row: no enricher has started yet.
create function enrich.models_at_work()
returns table (
  model text, offline boolean, input_price double precision, output_price double precision, embedding_model text,
  embedding_price double precision, embeds_offline boolean
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select c.model, c.offline, p.input_price, p.output_price, m.model, q.input_price, m.model like 'synap-offline%'
  from enrich.configured c
  cross join lateral (
    select u.model from enrich.user_models u
    where u.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
    union all select c.embedding_model limit 1
  ) m
  left join enrich.prices p on p.model = c.model
  left join enrich.prices q on q.model = m.model
$$;

-- Begins a run over many items, unless one is under way; answers which. Its items follow, in the same transaction.
create function enrich.begin_analysis(id uuid, of_filter jsonb, by_key uuid) returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
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
$$;

create function enrich.add_enrichment_items(id uuid, ids uuid[], wanted text, by_model text, by_prompt text) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- As before, and items that have no job yet count as open; those that are gone as done.
create or replace function enrich.enrichments_of_user(only_id uuid, most integer)
returns table (
  id uuid, kind text, model text, state text, reason text, items integer, open bigint, done bigint, failed bigint,
  requested_at timestamptz, started_at timestamptz, switched_at timestamptz, finished_at timestamptz
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
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
  order by e.requested_at desc, e.enrichment_id desc limit least(most, 100)
$$;

revoke all on function enrich.analysis_candidates(uuid[], text, text, text),
  enrich.weigh_analysis(uuid[], text, text, text, integer), enrich.models_at_work(),
  enrich.begin_analysis(uuid, jsonb, uuid), enrich.add_enrichment_items(uuid, uuid[], text, text, text) from public;
grant execute on function enrich.weigh_analysis(uuid[], text, text, text, integer), enrich.models_at_work(),
  enrich.begin_analysis(uuid, jsonb, uuid), enrich.add_enrichment_items(uuid, uuid[], text, text, text) to synap_query;
