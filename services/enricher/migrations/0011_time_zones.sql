-- A capture, or new content, may say the time zone that its dates are meant in, in place of its user's.

-- IANA name that came with what the item is now; null = the user's
alter table enrich.entities add column time_zone text;

-- The same of what the job reads. Content that comes back without a zone keeps this one.
alter table enrich.jobs add column time_zone text;
