-- What the log publishes to the other services.

-- A user's events in the order of their sequence, both ends included, with all that is needed to encode them again.
create function log.events_between(p_user uuid, p_from bigint, p_to bigint)
  returns table (
    event_id uuid, event_type text, user_id uuid, aggregate_id uuid, aggregate_type text, version int, sequence bigint,
    occurred_at timestamptz, source text, correlation_id text, causation_id uuid, actor_kind text, actor_id uuid,
    delta jsonb, extra jsonb, traceparent text, tracestate text, fingerprint text, schema_id int, schema text
  )
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  earliest timestamptz;
  latest timestamptz;
begin
  select min(d.first_at), max(d.last_at) into earliest, latest
    from log.user_days d
    where d.user_id = p_user and d.last_sequence >= p_from and d.first_sequence <= p_to;
  return query
    select e.event_id, e.event_type, e.user_id, e.aggregate_id, s.aggregate_type, e.version, e.sequence, e.occurred_at,
           e.source, replace(e.correlation_id::text, '-', ''), e.causation_id, e.actor_kind, e.actor_id,
           e.delta, e.extra, e.traceparent, e.tracestate, encode(s.fingerprint, 'hex'), s.schema_id, s.schema
      from log.events e join log.schemas s on s.no = e.schema_no
      where e.user_id = p_user and e.sequence between p_from and p_to
        and e.occurred_at between earliest and latest
      order by e.sequence;
end
$$;

-- How far one entity of the user of this transaction is in the log; no row when the log has nothing of it.
create function log.item_status(p_entity uuid)
  returns table (version int, sequence bigint, logged_at timestamptz, parked int)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select a.version, a.last_sequence, a.logged_at, w.parked
    from (select nullif(current_setting('synap.user_id', true), '')::uuid as user_id) me
    cross join lateral (
      select count(*)::int as parked from log.parked p
        where p.user_id = me.user_id and p.aggregate_id = p_entity and p.slot and p.state in ('open', 'retry')
    ) w
    left join log.aggregates a on a.aggregate_id = p_entity and a.user_id = me.user_id
    where a.aggregate_id is not null or w.parked > 0
$$;

revoke all on function log.events_between(uuid, bigint, bigint), log.item_status(uuid) from public;
grant usage on schema log to synap_ingest, synap_projector, synap_query, synap_operator;
grant execute on function log.events_between(uuid, bigint, bigint) to synap_ingest, synap_projector;
grant execute on function log.item_status(uuid) to synap_query;
grant execute on function log.positions_of(uuid[]) to synap_ingest, synap_projector;
