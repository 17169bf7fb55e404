-- What ingest publishes to others. Each function runs as its owner; those for users filter by `synap.user_id`.

-- How far an item of the asking user has come here. `pending`: its events that are not on the topic yet, counted up to
-- 10,000 events back. `relayed_at` is null while any is pending, and also once its row has left the outbox.
create function write.item_status(p_entity uuid)
returns table (
  found boolean, version integer, sequence bigint, stored_at timestamptz, relayed_at timestamptz, pending integer,
  content_sha256 text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_user constant uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  v_stream write.streams;
  v_row record;
  v_relayed_at timestamptz;
  v_pending integer := 0;
begin
  select s.* into v_stream from write.streams s
  where s.user_id = v_user and s.aggregate_id = p_entity and s.aggregate_type = 'entity';

  -- A user's events are relayed in order: from the item's last one back to the first that is out.
  for v_row in
    select o.aggregate_id, o.sequence as n, o.published_at from write.outbox o
    where o.user_id = v_user and o.sequence <= v_stream.sequence
    order by o.sequence desc
    limit 10000
  loop
    if v_row.published_at is not null then
      if v_row.n = v_stream.sequence then v_relayed_at := v_row.published_at; end if;
      exit;
    end if;
    if v_row.aggregate_id = p_entity then v_pending := v_pending + 1; end if;
  end loop;

  return query select
    v_stream.aggregate_id is not null, v_stream.version, v_stream.sequence, v_stream.updated_at, v_relayed_at, v_pending,
    v_stream.state #>> '{content,sha256}';
end
$$;

-- The highest sequence of each user who has been quiet for `p_older_than`, in pages by user id. What a consumer lacks
-- of it was lost on the way.
create function write.heads(p_older_than interval, p_after uuid, p_limit integer)
returns table (user_id uuid, sequence bigint)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select u.user_id, u.sequence from write.users u
  where u.sequence > 0 and u.updated_at < clock_timestamp() - p_older_than
    and (p_after is null or u.user_id > p_after)
  order by u.user_id
  limit least(p_limit, 10000)
$$;

-- The outbox in numbers, for operators and for the limit on its size. `unpublished` is exact.
create function write.outbox_overview()
returns table (unpublished bigint, oldest_unpublished_at timestamptz, quarantined_users bigint, relay_epoch bigint)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select
    (select count(*) from write.outbox o where o.published_at is null),
    (select o.created_at from write.outbox o where o.published_at is null order by o.id limit 1),
    (select count(*) from write.relay_quarantine),
    (select l.epoch from write.relay_lease l where l.name = 'relay')
$$;

-- Lets a quarantined user's events flow again, after the cause is gone. True when there was one.
create function write.release_quarantine(p_user uuid) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from write.relay_quarantine q where q.user_id = p_user;
  return found;
end
$$;

revoke all on function write.item_status(uuid) from public;
revoke all on function write.heads(interval, uuid, integer) from public;
revoke all on function write.outbox_overview() from public;
revoke all on function write.release_quarantine(uuid) from public;

grant usage on schema write to synap_query, synap_operator;
grant execute on function write.item_status(uuid) to synap_query;
grant execute on function write.outbox_overview() to synap_operator;
grant execute on function write.release_quarantine(uuid) to synap_operator;
