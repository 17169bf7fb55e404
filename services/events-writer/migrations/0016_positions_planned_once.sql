-- Every read of the log asks how far its user is. A function in SQL that works as its owner is parsed and planned anew at each call, which
-- took as long as a read by key; in this language it is planned once for each connection.
create or replace function log.positions_of(users uuid[]) returns table (user_id uuid, seen bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query select p.user_id, p.seen from log.user_positions p where p.user_id = any (users);
end
$$;

create or replace function log.parked_of_user() returns table (sequence bigint, aggregate_id uuid, reason text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query select p.sequence, p.aggregate_id, p.reason from log.parked p
    where p.user_id = nullif(current_setting('synap.user_id', true), '')::uuid and p.slot
      and p.state in ('open', 'retry')
    order by p.sequence;
end
$$;
