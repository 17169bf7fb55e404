-- What ingest asks the log before it lets go of an event, and when its own database is behind the log.

-- Of each span of a user's sequences (both ends included; three arrays of one length) the lowest one that the log
-- neither holds nor has parked with its bytes. A span without such a sequence is left out.
create function log.unaccounted(p_users uuid[], p_from bigint[], p_to bigint[])
  returns table (user_id uuid, sequence bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.user_id, min(w.sequence)
    from unnest(p_users, p_from, p_to) as s (user_id, first, last)
    left join log.user_positions p on p.user_id = s.user_id
    cross join lateral (
      select greatest(s.first, coalesce(p.seen, 0) + 1) as sequence where coalesce(p.seen, 0) < s.last
      union all
      select k.sequence from log.parked k
        where k.user_id = s.user_id and k.sequence between s.first and s.last
          and k.slot and k.state in ('open', 'retry') and k.value is null
    ) w
    group by s.user_id
$$;

-- How far the log is for each user, in pages by user id.
create function log.heads(p_after uuid, p_limit int) returns table (user_id uuid, seen bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select p.user_id, p.seen from log.user_positions p
    where p.seen > 0 and (p_after is null or p.user_id > p_after)
    order by p.user_id limit least(p_limit, 10000)
$$;

-- Events of a user that are accounted for and not in the log, both ends included: as they came, when they came.
create function log.parked_between(p_user uuid, p_from bigint, p_to bigint)
  returns table (sequence bigint, aggregate_id uuid, aggregate_type text, version int, fingerprint text, value bytea)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select k.sequence, k.aggregate_id, k.aggregate_type, k.version, k.headers ->> 'synap-schema', k.value
    from log.parked k
    where k.user_id = p_user and k.sequence between p_from and p_to and k.slot and k.state in ('open', 'retry')
    order by k.sequence
$$;

-- The events of one aggregate above a version, in the order of their versions, as `log.events_between` gives them.
create function log.stream_events(p_user uuid, p_aggregate uuid, p_above int, p_limit int)
  returns table (
    event_id uuid, event_type text, user_id uuid, aggregate_id uuid, aggregate_type text, version int, sequence bigint,
    occurred_at timestamptz, source text, correlation_id text, causation_id uuid, actor_kind text, actor_id uuid,
    delta jsonb, extra jsonb, traceparent text, tracestate text, fingerprint text, schema_id int, schema text
  )
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_span record;
begin
  select a.first_at, a.last_at into v_span
    from log.aggregates a where a.aggregate_id = p_aggregate and a.user_id = p_user;
  return query
    select e.event_id, e.event_type, e.user_id, e.aggregate_id, s.aggregate_type, e.version, e.sequence, e.occurred_at,
           e.source, replace(e.correlation_id::text, '-', ''), e.causation_id, e.actor_kind, e.actor_id,
           e.delta, e.extra, e.traceparent, e.tracestate, encode(s.fingerprint, 'hex'), s.schema_id, s.schema
      from log.events e join log.schemas s on s.no = e.schema_no
      where e.user_id = p_user and e.aggregate_id = p_aggregate and e.version > p_above
        and e.occurred_at between v_span.first_at and v_span.last_at
      order by e.version limit p_limit;
end
$$;

-- A sequence of a user at, or a little before, the highest one at a time: what came later is above it. 0 = none.
create function log.sequence_of_user_at(p_user uuid, p_at timestamptz) returns bigint
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  -- of a day that is only begun at that time, the end of the day before
  select coalesce(max(case when d.last_at <= p_at then d.last_sequence else d.first_sequence - 1 end), 0)
    from log.user_days d where d.user_id = p_user and d.first_at <= p_at
$$;

revoke all on function
  log.unaccounted(uuid[], bigint[], bigint[]), log.heads(uuid, int), log.parked_between(uuid, bigint, bigint),
  log.stream_events(uuid, uuid, int, int), log.sequence_of_user_at(uuid, timestamptz)
from public;
grant execute on function
  log.unaccounted(uuid[], bigint[], bigint[]), log.heads(uuid, int), log.parked_between(uuid, bigint, bigint),
  log.stream_events(uuid, uuid, int, int), log.sequence_of_user_at(uuid, timestamptz)
to synap_ingest;
