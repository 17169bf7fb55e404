-- What a merge of tags has done to items, for events that come after it though they were before it: of an item that was
-- parked when its tag was merged, and is drained later. Kept while something of the user waits; the next merge clears up.

create table read_v1.tag_merges (
  user_id uuid not null,
  -- of the merge
  sequence bigint not null,
  tag_id uuid not null,
  into_id uuid not null,
  primary key (user_id, sequence)
);

-- The items that had the tag then, so that a merge can be taken back before it is made again in its place.
create table read_v1.merged_tags (
  entity_id uuid not null,
  sequence bigint not null,
  user_id uuid not null,
  -- of the tag that is gone
  provenance jsonb not null,
  -- the item had the other tag, too
  had_both boolean not null,
  primary key (entity_id, sequence)
);
create index merged_tags_by_user on read_v1.merged_tags (user_id, sequence);

do $$
declare
  name text;
begin
  foreach name in array array['tag_merges', 'merged_tags'] loop
    execute format('alter table read_v1.%I enable row level security', name);
    execute format('create policy own_rows on read_v1.%I using '
      || '(user_id = nullif(current_setting(''synap.user_id'', true), '''')::uuid)', name);
  end loop;
end
$$;
