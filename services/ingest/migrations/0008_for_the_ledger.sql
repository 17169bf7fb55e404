-- What the ledger reads here: functions for operators, over all users.

-- `now`: an event that was marked as published before it is on the topic for whoever reads the topic after it.
-- `reconciled_at`: the last reconciliation began then; older events may be in the log and in no outbox. Null = never.
create function write.ledger_clock() returns table (now timestamptz, reconciled_at timestamptz)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select clock_timestamp(), (select r.started_at from write.reconciliation r where r.phase = 'done')
$$;

-- The highest sequence of each user, or of one, in pages by user id.
create function write.ledger_heads(p_user uuid, p_after uuid, p_limit integer)
returns table (user_id uuid, sequence bigint)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select u.user_id, u.sequence from write.users u
  where u.sequence > 0 and (p_user is null or u.user_id = p_user) and (p_after is null or u.user_id > p_after)
  order by u.user_id
  limit least(p_limit, 10000)
$$;

-- The rows of the outbox in these spans of sequences, both ends included; three arrays of one length.
create function write.ledger_rows(p_users uuid[], p_from bigint[], p_to bigint[])
returns table (
  user_id uuid, sequence bigint, event_id uuid, aggregate_id uuid, aggregate_type text, version integer,
  created_at timestamptz, published_at timestamptz
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  for i in 1 .. coalesce(cardinality(p_users), 0) loop
    return query
      select o.user_id, o.sequence, o.event_id, o.aggregate_id, o.aggregate_type, o.version, o.created_at, o.published_at
      from write.outbox o
      where o.user_id = p_users[i] and o.sequence between p_from[i] and p_to[i]
      order by o.sequence;
  end loop;
end
$$;

-- When the oldest of these events was accepted, as far as they are in the outbox; two arrays of one length.
create function write.ledger_oldest(p_users uuid[], p_sequences bigint[]) returns timestamptz
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select min(o.created_at)
  from unnest(p_users, p_sequences) as n (user_id, sequence)
  cross join lateral (
    select w.created_at from write.outbox w where w.user_id = n.user_id and w.sequence = n.sequence limit 1
  ) o
$$;

revoke all on function
  write.ledger_clock(), write.ledger_heads(uuid, uuid, integer), write.ledger_rows(uuid[], bigint[], bigint[]),
  write.ledger_oldest(uuid[], bigint[])
from public;
grant execute on function
  write.ledger_clock(), write.ledger_heads(uuid, uuid, integer), write.ledger_rows(uuid[], bigint[], bigint[]),
  write.ledger_oldest(uuid[], bigint[])
to synap_operator;
