-- How far the enricher is with the items of the asking user: what is left to do, and what was given up.

create index jobs_failed on enrich.jobs (user_id, sequence) where state = 'failed';

-- Items by stage, state and reason, each with its oldest. `pending`: not tried yet · `retrying`: failed, tried again ·
-- `failed`: given up. At most 10,000 open and 10,000 failed jobs are looked at; what is done is not.
create function enrich.user_status()
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
     where j.state = 'open' order by j.due_at limit 10000)
    union all
    -- A failure counts while its content is the item's, and until a later run has ended otherwise.
    (select j.job_id, j.entity_id, j.created_at, false from me join enrich.jobs j on j.user_id = me.id
     join enrich.entities e on e.entity_id = j.entity_id and not e.deleted
     where j.state = 'failed'
       and j.content_hash = coalesce(e.content_hash, encode(sha256(convert_to(e.title, 'UTF8')), 'hex'))
       and not exists (select from enrich.jobs o where o.entity_id = j.entity_id and o.content_hash = j.content_hash
         and o.state <> 'purged' and (o.sequence, o.run) > (j.sequence, j.run))
     order by j.sequence desc limit 10000)
  ), steps as (
    select distinct on (j.job_id, t.stage) j.entity_id, j.created_at, t.stage,
      case when s.state = 'failed' then 'failed' when s.error_code is not null then 'retrying' else 'pending' end as state,
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

-- The sequences of the transaction's user that are accounted for but not applied, and what they are about.
create function enrich.parked_of_user() returns table (sequence bigint, aggregate_id uuid, reason text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select p.sequence, p.aggregate_id, p.reason from enrich.parked p
  where p.user_id = nullif(current_setting('synap.user_id', true), '')::uuid and p.slot and p.state in ('open', 'retry')
  order by p.sequence
$$;

revoke all on function enrich.user_status(), enrich.parked_of_user() from public;
grant execute on function enrich.user_status(), enrich.parked_of_user() to synap_query;
