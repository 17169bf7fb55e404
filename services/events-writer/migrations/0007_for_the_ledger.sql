-- What the ledger reads here: functions for operators, over all users.

-- How far the log is for each user, or for one, in pages by user id.
create function log.ledger_positions(p_user uuid, p_after uuid, p_limit int)
  returns table (user_id uuid, seen bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select p.user_id, p.seen from log.user_positions p
    where p.seen > 0 and (p_user is null or p.user_id = p_user) and (p_after is null or p.user_id > p_after)
    order by p.user_id limit least(p_limit, 10000)
$$;

-- The events in these spans of sequences, both ends included; three arrays of one length. `ends` are those of a
-- relation, else null. Rows outside the days that the log knows of a user are not found, by no reader of the log.
create function log.ledger_rows(p_users uuid[], p_from bigint[], p_to bigint[])
  returns table (
    user_id uuid, sequence bigint, event_id uuid, aggregate_id uuid, aggregate_type text, version int, ends uuid[]
  )
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  earliest timestamptz;
  latest timestamptz;
begin
  for i in 1 .. coalesce(cardinality(p_users), 0) loop
    select min(d.first_at), max(d.last_at) into earliest, latest
      from log.user_days d
      where d.user_id = p_users[i] and d.last_sequence >= p_from[i] and d.first_sequence <= p_to[i];
    continue when earliest is null;
    return query
      select e.user_id, e.sequence, e.event_id, e.aggregate_id, s.aggregate_type, e.version,
             case when s.aggregate_type = 'relation'
               then array[(e.delta ->> 'sourceId')::uuid, (e.delta ->> 'targetId')::uuid] end
        from log.events e join log.schemas s on s.no = e.schema_no
        where e.user_id = p_users[i] and e.sequence between p_from[i] and p_to[i]
          and e.occurred_at between earliest and latest
        order by e.sequence;
  end loop;
end
$$;

create index parked_discarded on log.parked (user_id, sequence) where slot and state = 'discarded';

-- Places in these spans that are held by a parked event, or were until it was discarded.
create function log.ledger_slots(p_users uuid[], p_from bigint[], p_to bigint[])
  returns table (
    user_id uuid, sequence bigint, state text, reason text, event_id uuid, aggregate_id uuid, version int, bytes boolean
  )
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  for i in 1 .. coalesce(cardinality(p_users), 0) loop
    return query
      select k.user_id, k.sequence, k.state, k.reason, k.event_id, k.aggregate_id, k.version, k.value is not null
        from log.parked k
        where k.user_id = p_users[i] and k.sequence between p_from[i] and p_to[i]
          and k.slot and k.state in ('open', 'retry')
      union all
      select k.user_id, k.sequence, k.state, k.reason, k.event_id, k.aggregate_id, k.version, k.value is not null
        from log.parked k
        where k.user_id = p_users[i] and k.sequence between p_from[i] and p_to[i] and k.slot and k.state = 'discarded';
  end loop;
end
$$;

-- How many events are parked, by reason.
create function log.ledger_parked() returns table (reason text, events bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select k.reason, count(*) from log.parked k where k.slot and k.state in ('open', 'retry') group by k.reason
$$;

revoke all on function
  log.ledger_positions(uuid, uuid, int), log.ledger_rows(uuid[], bigint[], bigint[]),
  log.ledger_slots(uuid[], bigint[], bigint[]), log.ledger_parked()
from public;
grant execute on function
  log.ledger_positions(uuid, uuid, int), log.ledger_rows(uuid[], bigint[], bigint[]),
  log.ledger_slots(uuid[], bigint[], bigint[]), log.ledger_parked()
to synap_operator;
