-- What asking models costs, how much of it is allowed in a day, and who holds it back. Money is in billionths of a US
-- dollar: one token of a small model costs less than a millionth.

-- Prices and limits as the settings of the enricher have them: written when it starts, read by whoever shows them.
create table enrich.prices (
  model text primary key,
  -- dollars for a million tokens
  input_price double precision not null check (input_price >= 0),
  output_price double precision not null check (output_price >= 0)
);

-- `all`: everybody together · `user`: each user who has no row in enrich.budgets. Null = no limit.
create table enrich.limits (
  scope text primary key check (scope in ('all', 'user')),
  calls bigint check (calls >= 0),
  tokens bigint check (tokens >= 0),
  cost_nanos bigint check (cost_nanos >= 0)
);

-- What one user may spend in a day, in place of the limit for each user.
create table enrich.budgets (
  user_id uuid primary key,
  calls bigint check (calls >= 0),
  tokens bigint check (tokens >= 0),
  cost_nanos bigint check (cost_nanos >= 0),
  by_user uuid,
  by_key uuid,
  updated_at timestamptz not null default now()
);

-- Calls of models that cost, or may have cost. `reserved`: under way, or its process died: it counts as estimated.
create table enrich.calls (
  call_id uuid primary key,
  user_id uuid not null,
  -- null when the item was purged
  entity_id uuid,
  job_id uuid,
  step text not null check (step in ('analyse', 'embed')),
  provider text not null,
  model text not null,
  -- the UTC day it counts for
  day date not null,
  state text not null default 'reserved' check (state in ('reserved', 'settled')),
  -- requests that were answered: a server's first analysis may take more than one
  requests integer not null default 1,
  input_tokens bigint not null,
  output_tokens bigint not null,
  -- null = the model has no price
  cost_nanos bigint,
  error_code text,
  started_at timestamptz not null default now(),
  finished_at timestamptz
);
create index calls_by_entity on enrich.calls (entity_id) where entity_id is not null;
create index calls_by_user on enrich.calls (user_id);

-- The sums that limits are held against, reservations included. `scope`: a user, or the nil UUID for everybody.
create table enrich.spending (
  scope uuid not null,
  day date not null,
  calls bigint not null default 0,
  tokens bigint not null default 0,
  cost_nanos bigint not null default 0,
  -- calls of models without a price: what they cost is not in the sum
  unpriced_calls bigint not null default 0,
  primary key (scope, day)
) with (fillfactor = 70);

-- What is held back. `all`: both kinds of calls. Text is extracted all the same.
create table enrich.pauses (
  pause_id bigint generated always as identity primary key,
  -- null: everybody
  user_id uuid,
  kind text not null check (kind in ('all', 'analyse', 'embed')),
  -- an operator's pause is lifted by operators only
  by_operator boolean not null,
  why text,
  by_user uuid,
  by_key uuid,
  since timestamptz not null default now(),
  check (by_operator or user_id is not null)
);
create unique index pauses_once
  on enrich.pauses (coalesce(user_id, '00000000-0000-0000-0000-000000000000'), kind, by_operator);

alter table enrich.steps
  -- over all attempts; tokens stand beside them
  add column calls integer not null default 0,
  add column unpriced_calls integer not null default 0,
  add column cost_nanos bigint not null default 0;

alter table enrich.jobs
  -- somebody asked for another try; the enricher acts and takes the mark away
  add column retry_marked_at timestamptz,
  add column retries integer not null default 0,
  add column retry_by_user uuid,
  add column retry_by_key uuid;
create index jobs_marked on enrich.jobs (job_id) where retry_marked_at is not null;
