-- The making of a read model. It can be broken off at any point and goes on from what stands here.
create table read_meta.rebuilds (
  n integer primary key references read_meta.read_models on delete cascade,
  -- whose derived rows are copied; 0: none, they are read again from their topic
  derived_from integer not null,
  -- copying: rows, then indexes, then words · following: complete, and level after a while · switched: it was made active
  phase text not null check (phase in ('copying', 'following', 'switched')),
  -- who works on it, for as long as the lease is alive
  holder uuid not null,
  lease_until timestamptz not null,
  begun_at timestamptz not null default now(),
  switched_at timestamptz
);

-- The parts that its rows are made in, each in one transaction.
create table read_meta.rebuild_slices (
  n integer not null references read_meta.rebuilds on delete cascade,
  slice integer not null,
  -- both are in it
  first_user uuid not null,
  last_user uuid not null,
  events bigint not null,
  copied boolean not null default false,
  -- its searchable documents are made, once there are indexes to find what they are made of
  worded boolean not null default false,
  primary key (n, slice)
);
