-- What others may ask of the enricher about failures, costs and pauses, and the marks they may set. The enricher itself
-- acts on what is marked.

create index jobs_held on enrich.jobs (user_id) where state = 'open' and due_at = 'infinity';

-- Steps that wait for something, or were given up, of what is current of an item. `deferred`: held back, nothing was
-- tried · `retrying`: failed, tried again · `failed`: given up, while its content is the item's and until a later run has
-- ended otherwise.
create view enrich.unfinished as
  select j.job_id, j.user_id, j.entity_id, s.step, s.error_code as reason, s.next_retry_at, j.retry_marked_at,
    case when s.error_class = 'deferred' then 'deferred' else 'retrying' end as state
  from enrich.jobs j join enrich.steps s using (job_id)
  where j.state = 'open' and s.state = 'pending' and s.error_code is not null
  union all
  select j.job_id, j.user_id, j.entity_id, s.step, s.error_code, null, j.retry_marked_at, 'failed'
  from enrich.jobs j join enrich.steps s using (job_id)
  join enrich.entities e on e.entity_id = j.entity_id and not e.deleted
  where j.state = 'failed' and s.state = 'failed'
    and j.content_hash = coalesce(e.content_hash, encode(sha256(convert_to(e.title, 'UTF8')), 'hex'))
    and not exists (select from enrich.jobs o where o.entity_id = j.entity_id and o.content_hash = j.content_hash
      and o.state <> 'purged' and (o.sequence, o.run) > (j.sequence, j.run));

-- As before, and a step that is held back says so.
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
      and j.state <> 'purged'
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

-- As before, and what is held back is `deferred`.
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

-- What one item of the asking user cost so far; a call whose end nobody knows counts as estimated.
create function enrich.item_cost(entity uuid)
returns table (calls bigint, tokens bigint, cost_nanos bigint, unpriced_calls bigint)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(sum(c.requests), 0)::bigint, coalesce(sum(c.input_tokens + c.output_tokens), 0)::bigint,
    coalesce(sum(c.cost_nanos), 0)::bigint, coalesce(sum(c.requests) filter (where c.cost_nanos is null), 0)::bigint
  from enrich.calls c
  where c.entity_id = item_cost.entity
    and c.user_id = nullif(current_setting('synap.user_id', true), '')::uuid
$$;

-- What a user (null: everybody) used and may use, what is paused, and what waits. For the two functions below.
create function enrich.control_of(of_user uuid) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- What statistics show of it: nothing is counted but days.
create function enrich.spending_of_me() returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- Of the asking user.
create function enrich.control_of_me() returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select enrich.control_of(nullif(current_setting('synap.user_id', true), '')::uuid)
  where nullif(current_setting('synap.user_id', true), '') is not null
$$;

-- Marks work for another try, at most so many items that are not marked yet: one item, or all of a reason, or all; of one
-- user, or (null) of all. What is held back is left out: trying would not help. Answers what was found, by step and
-- reason; `dry_run` marks nothing.
create function enrich.mark_retry(
  of_user uuid, of_entity uuid, of_reason text, most integer, dry_run boolean, by_user uuid, by_key uuid
)
returns table (step text, reason text, items bigint)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- The same of what belongs to the asking user.
create function enrich.retry_mine(of_entity uuid, of_reason text, most integer, dry_run boolean, by_key uuid)
returns table (step text, reason text, items bigint)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select m.step, m.reason, m.items
  from (select nullif(current_setting('synap.user_id', true), '')::uuid as id) me
  cross join lateral enrich.mark_retry(me.id, retry_mine.of_entity, retry_mine.of_reason, retry_mine.most,
    retry_mine.dry_run, me.id, retry_mine.by_key) m
  where me.id is not null
$$;

-- Holds calls back: of a user, or (null) of everybody. False when it was paused like this already.
create function enrich.pause(of_user uuid, of_kind text, by_operator boolean, by_user uuid, by_key uuid, why text)
returns boolean
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  with made as (
    insert into enrich.pauses (user_id, kind, by_operator, by_user, by_key, why)
    values (pause.of_user, pause.of_kind, pause.by_operator, pause.by_user, pause.by_key, pause.why)
    on conflict do nothing returning 1
  ) select exists (select from made)
$$;

create function enrich.pause_mine(of_kind text, by_key uuid, why text) returns boolean
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select enrich.pause(me.id, pause_mine.of_kind, false, me.id, pause_mine.by_key, pause_mine.why)
  from (select nullif(current_setting('synap.user_id', true), '')::uuid as id) me where me.id is not null
$$;

-- Lifts pauses: of a user, or (null) those of everybody; of one kind, or (null) of all. What an operator paused only with
-- `operator`. Answers how many.
create function enrich.resume(of_user uuid, of_kind text, operator boolean) returns bigint
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  with lifted as (
    delete from enrich.pauses p
    where p.user_id is not distinct from resume.of_user and (resume.of_kind is null or p.kind = resume.of_kind)
      and (resume.operator or not p.by_operator)
    returning 1
  ) select count(*) from lifted
$$;

create function enrich.resume_mine(of_kind text) returns bigint
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select enrich.resume(me.id, resume_mine.of_kind, false)
  from (select nullif(current_setting('synap.user_id', true), '')::uuid as id) me where me.id is not null
$$;

-- Gives a user a budget in place of the limits for each user; null = no limit of that kind.
create function enrich.set_budget(
  of_user uuid, of_calls bigint, of_tokens bigint, of_cost_nanos bigint, by_user uuid, by_key uuid
)
returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  insert into enrich.budgets (user_id, calls, tokens, cost_nanos, by_user, by_key)
  values (set_budget.of_user, set_budget.of_calls, set_budget.of_tokens, set_budget.of_cost_nanos,
    set_budget.by_user, set_budget.by_key)
  on conflict (user_id) do update set calls = excluded.calls, tokens = excluded.tokens,
    cost_nanos = excluded.cost_nanos, by_user = excluded.by_user, by_key = excluded.by_key, updated_at = now()
$$;

-- The limits for each user hold again. False when there was no budget.
create function enrich.drop_budget(of_user uuid) returns boolean
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  with dropped as (delete from enrich.budgets b where b.user_id = drop_budget.of_user returning 1)
  select exists (select from dropped)
$$;

revoke all on function enrich.item_cost(uuid), enrich.control_of(uuid), enrich.control_of_me(),
  enrich.spending_of_me(),
  enrich.mark_retry(uuid, uuid, text, integer, boolean, uuid, uuid),
  enrich.retry_mine(uuid, text, integer, boolean, uuid),
  enrich.pause(uuid, text, boolean, uuid, uuid, text), enrich.pause_mine(text, uuid, text),
  enrich.resume(uuid, text, boolean), enrich.resume_mine(text),
  enrich.set_budget(uuid, bigint, bigint, bigint, uuid, uuid), enrich.drop_budget(uuid) from public;
grant execute on function enrich.item_cost(uuid), enrich.control_of_me(), enrich.spending_of_me(),
  enrich.retry_mine(uuid, text, integer, boolean, uuid),
  enrich.pause_mine(text, uuid, text), enrich.resume_mine(text) to synap_query;
grant execute on function enrich.control_of(uuid),
  enrich.mark_retry(uuid, uuid, text, integer, boolean, uuid, uuid),
  enrich.pause(uuid, text, boolean, uuid, uuid, text), enrich.resume(uuid, text, boolean),
  enrich.set_budget(uuid, bigint, bigint, bigint, uuid, uuid), enrich.drop_budget(uuid) to synap_operator;
