-- The people who are mentioned in an item, by the names that stand in its text, in the order of first mention.
alter table read_v1.entities add column people jsonb not null default '[]';
