-- Which transaction a vector came with: whoever has read a user's vectors in one snapshot can ask for those that came since,
-- for a transaction that the snapshot saw is never seen again. Rows from before count as seen by everybody.
alter table read_v1.entity_vectors add column added_in xid8 not null default '0';
alter table read_v1.entity_vectors alter column added_in set default pg_current_xact_id();
create index entity_vectors_by_addition on read_v1.entity_vectors (user_id, model, added_in, entity_id);
drop index read_v1.entity_vectors_by_user;
