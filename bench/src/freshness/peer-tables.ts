import { captured } from './call.ts'

/** The tables of the peers, and their statements. The writes are as those of Synap: a state, an event, a projection. */
export const peerTables = `
  create schema bench;
  create table bench.items (id uuid primary key, user_id uuid not null, version int not null, state jsonb not null);
  create table bench.outbox (id bigint generated always as identity primary key, entity_id uuid not null,
    user_id uuid not null, delta jsonb not null, created_at timestamptz not null default now(), published_at timestamptz);
  create index outbox_waiting on bench.outbox (id) where published_at is null;
  create table bench.entities (entity_id uuid primary key, user_id uuid not null, title text, delta jsonb not null,
    version int not null);
  create index entities_by_user on bench.entities (user_id, entity_id);
  grant usage on schema bench to public; grant all on all tables in schema bench to public;
  grant usage on all sequences in schema bench to public;`

const stored = `with item as (insert into bench.items values ($1, $2, 1, $3::jsonb))`

/** One item and its event, in one round trip and one commit. */
export const write = `${stored} insert into bench.outbox (entity_id, user_id, delta) values ($1, $2, $3::jsonb)`

/** The same, and what is read at once. */
export const writeAndProject = `${stored}, event as (
    insert into bench.outbox (entity_id, user_id, delta, published_at) values ($1, $2, $3::jsonb, now())
  )
  insert into bench.entities values ($1, $2, $3::jsonb ->> 'title', $3::jsonb, 1)`

/** All that waits goes into the projection, is marked and told, in one commit. */
export const project = `
  with waiting as (
    select id, entity_id, user_id, delta from bench.outbox where published_at is null order by id limit 1000
  ), projected as (
    insert into bench.entities select entity_id, user_id, delta ->> 'title', delta, 1 from waiting
      on conflict (entity_id) do update set title = excluded.title, delta = excluded.delta
  ), marked as (
    update bench.outbox o set published_at = now() from waiting w where o.id = w.id
  )
  select count(*)::int as events, pg_notify('bench_read', '') from waiting`

export const read = 'select entity_id from bench.entities where entity_id = $1 and user_id = $2'

export const delta = captured
