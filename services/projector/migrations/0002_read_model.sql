-- The read model, shape 1. Owned by synap_projector; read by synap_query under row security.
-- No body text in any table: title, preview (≤ 200 characters) and lexemes are all that is kept of content.
-- Which read_v{n} is read right now stands in read_meta.read_active; readers build qualified names from it.

create table read_meta.read_active (
  one boolean primary key default true check (one),
  n integer not null check (n > 0),
  shape integer not null check (shape > 0),
  switched_at timestamptz not null default now()
);
insert into read_meta.read_active (n, shape) values (1, 1);

create table read_v1.entities (
  entity_id uuid primary key,
  user_id uuid not null,
  type text not null,
  title text,
  preview text,
  summary text,
  language text,
  content_key text,
  content_sha256 text,
  content_size bigint,
  content_type text,
  file_type text,
  uploaded_at timestamptz,
  -- what derived data must be made from to count: the content, or the title of an entity without content
  subject_sha256 text,
  attachments jsonb not null,
  metadata jsonb not null,
  -- who set which field, in which event
  provenance jsonb not null,
  -- what AI proposes, and what a person has rejected
  suggestions jsonb not null,
  rejected jsonb not null,
  version integer not null,
  sequence bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  projected_at timestamptz not null default clock_timestamp()
);
create index entities_by_creation on read_v1.entities (user_id, created_at desc, entity_id desc);
create index entities_by_update on read_v1.entities (user_id, updated_at desc);

-- Kept while the entity is of another type, for the way back. `due` is a day or an instant, as it was said; `due_day` is
-- the day it names.
create table read_v1.task_details (
  entity_id uuid primary key references read_v1.entities on delete cascade,
  user_id uuid not null,
  status text not null,
  priority smallint not null,
  due text,
  due_day date,
  completed_by uuid,
  completed_at timestamptz
);
create index task_details_by_due on read_v1.task_details (user_id, due_day);
create index task_details_by_status on read_v1.task_details (user_id, status);

-- Names are unique per user in write.tags, where they are given out. A unique key here could only turn a mistake there
-- into a stuck projector.
create table read_v1.tags (
  tag_id uuid primary key,
  user_id uuid not null,
  name text not null,
  color text,
  -- of the newest event that named it, and that coloured it
  name_sequence bigint not null,
  color_sequence bigint not null default 0
);
create index tags_by_name on read_v1.tags (user_id, name);

create table read_v1.entity_tags (
  entity_id uuid not null references read_v1.entities on delete cascade,
  tag_id uuid not null,
  user_id uuid not null,
  provenance jsonb not null,
  primary key (entity_id, tag_id)
);
create index entity_tags_by_tag on read_v1.entity_tags (user_id, tag_id, entity_id);

-- A deleted relation stays as a row, so that the version guard still sees it.
create table read_v1.relations (
  relation_id uuid primary key,
  user_id uuid not null,
  type text not null,
  source_id uuid not null,
  target_id uuid not null,
  version integer not null,
  sequence bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted boolean not null
);
create index relations_by_source on read_v1.relations (user_id, source_id);
create index relations_by_target on read_v1.relations (user_id, target_id);

create table read_v1.user_settings (
  user_id uuid primary key,
  time_zone text,
  language text,
  sequence bigint not null
);

-- Derived rows have no foreign keys and may come before the event of their entity, or after its deletion.
-- Whether a row is current is decided when it is read: its content hash is the entity's, and the entity not deleted.
create table read_v1.entity_texts (
  entity_id uuid not null,
  content_sha256 text not null,
  producer text not null,
  block integer not null,
  block_count integer not null,
  user_id uuid not null,
  text_key text,
  language text,
  config text not null,
  links jsonb not null,
  chunks jsonb not null,
  analysable boolean not null,
  reason text,
  lexemes tsvector,
  indexed_at timestamptz not null default clock_timestamp(),
  primary key (entity_id, content_sha256, producer, block)
);

-- halfvec holds exactly what synap.derived.v1 carries (float16). Stored inline: an exact scan inside one user must not
-- fetch 3 kB from the toast table for each row.
create table read_v1.entity_vectors (
  entity_id uuid not null,
  content_sha256 text not null,
  producer text not null,
  block integer not null,
  chunk integer not null,
  user_id uuid not null,
  model text not null,
  char_start integer not null,
  char_end integer not null,
  embedding public.halfvec(1536) not null,
  indexed_at timestamptz not null default clock_timestamp(),
  primary key (entity_id, content_sha256, producer, block, chunk)
);
alter table read_v1.entity_vectors alter column embedding set storage plain;
create index entity_vectors_by_user on read_v1.entity_vectors (user_id, model);
create index entity_vectors_hnsw on read_v1.entity_vectors using hnsw (embedding public.halfvec_cosine_ops);

-- How many vectors of which model a user has: which model must embed a question, and whether an exact scan is cheap.
create table read_v1.user_models (
  user_id uuid not null,
  model text not null,
  vectors bigint not null,
  primary key (user_id, model)
);

-- One searchable document per entity: title (A), tags (B), and the text of its current content (C), or its preview
-- until the text is extracted. Each part is lexed twice, by the language's configuration and by `simple`: stems find
-- inflected words, unstemmed words serve exact and prefix matches and names.
create table read_v1.entity_lexemes (
  entity_id uuid primary key,
  user_id uuid not null,
  config text not null,
  lexemes tsvector not null
);
create index entity_lexemes_by_word on read_v1.entity_lexemes using gin (user_id, lexemes);
create index entity_lexemes_by_config on read_v1.entity_lexemes (user_id, config);

-- Purged entities and erased users: late derived records of theirs are dropped.
create table read_v1.purged (
  subject_id uuid primary key,
  user_id uuid not null,
  sequence bigint not null,
  purged_at timestamptz not null default clock_timestamp()
);
