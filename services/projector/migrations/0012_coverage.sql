-- What is not found by meaning yet though it may be: items with content that is neither embedded nor known to have no text.
-- Empty when all is done; so that to say how far a user's items are costs what is left to do, and no look at all of them.
create table read_v1.unsearchable (
  entity_id uuid primary key,
  user_id uuid not null,
  content_sha256 text not null,
  -- when this content was first seen here
  projected_at timestamptz not null default clock_timestamp()
);
create index unsearchable_by_age on read_v1.unsearchable (user_id, projected_at, entity_id);
alter table read_v1.unsearchable enable row level security;
create policy own_rows on read_v1.unsearchable
  using (user_id = nullif(current_setting('synap.user_id', true), '')::uuid);
grant select on read_v1.unsearchable to synap_query;

-- Counts a user's items from the index alone.
create index entities_living on read_v1.entities (user_id) where deleted_at is null;

insert into read_v1.unsearchable (entity_id, user_id, content_sha256)
select e.entity_id, e.user_id, e.content_sha256 from read_v1.entities as e
where e.deleted_at is null and e.content_sha256 is not null
  and not exists (select from read_v1.entity_vectors as v
    where v.entity_id = e.entity_id and v.content_sha256 = e.content_sha256)
  and not exists (select from read_v1.entity_texts as t
    where t.entity_id = e.entity_id and t.content_sha256 = e.content_sha256 and t.block = 0 and not t.analysable);
