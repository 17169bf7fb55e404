-- The read models that there are. Which one of them is read stands in read_active.

create table read_meta.read_models (
  n integer primary key check (n > 0),
  -- building: a rebuild fills it · followed: the projector keeps it level · leaving: nobody uses it, it is about to go
  state text not null check (state in ('building', 'followed', 'leaving')),
  made_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  -- followed until then, as the way back; null: the active one, or one that waits for its switch
  keep_until timestamptz
);
insert into read_meta.read_models (n, state) select a.n, 'followed' from read_meta.read_active as a;

grant usage on schema read_meta to synap_operator;
grant select on read_meta.read_active, read_meta.read_models to synap_operator;
