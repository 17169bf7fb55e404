-- Which items of a user are like another, and which tags they have: what tags are proposed by, before any new one.

-- Tags that the document names itself (front matter), and the words its prose dwells on: lexemes, no text.
alter table enrich.extractions
  add column tags jsonb not null default '[]',
  -- [{stem, word, count}, …], the weightiest first
  add column terms jsonb not null default '[]';

-- The terms of an item as numbers: hashes of user and stem, so that they tell nothing and match inside one user only.
create table enrich.signatures (
  entity_id uuid primary key,
  user_id uuid not null,
  terms integer[] not null
);
create index signatures_by_user on enrich.signatures (user_id, entity_id);

-- Tags that are on an item now, whoever put them there. Kept from the day this table was made.
create table enrich.entity_tags (
  entity_id uuid not null,
  tag_id uuid not null,
  user_id uuid not null,
  primary key (entity_id, tag_id)
);
create index entity_tags_by_tag on enrich.entity_tags (user_id, tag_id);
