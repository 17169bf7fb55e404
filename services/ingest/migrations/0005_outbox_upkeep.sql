-- How the outbox stays small, and how ingest notices that its database is another than the one it gave its last numbers
-- in: a restored copy, or a standby that took over without the last commits.

-- As before, with three things more. A partition is closed when its oldest row is `p_close_after` old, however few rows
-- it has: the ids jump to the next range, so that a small outbox can drop its partitions too. Names have room for more
-- than six digits. Vacuum comes by the number of rows that were marked, not by a share of all.
drop function write.extend_outbox(integer);

create function write.extend_outbox(p_ahead integer default 2, p_close_after interval default '6 hours')
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  c_rows constant bigint := 1000000;
  v_first bigint;
  v_range bigint;
  v_name text;
  v_began timestamptz;
  v_made integer := 0;
begin
  select s.last_value / c_rows into v_first from write.outbox_id s;
  select o.created_at into v_began from write.outbox o
    where o.id >= v_first * c_rows and o.id < (v_first + 1) * c_rows order by o.id limit 1;
  for v_range in select generate_series(v_first, v_first + p_ahead) loop
    v_name := 'outbox_' || lpad(v_range::text, greatest(6, length(v_range::text)), '0');
    continue when to_regclass('write.' || v_name) is not null;
    continue when exists (
      select from write.outbox_default d where d.id >= v_range * c_rows and d.id < (v_range + 1) * c_rows
    );
    execute format(
      'create table write.%I partition of write.outbox for values from (%s) to (%s)
         with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)',
      v_name, v_range * c_rows, (v_range + 1) * c_rows
    );
    v_made := v_made + 1;
  end loop;
  if v_began < clock_timestamp() - p_close_after then
    -- Ids are given out by inserts, and none runs beside this lock: the jump never goes back.
    lock table only write.outbox in share row exclusive mode;
    perform setval('write.outbox_id', (v_first + 1) * c_rows, false)
      from write.outbox_id s where s.last_value < (v_first + 1) * c_rows;
  end if;
  return v_made;
end
$$;

revoke all on function write.extend_outbox(integer, interval) from public;

-- The partitions of the outbox. `closed`: no new row can come into it, but for the default one, which is never closed.
-- Rows are an estimate; `newest_published_at` is of its highest id and null while that waits.
create function write.outbox_partitions()
returns table (
  name text, from_id bigint, to_id bigint, closed boolean, is_default boolean, rows_estimate bigint, bytes bigint,
  newest_published_at timestamptz
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_last bigint;
begin
  select s.last_value into v_last from write.outbox_id s;
  for name, is_default, rows_estimate, bytes, from_id, to_id in
    select c.relname, b.bound = 'DEFAULT', greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid),
           (regexp_match(b.bound, $r$FROM \('(\d+)'\)$r$))[1]::bigint, (regexp_match(b.bound, $r$TO \('(\d+)'\)$r$))[1]::bigint
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      cross join lateral (select pg_get_expr(c.relpartbound, c.oid) as bound) b
     where i.inhparent = 'write.outbox'::regclass
     order by 5 nulls first
  loop
    closed := not is_default and to_id <= v_last;
    execute format('select p.published_at from write.%I p order by p.id desc limit 1', name)
      into newest_published_at;
    return next;
  end loop;
end
$$;

revoke all on function write.outbox_partitions() from public;
grant execute on function write.outbox_partitions() to synap_operator;

-- Drops a closed partition whose rows all left before, or were all found to qualify; false when one still waits.
create function write.drop_outbox_partition(p_name text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
  v_waits boolean;
begin
  -- The order in which an insert takes its locks; the other way round the two would wait for each other.
  lock table only write.outbox in access exclusive mode;
  if not exists (select from write.outbox_partitions() p where p.name = p_name and p.closed) then
    return false;
  end if;
  execute format('select exists (select from write.%I p where p.published_at is null)', p_name) into v_waits;
  if v_waits then return false; end if;
  execute format('drop table write.%I', p_name);
  return true;
end
$$;

revoke all on function write.drop_outbox_partition(text) from public;

-- One row: the database in which numbers were last given out in good order. `settled` is false while a reconciliation
-- is under way or broke off. Without a row the first look writes it.
create table write.identity (
  only_row boolean primary key default true check (only_row),
  system_identifier text not null,
  timeline text not null,
  database_oid bigint not null,
  settled boolean not null default true,
  -- another one after each change of the row, so that a session need not look twice
  epoch uuid not null default gen_random_uuid(),
  recorded_at timestamptz not null default clock_timestamp()
);

-- What the server says of itself. A restore elsewhere changes the first or the last, a promotion the timeline.
create function write.actual_identity()
returns table (system_identifier text, timeline text, database_oid bigint)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select (select c.system_identifier::text from pg_control_system() c),
         case when pg_is_in_recovery() then 'in recovery' else left(pg_walfile_name(pg_current_wal_lsn()), 8) end,
         (select d.oid::bigint from pg_database d where d.datname = current_database())
$$;

-- Null when numbers may be given out here, else why not: `restored`, `unsettled`.
create function write.refusal() returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_known write.identity;
  v_actual record;
begin
  select i.* into v_known from write.identity i;
  if not found then
    insert into write.identity (system_identifier, timeline, database_oid)
      select a.system_identifier, a.timeline, a.database_oid from write.actual_identity() a
      on conflict do nothing;
    return null;
  end if;
  if not v_known.settled then return 'unsettled'; end if;
  select a.* into v_actual from write.actual_identity() a;
  if (v_known.system_identifier, v_known.timeline, v_known.database_oid)
    is distinct from (v_actual.system_identifier, v_actual.timeline, v_actual.database_oid) then
    return 'restored';
  end if;
  return null;
end
$$;

revoke all on function write.actual_identity(), write.refusal() from public;

-- The last word against a user's numbers being given out twice: no event enters the outbox of a database that is not
-- known to have all that came before. A session looks once per epoch; a failover ends its sessions.
create function write.refuse_unreconciled() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_epoch uuid;
  v_why text;
begin
  select i.epoch into v_epoch from write.identity i;
  if current_setting('synap.write_epoch', true) = v_epoch::text then return null; end if;
  v_why := write.refusal();
  if v_why is not null then
    raise exception 'the write database has to be reconciled (%)', v_why using errcode = 'SY001';
  end if;
  perform set_config('synap.write_epoch', v_epoch::text, false) where v_epoch is not null;
  return null;
end
$$;

revoke all on function write.refuse_unreconciled() from public;

create trigger refuse_unreconciled before insert on write.outbox
  for each statement execute function write.refuse_unreconciled();

-- The reconciliation under way, or the last one.
create table write.reconciliation (
  only_row boolean primary key default true check (only_row),
  run uuid not null,
  -- topic: reads it · users: raises and refolds · done · failed: `detail` says why
  phase text not null check (phase in ('topic', 'users', 'done', 'failed')),
  started_at timestamptz not null default clock_timestamp(),
  -- whoever works on it says so here; a minute without a word means that it broke off
  updated_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  topic_records bigint not null default 0,
  users_checked bigint not null default 0,
  users_moved bigint not null default 0,
  events_folded bigint not null default 0,
  events_unfoldable bigint not null default 0,
  detail text
);
