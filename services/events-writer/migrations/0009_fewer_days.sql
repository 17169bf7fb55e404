-- Days are added up one after the other until they are sure to hold enough, and no further: of a user's newest fifty
-- events that is a day or two, where all days were added up before. The answer is as it was.
create or replace function log.part_to_read(
  p_user uuid, p_types text[], p_from timestamptz, p_to timestamptz, p_above bigint, p_below bigint, p_newest boolean,
  p_limit int
) returns table (earliest timestamptz, latest timestamptz, lowest bigint, highest bigint)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  one record;
  in_day bigint;
  sure bigint := 0;
  -- of the days that are sure to hold enough
  enough_lowest bigint;
  enough_highest bigint;
begin
  for one in
    select d.day, d.first_sequence, d.last_sequence, d.first_at, d.last_at from log.user_days d
      where d.user_id = p_user and d.last_sequence > p_above and d.first_sequence < p_below
        and d.last_at >= p_from and d.first_at < p_to
        and d.day between (p_from at time zone 'UTC')::date and (p_to at time zone 'UTC')::date
      order by case when p_newest then -d.last_sequence else d.first_sequence end
  loop
    -- By sequence, not by day: after a step of the clock a day that comes later may reach into what is read.
    exit when sure >= p_limit
      and case when p_newest then one.last_sequence < enough_lowest else one.first_sequence > enough_highest end;
    select sum(n.events) into in_day from log.daily_counts n
      where n.user_id = p_user and n.day = one.day and (p_types is null or n.event_type = any (p_types));
    continue when in_day is null;
    earliest := least(earliest, one.first_at);
    latest := greatest(latest, one.last_at);
    if sure < p_limit then
      enough_lowest := least(enough_lowest, one.first_sequence);
      enough_highest := greatest(enough_highest, one.last_sequence);
    end if;
    lowest := least(lowest, one.first_sequence);
    highest := greatest(highest, one.last_sequence);
    -- a day that is asked for in part only may hold none of its events
    if one.first_sequence > p_above and one.last_sequence < p_below and one.first_at >= p_from and one.last_at < p_to then
      sure := sure + in_day;
    end if;
  end loop;
  return next;
end
$$;
