-- How far the asking user's events have come. `unrelayed`: those that are not on the topic yet, counted up to 10,000.
-- `waiting_since`: for each number in `p_seen`, when the first event behind it was stored; null when there is none. An event
-- that has left the outbox is passed over, so that the age of what waits longer than a day is at least what it says.
create function write.user_status(p_seen bigint[])
returns table (sequence bigint, unrelayed integer, unrelayed_since timestamptz, waiting_since timestamptz[])
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_user constant uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  v_row record;
  v_seen bigint;
begin
  select u.sequence into sequence from write.users u where u.user_id = v_user;
  sequence := coalesce(sequence, 0);

  -- A user's events are relayed in order: from the last one back to the first that is out.
  unrelayed := 0;
  for v_row in
    select o.created_at, o.published_at from write.outbox o
    where o.user_id = v_user order by o.sequence desc limit 10000
  loop
    exit when v_row.published_at is not null;
    unrelayed := unrelayed + 1;
    unrelayed_since := v_row.created_at;
  end loop;

  waiting_since := '{}';
  foreach v_seen in array p_seen loop
    waiting_since := waiting_since || (
      select o.created_at from write.outbox o
      where o.user_id = v_user and o.sequence > v_seen order by o.sequence limit 1);
  end loop;
  return next;
end
$$;

revoke all on function write.user_status(bigint[]) from public;
grant execute on function write.user_status(bigint[]) to synap_query;
