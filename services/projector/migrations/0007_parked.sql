-- What is parked, grouped by cause, with its history, and what an operator can do about it.
-- Owned by @synap/inbox; printed for a schema by parkedDdl(schema), which a test compares with the service's migration.

-- The detail without what differs from event to event: what is parked for one cause is one group.
alter table read_v1.parked add column cause text not null generated always as (
  left(regexp_replace(regexp_replace(coalesce(detail, ''),
    '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\m[0-9a-f]{16,}\M', '…', 'g'),
    '(?<!sqlstate=|[0-9A-Za-z_.-])[0-9]+(?![0-9A-Za-z])', '#', 'g'), 200)
) stored;

create index parked_open on read_v1.parked (reason, cause, id) where state in ('open', 'retry');

-- What happened to a parked row, oldest first. No foreign key: parked rows are closed, never deleted.
create table read_v1.parked_history (
  id bigint generated always as identity primary key,
  parked_id bigint not null,
  at timestamptz not null default now(),
  -- parked: it was put aside · marked: somebody wants it tried · started: deadly bytes are about to be decoded ·
  -- tried: in vain · asked: ingest had nothing new · filled: its bytes came · applied, discarded: closed
  step text not null
    check (step in ('parked', 'marked', 'started', 'tried', 'asked', 'filled', 'applied', 'discarded')),
  reason text,
  detail text,
  -- the one who wanted it, and with which key; null: the consumer itself
  by_user uuid,
  by_key uuid,
  why text,
  -- steps `asked` in a row are one row
  times int not null default 1,
  last_at timestamptz not null default now()
);
create index parked_history_of on read_v1.parked_history (parked_id, id);

insert into read_v1.parked_history (parked_id, at, last_at, step, reason, detail)
  select k.id, k.parked_at, k.parked_at, 'parked', k.reason, k.detail from read_v1.parked k order by k.id;

-- Each parked row with the group it belongs to. What only waits behind another belongs to that one's group, `head_id`.
create view read_v1.parked_in_groups as
  select k.id, k.user_id, k.state, k.parked_at, k.event_type, h.id as head_id, k.slot as group_slot,
      coalesce(h.reason, k.reason) as group_reason, coalesce(h.cause, k.cause) as group_cause,
      -- what has no place cannot be applied, however often it is tried
      k.slot or k.reason not in ('headers_unusable', 'inconsistent', 'fork') as triable
    from read_v1.parked k
    left join lateral (
      select o.id, o.reason, o.cause from read_v1.parked o
        where k.slot and k.state in ('open', 'retry') and k.reason in ('behind_parked', 'behind_missing')
          and o.user_id = k.user_id and o.slot and o.state in ('open', 'retry') and o.sequence < k.sequence
          and o.reason not in ('behind_parked', 'behind_missing')
          and (o.aggregate_id is null or o.aggregate_id = k.aggregate_id or o.aggregate_id = o.user_id)
        order by coalesce(o.aggregate_id = k.aggregate_id, false) desc, o.aggregate_id is null, o.sequence
        limit 1
    ) h on true;

-- What is parked, by cause, the oldest first: for operators, without content. `closed`: what was applied or discarded.
create function read_v1.parked_groups(closed boolean)
  returns table (
    slot boolean, reason text, cause text, events bigint, users bigint, waiting bigint, marked bigint, triable bigint,
    discarded bigint, oldest_at timestamptz, newest_at timestamptz, last_id bigint, event_type text
  )
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- The rows of a group by id, after `after`. Bytes are left out where they have killed a process, or are too many.
create function read_v1.parked_events(
    of_slot boolean, of_reason text, of_cause text, closed boolean, after bigint, most int
  )
  returns table (
    id bigint, topic text, partition int, record_offset bigint, user_id uuid, aggregate_id uuid, aggregate_type text,
    version int, sequence bigint, event_id uuid, event_type text, reason text, detail text, key text, headers jsonb,
    bytes int, sha256 text, value bytea, slot boolean, state text, attempts int, parked_at timestamptz, waiting bigint,
    history jsonb
  )
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
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
$$;

drop function read_v1.mark_parked(bigint[], text);

-- Marks parked rows for the owner, who acts on them within seconds; answers how many were marked. `retry` tries them
-- again in version order; a slot without bytes is asked of ingest again. `discard` gives them up: what is parked behind
-- them goes on without them. Who wanted it, and why, goes into the history.
create function read_v1.mark_parked(
    ids bigint[], action text, by_user uuid default null, by_key uuid default null, why text default null
  ) returns bigint
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- Marks the open rows of a group with ids above `after` and up to `up_to`, `most` at once; answers how many were marked,
-- and the last id that was looked at, which is null when there are no more.
create function read_v1.mark_parked_group(
    of_slot boolean, of_reason text, of_cause text, action text, after bigint, up_to bigint, most int,
    by_user uuid, by_key uuid, why text, out marked bigint, out last_id bigint
  )
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
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
$$;

revoke all on function
  read_v1.parked_groups(boolean), read_v1.parked_events(boolean, text, text, boolean, bigint, int),
  read_v1.mark_parked(bigint[], text, uuid, uuid, text),
  read_v1.mark_parked_group(boolean, text, text, text, bigint, bigint, int, uuid, uuid, text)
from public;
grant execute on function
  read_v1.parked_groups(boolean), read_v1.parked_events(boolean, text, text, boolean, bigint, int),
  read_v1.mark_parked(bigint[], text, uuid, uuid, text),
  read_v1.mark_parked_group(boolean, text, text, text, bigint, bigint, int, uuid, uuid, text)
to synap_operator;
