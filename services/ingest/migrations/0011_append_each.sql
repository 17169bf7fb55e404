-- Several appends in one transaction, for calls that wait at the same time: one message and one commit for all of them.
--
-- p_calls [{user, context, aggregates, events, objects, tags, idempotency}]; see write.append
--
-- Answers a list in the same order: what write.append answers, or {outcome: failed} for a call that raised an error. Such
-- a call left nothing behind and can be made again by itself. Users are locked in the order of their ids.
create function write.append_each(p_calls jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_call record;
  v_answers jsonb[] := array_fill(null::jsonb, array[jsonb_array_length(p_calls)]);
begin
  for v_call in
    select c.call, c.place from jsonb_array_elements(p_calls) with ordinality as c (call, place)
    order by (c.call ->> 'user')::uuid, c.place
  loop
    begin
      v_answers[v_call.place] := write.append(
        (v_call.call ->> 'user')::uuid, v_call.call -> 'context', v_call.call -> 'aggregates', v_call.call -> 'events',
        v_call.call -> 'objects', v_call.call -> 'tags', nullif(v_call.call -> 'idempotency', 'null')
      );
    exception when others then
      v_answers[v_call.place] := jsonb_build_object('outcome', 'failed');
    end;
  end loop;
  return to_jsonb(v_answers);
end
$$;

revoke all on function write.append_each(jsonb) from public;
