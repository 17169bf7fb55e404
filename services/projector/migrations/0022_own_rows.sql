-- What is looked up by its own id. Row security compares the user by `=`, which an index of each table answers; and a plan that is
-- kept may be made for a user who has nothing, or while there are no rows: that index looks as good then as the one by id, and
-- all rows of another user, who has many, are read by it for each id. These compare by `is not distinct from`, which no index
-- answers: what is left is the index by id.
--
-- They are for look-ups by id alone, each in a subquery of its own, for nothing is joined into a barrier: `cross join lateral
-- (select … where entity_id = … offset 0)`. What is found by its user is read from the tables.

do $$
declare
  name text;
begin
  foreach name in array array['entities', 'entity_tags', 'entity_texts', 'entity_vectors', 'relations', 'tags', 'task_details'] loop
    execute format('create view read_v1.%I with (security_barrier) as select t.* from read_v1.%I as t '
      'where t.user_id is not distinct from (select nullif(current_setting(''synap.user_id'', true), '''')::uuid)',
      'own_' || name, name);
    execute format('grant select on read_v1.%I to synap_query', 'own_' || name);
  end loop;
end
$$;
