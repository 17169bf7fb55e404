-- Hourly and daily counts over all users, for dashboards of an operator. Optional: Synap reads none of them, and answers
-- a user's counts from log.daily_counts on every edition. Needs the full edition of TimescaleDB (not the Apache one).
--
--   psql "$DATABASE_DIRECT_URL" -v ON_ERROR_STOP=1 -f services/events-writer/optional/continuous-aggregates.sql
--
-- Nothing refreshes them by itself: a policy would run as their owner, a role that cannot log in. Call from cron:
--
--   psql "$DATABASE_DIRECT_URL" -c "set role synap_events_writer" \
--     -c "call refresh_continuous_aggregate('log.events_by_hour', now() - interval '3 hours', now())" \
--     -c "call refresh_continuous_aggregate('log.events_by_day', now() - interval '3 days', now())"
--
-- To take them away: drop materialized view log.events_by_day, log.events_by_hour;

set role synap_events_writer;

create materialized view log.events_by_hour
  with (timescaledb.continuous, timescaledb.materialized_only = false) as
  select time_bucket(interval '1 hour', occurred_at) as hour, event_type, source, count(*) as events
    from log.events group by 1, 2, 3
  with no data;

create materialized view log.events_by_day
  with (timescaledb.continuous, timescaledb.materialized_only = false) as
  select time_bucket(interval '1 day', occurred_at) as day, event_type, source, count(*) as events
    from log.events group by 1, 2, 3
  with no data;

grant select on log.events_by_hour, log.events_by_day to synap_operator;

reset role;
