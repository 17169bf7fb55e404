-- As write.begin_put, for the objects of one request that puts several. `p_ids` has their keys as `objects`, at least
-- one; they are kept in the row with the other ids, so that a later attempt goes on with those of the first.
--
-- Answers as write.begin_put, with objects: [{object_key, lease_id}] in the order of the keys; each may be another than
-- the one that was asked for.
create function write.begin_puts(
  p_user uuid, p_idempotency_key text, p_request_hash bytea, p_ids jsonb, p_lease interval
) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_begun jsonb;
  v_lease record;
  v_leases jsonb[];
begin
  v_begun := write.begin_put(
    p_user, p_idempotency_key, p_request_hash, p_ids, p_ids -> 'objects' ->> 0, p_lease
  );
  if v_begun ->> 'outcome' <> 'begun' then return v_begun; end if;

  v_leases := array[jsonb_build_object('object_key', v_begun -> 'object_key', 'lease_id', v_begun -> 'lease_id')];
  for v_n in 1 .. jsonb_array_length(v_begun -> 'ids' -> 'objects') - 1 loop
    select t.lease_id, t.object_key into v_lease
    from write.take_lease(v_begun -> 'ids' -> 'objects' ->> v_n, clock_timestamp() + p_lease) t;
    v_leases := v_leases || jsonb_build_object('object_key', v_lease.object_key, 'lease_id', v_lease.lease_id);
  end loop;
  return v_begun || jsonb_build_object('objects', to_jsonb(v_leases));
end
$$;

revoke all on function write.begin_puts(uuid, text, bytea, jsonb, interval) from public;
