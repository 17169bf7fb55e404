-- The work on one item is told step by step, and its analyses are found from the item.

-- Each step of the newest job: what it took, how long its last try was, until when its worker holds it; with each step
-- the same of the job: its run, and how often and by whom another try was asked for.
drop function enrich.item_status(uuid);
create function enrich.item_status(entity uuid)
returns table (
  step text, state text, attempts integer, error text, next_retry_at timestamptz, finished_at timestamptz,
  content_hash text, started_at timestamptz, duration_ms integer, lease_until timestamptz, calls integer, tokens bigint,
  cost_nanos bigint, unpriced_calls integer, run integer, retries integer, retry_by_user uuid, retry_by_key uuid
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  with newest as (
    select j.job_id, j.state, j.content_hash, j.lease_until, j.run, j.retries, j.retry_by_user, j.retry_by_key
    from enrich.jobs j
    where j.entity_id = item_status.entity
      and j.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
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
  order by s.ord
$$;

-- The analyses of an item, of whatever content it had.
create function enrich.analyses_of(entity uuid) returns table (analysis_id uuid)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select distinct j.analysis_id from enrich.jobs j
  where j.entity_id = analyses_of.entity and j.kind = 'item' and j.state <> 'purged'
    and j.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
$$;

revoke all on function enrich.item_status(uuid), enrich.analyses_of(uuid) from public;
grant execute on function enrich.item_status(uuid), enrich.analyses_of(uuid) to synap_query;
