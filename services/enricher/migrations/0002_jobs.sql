-- What the enricher knows of users and items, and its work: one job per content, one row per step.
-- Titles stand here (they are allowed in tables); text does not.

create table enrich.users (
  user_id uuid primary key,
  -- IANA name; null = the default of this installation
  time_zone text,
  updated_at timestamptz not null default now()
);

-- The user's vocabulary: tags that people gave. `uses` orders it.
create table enrich.tags (
  user_id uuid not null,
  tag_id uuid not null,
  name text not null,
  uses integer not null default 0,
  primary key (user_id, tag_id)
);

-- Each item as the events say it is now: what a job for it would read.
create table enrich.entities (
  entity_id uuid primary key,
  user_id uuid not null,
  type text not null,
  title text,
  -- null without content
  content_hash text check (content_hash ~ '^[0-9a-f]{64}$'),
  object_key text,
  file_type text,
  content_size bigint,
  version integer not null,
  -- when its content or, without content, its title came: "tomorrow" is counted from here
  captured_at timestamptz not null,
  deleted boolean not null default false
);
create index entities_by_user on enrich.entities (user_id);

create table enrich.jobs (
  job_id uuid primary key,
  user_id uuid not null,
  entity_id uuid not null,
  -- SHA-256 of the content; of the title when the item has no content
  content_hash text not null check (content_hash ~ '^[0-9a-f]{64}$'),
  enricher_version text not null,
  -- 0, or the number of the run that a person asked for
  run integer not null default 0 check (run >= 0),
  analysis_id uuid not null,
  source text not null check (source in ('content', 'title')),
  object_key text,
  file_type text,
  content_size bigint,
  title text,
  entity_type text not null,
  based_on_version integer not null,
  -- the event that asked for it
  event_id uuid not null,
  sequence bigint not null,
  captured_at timestamptz not null,
  traceparent text,
  tracestate text,
  -- open: work to do · done, failed: no step left · superseded: the item has other content · cancelled: deleted ·
  -- purged: its results are gone for good
  state text not null default 'open'
    check (state in ('open', 'done', 'failed', 'superseded', 'cancelled', 'purged')),
  -- what ingest said, or why nothing was recorded
  outcome text,
  -- from then on a worker may take it; while it is leased, the end of the lease
  due_at timestamptz not null default now(),
  lease_owner uuid,
  lease_until timestamptz,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  unique (entity_id, content_hash, enricher_version, run),
  check ((source = 'content') = (object_key is not null))
) with (fillfactor = 80);
create index jobs_open on enrich.jobs (user_id, due_at) where state = 'open';
create index jobs_by_entity on enrich.jobs (entity_id, sequence desc);
create index jobs_by_user on enrich.jobs (user_id);

create table enrich.steps (
  job_id uuid not null references enrich.jobs on delete cascade,
  ord smallint not null,
  step text not null,
  -- failed: given up, for the reason in error_code · skipped: nothing to do for this item
  state text not null default 'pending' check (state in ('pending', 'running', 'done', 'skipped', 'failed')),
  -- tries in all
  attempts integer not null default 0,
  -- starts without an end, written before the work: a step that keeps killing the process is given up
  starts integer not null default 0,
  lease_until timestamptz,
  next_retry_at timestamptz,
  error_code text,
  error_class text,
  error_text text,
  started_at timestamptz,
  finished_at timestamptz,
  duration_ms integer,
  input_tokens integer,
  output_tokens integer,
  primary key (job_id, ord)
) with (fillfactor = 70);

-- Extraction of one content of one item: no text, only where it lies and how it divides.
create table enrich.extractions (
  entity_id uuid not null,
  content_hash text not null,
  producer text not null,
  user_id uuid not null,
  analysable boolean not null,
  reason text,
  text_key text,
  heading text,
  structured boolean not null default false,
  language text,
  links jsonb not null default '[]',
  -- [[start, end, byteStart, byteEnd], …]
  chunks jsonb not null default '[]',
  created_at timestamptz not null default now(),
  primary key (entity_id, content_hash, producer)
);
create index extractions_by_user on enrich.extractions (user_id);

-- Paid for once per user and content, whatever item it belongs to. A block is at most 64 vectors, float16 one after
-- the other.
create table enrich.embeddings (
  user_id uuid not null,
  content_hash text not null,
  model text not null,
  dimensions integer not null,
  chunker text not null,
  block integer not null,
  vectors bytea not null,
  created_at timestamptz not null default now(),
  primary key (user_id, content_hash, model, dimensions, chunker, block)
);
alter table enrich.embeddings alter column vectors set storage external;

-- One analysis per job: never shared, as it depends on the day, the time zone and the vocabulary.
create table enrich.analyses (
  job_id uuid primary key references enrich.jobs on delete cascade,
  model text not null,
  prompt_version text not null,
  offline boolean not null,
  time_zone text not null,
  vocabulary_hash text not null,
  result jsonb not null,
  input_tokens integer not null,
  output_tokens integer not null,
  created_at timestamptz not null default now()
);

-- Keys on the derived topic that need a tombstone some day.
create table enrich.published (
  entity_id uuid not null,
  content_hash text not null,
  producer text not null,
  user_id uuid not null,
  block_count integer not null,
  published_at timestamptz not null default now(),
  primary key (entity_id, content_hash, producer)
);
create index published_by_user on enrich.published (user_id);

-- Purged items and erased users. Results go at once; tombstones are sent, and sent once more an hour later.
create table enrich.purges (
  subject_id uuid primary key,
  kind text not null check (kind in ('entity', 'user')),
  user_id uuid not null,
  -- times that tombstones were sent; done at 2
  passes smallint not null default 0,
  due_at timestamptz not null default now(),
  requested_at timestamptz not null default now()
);
create index purges_due on enrich.purges (due_at) where passes < 2;
create index purges_of_users on enrich.purges (user_id) where kind = 'user';
