-- Links that documents write (`[[Page]]`, `[text](other.md)`), found at extraction: derived data, no relations. They name
-- an item by its title or its file; which item that is is looked up when they are read, so that a new item, a rename or
-- a deletion needs no second extraction.

-- A name as names are compared: white space tidied, in one Unicode form, whatever the case. Null for what is too long to
-- be looked up. The collation is built in: every server gives the same answer.
create function read_v1.link_name(name text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select case when char_length(name) <= 255 then
    nullif(lower(trim(regexp_replace(normalize(name, NFC) collate pg_catalog.pg_c_utf8, '\s+', ' ', 'g'))), '') end
$$;

-- The same of titles, and of the files that entities were imported from, without folder and ending. In place of the function,
-- because a read model is made anew from definitions that must not lead back to the old one.
alter table read_v1.entities
  add column title_name text generated always as (
    case when char_length(title) <= 255 then
      nullif(lower(trim(regexp_replace(normalize(title, NFC) collate pg_catalog.pg_c_utf8, '\s+', ' ', 'g'))), '') end
  ) stored,
  add column file_name text generated always as (
    case when char_length(metadata ->> 'path') <= 1024 then
      nullif(left(lower(trim(regexp_replace(normalize(regexp_replace(regexp_replace(metadata ->> 'path', '^.*/', ''),
        '\.(md|markdown|mdx|txt)$', '', 'i'), NFC) collate pg_catalog.pg_c_utf8, '\s+', ' ', 'g'))), 255), '') end
  ) stored;
create index entities_by_title_name on read_v1.entities (user_id, title_name, entity_id)
  where deleted_at is null and title_name is not null;
create index entities_by_file_name on read_v1.entities (user_id, file_name, entity_id)
  where deleted_at is null and file_name is not null;

-- As entity_texts: a row counts while its content is the entity's. No label and no words around it: those are content.
create table read_v1.entity_links (
  entity_id uuid not null,
  content_sha256 text not null,
  producer text not null,
  block integer not null,
  -- in its block, from 0
  position integer not null,
  user_id uuid not null,
  kind text not null,
  target text not null,
  heading text,
  -- what is meant: a name, or an id
  name text,
  target_id uuid,
  primary key (entity_id, content_sha256, producer, block, position)
);
create index entity_links_by_name on read_v1.entity_links (user_id, name, entity_id, block, position)
  where name is not null;
create index entity_links_by_target on read_v1.entity_links (user_id, target_id, entity_id, block, position)
  where target_id is not null;

alter table read_v1.entity_links enable row level security;
create policy own_rows on read_v1.entity_links
  using (user_id = nullif(current_setting('synap.user_id', true), '')::uuid);
grant select on read_v1.entity_links to synap_query;

revoke all on function read_v1.link_name(text) from public;
