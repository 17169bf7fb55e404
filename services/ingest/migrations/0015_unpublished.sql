-- The relay's look at the outbox, planned once for each connection, and always the same way: along the indexes of what waits, as far
-- as the limit. By its estimates the planner took next to nothing to wait, or nothing to be left of it by those who are held
-- back, and rather read all that waits and sorted it: with a backlog, all of it for each batch.
create function write.unpublished(p_limit integer, p_under_way int8multirange) returns setof write.outbox
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $$
begin
  return query
    select o.* from write.outbox o
     where o.published_at is null
       and not o.id <@ p_under_way
       and o.user_id not in (select q.user_id from write.relay_quarantine q)
     order by o.id
     limit p_limit;
end
$$;

revoke all on function write.unpublished(integer, int8multirange) from public;
