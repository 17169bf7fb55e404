-- What the enricher publishes to others. Each function runs as its owner and filters by `synap.user_id`.

-- The steps of the newest job of an item of the asking user, in order. No row: nothing was asked of the enricher yet.
create function enrich.item_status(entity uuid)
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
      and j.state <> 'purged'
    order by j.sequence desc, j.run desc
    limit 1
  )
  select s.step,
    case when s.state in ('pending', 'running') and n.state <> 'open' then 'skipped' else s.state end,
    s.attempts, s.error_code, case when n.state = 'open' then s.next_retry_at end, s.finished_at, n.content_hash
  from newest n join enrich.steps s using (job_id)
  order by s.ord
$$;

-- Work that is there and work that waits, for operators and metrics.
create function enrich.overview()
returns table (state text, jobs bigint, oldest_created_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select j.state, count(*), min(j.created_at) from enrich.jobs j group by j.state
$$;

-- Steps that were given up, by reason, for operators.
create function enrich.failures()
returns table (step text, error text, jobs bigint, newest_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select s.step, s.error_code, count(*), max(s.finished_at) from enrich.steps s
  where s.state = 'failed' group by s.step, s.error_code
$$;

revoke all on function enrich.item_status(uuid) from public;
revoke all on function enrich.overview() from public;
revoke all on function enrich.failures() from public;
grant usage on schema enrich to synap_query, synap_operator;
grant execute on function enrich.item_status(uuid) to synap_query;
grant execute on function enrich.overview() to synap_operator;
grant execute on function enrich.failures() to synap_operator;
