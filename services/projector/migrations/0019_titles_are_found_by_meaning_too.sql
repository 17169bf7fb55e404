-- An item without content is embedded by its title, so until it is, it is one that is not found by meaning yet. The hash in
-- `unsearchable` is that of what is to be embedded: the content, or the title of an item without content.
insert into read_v1.unsearchable (entity_id, user_id, content_sha256)
select e.entity_id, e.user_id, e.subject_sha256 from read_v1.entities as e
where e.deleted_at is null and e.content_sha256 is null and e.subject_sha256 is not null
  and not exists (select from read_v1.entity_vectors as v
    where v.entity_id = e.entity_id and v.content_sha256 = e.subject_sha256 and v.user_id = e.user_id)
  and not exists (select from read_v1.entity_texts as t
    where t.entity_id = e.entity_id and t.content_sha256 = e.subject_sha256 and t.user_id = e.user_id
      and t.block = 0 and not t.analysable);
