-- Each change with tags asks it. In SQL it was planned at each call, which was most of what it took.

create or replace function write.check_tags(p_user uuid, p_tags jsonb)
returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (
    select case when count(*) > 0 then jsonb_build_object(
      'outcome', 'tags',
      'tags', jsonb_agg(jsonb_build_object('normalized', p.normalized, 'id', t.tag_id, 'name', t.name))
    ) end
    from jsonb_to_recordset(p_tags) as p (id uuid, normalized text, renamed boolean, merged_into uuid)
    left join write.tags t on t.user_id = p_user and t.normalized = p.normalized
    left join write.tags own on own.user_id = p_user and own.tag_id = p.id
    where case
      when p.merged_into is not null then false
      when p.renamed then t.tag_id <> p.id and t.merged_into is distinct from p.id
      else t.tag_id <> p.id or own.merged_into is not null or (t.tag_id is null and own.tag_id is not null)
    end
  );
end
$$;
