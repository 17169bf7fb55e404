-- By whose vectors a user's items are compared, where somebody chose: while vectors of another model are made beside them,
-- there are two models' vectors. No row = the model that made the most of them.
create table read_v1.chosen_models (
  user_id uuid primary key,
  model text not null,
  projected_at timestamptz not null default clock_timestamp()
);
alter table read_v1.chosen_models enable row level security;
create policy own_rows on read_v1.chosen_models
  using (user_id = nullif(current_setting('synap.user_id', true), '')::uuid);
grant select on read_v1.chosen_models to synap_query;
