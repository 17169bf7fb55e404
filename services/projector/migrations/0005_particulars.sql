-- What an entity has of the types, other than task, that have something of their own: by type, as the domain folds it. A
-- new type of entity needs no migration. (A task's has columns of its own, in task_details.)
alter table read_v1.entities add column particulars jsonb not null default '{}';
