-- The events of several aggregates as one list: an item, and the analyses of it.

-- Newest first, those below a sequence. Of each aggregate no more are read than may be answered.
create function log.events_of(p_aggregates uuid[], p_below bigint, p_limit int) returns setof log.event_rows
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  below bigint := coalesce(p_below, 9223372036854775807);
  earliest timestamptz;
  latest timestamptz;
begin
  select min(a.first_at), max(a.last_at) into earliest, latest from log.aggregates a
    where a.aggregate_id = any (p_aggregates) and a.user_id = me and a.first_sequence < below;
  if earliest is null then
    return;
  end if;
  -- The times as constants of this call, so that chunks are left out when it is planned.
  return query execute $query$
    with hits as materialized (
      select e.* from log.aggregates a cross join lateral (
        select e.event_id, e.occurred_at, e.sequence from log.events e
          where e.aggregate_id = a.aggregate_id and e.sequence < $3
            -- not by `=`: the index of the user's sequences would be read for it as well
            and e.user_id is not distinct from $1
            and e.occurred_at between $4 and $5
          order by e.version desc limit $6
      ) e
      where a.aggregate_id = any ($2) and a.user_id = $1 and a.first_sequence < $3
      order by e.sequence desc limit $6
    )
    select r.* from hits h join log.event_rows r using (event_id, occurred_at)
      where r.occurred_at between $4 and $5 order by r.sequence desc
  $query$ using me, p_aggregates, below, earliest, latest, p_limit;
end
$$;

revoke all on function log.events_of(uuid[], bigint, int) from public;
grant execute on function log.events_of(uuid[], bigint, int)
  to synap_query, synap_ingest, synap_projector, synap_operator;
