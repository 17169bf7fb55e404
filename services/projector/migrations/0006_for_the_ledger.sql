-- What the ledger reads here: functions for operators, over all users. Row security lets the owner of the tables pass.

-- How far the read model is for each user, or for one, in pages by user id. `erased`: the sequence of the event that
-- erased the user; null for who was not.
create function read_v1.ledger_positions(p_user uuid, p_after uuid, p_limit integer)
returns table (user_id uuid, seen bigint, erased bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.user_id, p.seen, g.sequence
  from read_v1.user_positions as p
  left join read_v1.purged as g on g.subject_id = p.user_id
  where p.seen > 0 and (p_user is null or p.user_id = p_user) and (p_after is null or p.user_id > p_after)
  order by p.user_id
  limit least(p_limit, 10000)
$$;

-- Where the read model is with these entities and relations. `purged` is gone for good, or has an end that is.
create function read_v1.ledger_versions(p_aggregates uuid[], p_ends uuid[])
returns table (aggregate_id uuid, user_id uuid, version integer, sequence bigint, purged boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select e.entity_id, e.user_id, e.version, e.sequence, false
  from read_v1.entities as e where e.entity_id = any (p_aggregates)
  union all
  select r.relation_id, r.user_id, r.version, r.sequence, false
  from read_v1.relations as r where r.relation_id = any (p_aggregates)
  union all
  select g.subject_id, g.user_id, null, g.sequence, true
  from read_v1.purged as g where g.subject_id = any (p_aggregates || p_ends)
$$;

-- How many entities and relations these users have.
create function read_v1.ledger_counts(p_users uuid[]) returns table (user_id uuid, aggregates bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select u.user_id, (select count(*) from read_v1.entities as e where e.user_id = u.user_id)
    + (select count(*) from read_v1.relations as r where r.user_id = u.user_id)
  from unnest(p_users) as u (user_id)
$$;

-- A user's entities, oldest first, after the one that was created at `p_at` and has the id `p_after`.
create function read_v1.ledger_entities(p_user uuid, p_at timestamptz, p_after uuid, p_limit integer)
returns table (aggregate_id uuid, version integer, sequence bigint, placed timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select e.entity_id, e.version, e.sequence, e.created_at
  from read_v1.entities as e
  where e.user_id = p_user and (p_after is null or (e.created_at, e.entity_id) > (p_at, p_after))
  order by e.created_at, e.entity_id
  limit p_limit
$$;

-- A user's relations by the entity they start from, after the one of `p_source` with the id `p_after`.
create function read_v1.ledger_relations(p_user uuid, p_source uuid, p_after uuid, p_limit integer)
returns table (aggregate_id uuid, version integer, sequence bigint, placed uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select r.relation_id, r.version, r.sequence, r.source_id
  from read_v1.relations as r
  where r.user_id = p_user and (p_after is null or (r.source_id, r.relation_id) > (p_source, p_after))
  order by r.source_id, r.relation_id
  limit p_limit
$$;

create index parked_discarded on read_v1.parked (user_id, sequence) where slot and state = 'discarded';

-- Places in these spans of sequences that are held by a parked event, or were until it was discarded.
create function read_v1.ledger_slots(p_users uuid[], p_from bigint[], p_to bigint[])
returns table (
  user_id uuid, sequence bigint, state text, reason text, event_id uuid, aggregate_id uuid, version integer, bytes boolean
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  for i in 1 .. coalesce(cardinality(p_users), 0) loop
    return query
      select k.user_id, k.sequence, k.state, k.reason, k.event_id, k.aggregate_id, k.version, k.value is not null
      from read_v1.parked as k
      where k.user_id = p_users[i] and k.sequence between p_from[i] and p_to[i] and k.slot and k.state in ('open', 'retry')
      union all
      select k.user_id, k.sequence, k.state, k.reason, k.event_id, k.aggregate_id, k.version, k.value is not null
      from read_v1.parked as k
      where k.user_id = p_users[i] and k.sequence between p_from[i] and p_to[i] and k.slot and k.state = 'discarded';
  end loop;
end
$$;

-- How many events are parked, by reason.
create function read_v1.ledger_parked() returns table (reason text, events bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select k.reason, count(*) from read_v1.parked as k where k.slot and k.state in ('open', 'retry') group by k.reason
$$;

revoke all on function
  read_v1.ledger_positions(uuid, uuid, integer), read_v1.ledger_versions(uuid[], uuid[]), read_v1.ledger_counts(uuid[]),
  read_v1.ledger_entities(uuid, timestamptz, uuid, integer), read_v1.ledger_relations(uuid, uuid, uuid, integer),
  read_v1.ledger_slots(uuid[], bigint[], bigint[]), read_v1.ledger_parked()
from public;
grant execute on function
  read_v1.ledger_positions(uuid, uuid, integer), read_v1.ledger_versions(uuid[], uuid[]), read_v1.ledger_counts(uuid[]),
  read_v1.ledger_entities(uuid, timestamptz, uuid, integer), read_v1.ledger_relations(uuid, uuid, uuid, integer),
  read_v1.ledger_slots(uuid[], bigint[], bigint[]), read_v1.ledger_parked()
to synap_operator;
