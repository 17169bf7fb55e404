-- Status and statistics of a user are asked again and again while something is under way. A function in SQL that works as its
-- owner is parsed and planned at each call, which took twenty times as long as the answer; in this language plans are kept for
-- the connection.
--
-- A plan that is kept is for all users, and may be made for one who has nothing. So what is found by its own id is compared
-- with the user by `is not distinct from`, which no index answers: the index of users looks as good then, and another user has
-- many.

create or replace function enrich.item_status(entity uuid)
returns table (
  step text, state text, attempts integer, error text, next_retry_at timestamptz, finished_at timestamptz,
  content_hash text, started_at timestamptz, duration_ms integer, lease_until timestamptz, calls integer,
  tokens bigint, cost_nanos bigint, unpriced_calls integer, run integer, retries integer, retry_by_user uuid,
  retry_by_key uuid
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
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
$$;

create or replace function enrich.item_cost(entity uuid)
returns table (calls bigint, tokens bigint, cost_nanos bigint, unpriced_calls bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select coalesce(sum(c.requests), 0)::bigint, coalesce(sum(c.input_tokens + c.output_tokens), 0)::bigint,
      coalesce(sum(c.cost_nanos), 0)::bigint, coalesce(sum(c.requests) filter (where c.cost_nanos is null), 0)::bigint
    from enrich.calls c
    where c.entity_id = item_cost.entity
      and c.user_id is not distinct from nullif(current_setting('synap.user_id', true), '')::uuid;
end
$$;

create or replace function enrich.positions_of(users uuid[])
returns table (user_id uuid, seen bigint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
    select p.user_id, p.seen from enrich.user_positions p where p.user_id = any (users);
end
$$;

create or replace function enrich.parked_of_user()
returns table (sequence bigint, aggregate_id uuid, reason text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select p.sequence, p.aggregate_id, p.reason from enrich.parked p
    where p.user_id = nullif(current_setting('synap.user_id', true), '')::uuid and p.slot and p.state in ('open', 'retry')
    order by p.sequence;
end
$$;

create or replace function enrich.user_status()
returns table (stage text, state text, error text, items integer, example uuid, since timestamptz, next_retry_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
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
$$;

create or replace function enrich.spending_of_me()
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
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
$$;

create or replace function enrich.enrichments_of_user(only_id uuid, most integer)
returns table (
  id uuid, kind text, model text, state text, reason text, items integer, open bigint, done bigint, failed bigint,
  requested_at timestamptz, started_at timestamptz, switched_at timestamptz, finished_at timestamptz
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
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
$$;

create or replace function enrich.embedding_models()
returns table (configured text, searched_by text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select (select c.embedding_model from enrich.configured c), (
      select m.model from enrich.user_models m where m.user_id = nullif(current_setting('synap.user_id', true), '')::uuid);
end
$$;

create or replace function enrich.analyses_of(entity uuid)
returns table (analysis_id uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select distinct j.analysis_id from enrich.jobs j
    where j.entity_id = analyses_of.entity and j.kind = 'item' and j.state <> 'purged'
      and j.user_id is not distinct from nullif(current_setting('synap.user_id', true), '')::uuid;
end
$$;
