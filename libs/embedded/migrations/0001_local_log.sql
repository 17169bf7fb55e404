-- The embedded log: topics, partitions, offsets and consumer groups, in place of a Kafka cluster.

create table local.topics (
  id int generated always as identity primary key,
  name text not null unique,
  partitions int not null check (partitions > 0),
  -- Broker settings as Kafka names them, values as text. Those that have no meaning here are kept and ignored.
  config jsonb not null
);

-- The row of a partition is what publishers take turns on. Its number is the order in which several are locked.
create table local.partitions (
  topic_id int not null references local.topics,
  partition int not null,
  -- The oldest offset that may still be there, and the one that the next record gets.
  low bigint not null default 0,
  high bigint not null default 0,
  -- Below it no key occurs twice (compacted topics).
  cleaned bigint not null default 0,
  primary key (topic_id, partition)
) with (fillfactor = 50);

create table local.records (
  topic_id int not null,
  partition int not null,
  record_offset bigint not null,
  published_at timestamptz not null,
  -- What a batch counts: key, value and headers.
  bytes int not null,
  compact boolean not null,
  key bytea not null,
  -- Not jsonb: a header may hold any character, also U+0000.
  headers json not null,
  value bytea,
  primary key (topic_id, partition, record_offset)
);

create index records_by_key on local.records (topic_id, partition, md5(key), record_offset) where compact;
create index tombstones on local.records (topic_id, partition, record_offset) where compact and value is null;

-- Hints for lag displays: a consumer's real position lies where its effects lie.
create table local.group_offsets (
  group_id text not null,
  topic_id int not null references local.topics,
  partition int not null,
  committed bigint not null,
  updated_at timestamptz not null default now(),
  primary key (group_id, topic_id, partition)
) with (fillfactor = 50);

-- Appends records in the order given and answers with the new ends of the partitions they went to. The offsets are
-- given out while the partitions are locked, so those who read see no hole: lower offsets were committed before.
create function local.append(
  in_topic text,
  in_partitions int[],
  in_keys text[],
  in_values text[],
  in_headers json
) returns table (partition_number int, end_offset bigint)
language plpgsql set search_path = '' as $$
declare
  found_id int;
  is_compact boolean;
  locked int;
  -- One time per call, taken under the lock: the times of a partition's records do not run backwards.
  published timestamptz;
begin
  select t.id, coalesce(t.config ->> 'cleanup.policy', 'delete') = 'compact'
    into found_id, is_compact
    from local.topics t
   where t.name = in_topic;

  perform
    from local.partitions p
   where p.topic_id = found_id and p.partition = any (in_partitions)
   order by p.partition
     for update;
  get diagnostics locked = row_count;
  if locked <> (select count(distinct n) from unnest(in_partitions) as n) then
    raise exception 'no such topic or partition';
  end if;
  published := clock_timestamp();

  insert into local.records
         (topic_id, partition, record_offset, published_at, bytes, compact, key, headers, value)
  select found_id, i.partition, p.high + i.rank - 1, published,
         octet_length(i.key) + coalesce(octet_length(i.value), 0) + octet_length(i.headers::text),
         is_compact, i.key, i.headers, i.value
    from (select r.partition, decode(r.key, 'base64') as key, decode(r.value, 'base64') as value, r.headers,
                 row_number() over (partition by r.partition order by r.place) as rank
            from rows from (unnest(in_partitions), unnest(in_keys), unnest(in_values),
                            json_array_elements(in_headers))
                 with ordinality as r (partition, key, value, headers, place)) i
    join local.partitions p on p.topic_id = found_id and p.partition = i.partition;

  return query
    update local.partitions p
       set high = p.high + n.count
      from (select i as partition, count(*) as count from unnest(in_partitions) as i group by i) n
     where p.topic_id = found_id and p.partition = n.partition
    returning p.partition, p.high;
end
$$;

-- Takes away records older than a time, at most some, and none from an offset on that a consumer still wants.
-- Answers how many it took.
create function local.expire(
  in_topic_id int,
  in_partition int,
  in_before timestamptz,
  in_keep_from bigint,
  in_limit int
) returns bigint
language plpgsql set search_path = '' as $$
declare
  head local.partitions;
  new_low bigint;
begin
  select * into head from local.partitions p
   where p.topic_id = in_topic_id and p.partition = in_partition
     for update;
  -- Times do not run backwards, so the first young record ends the search.
  select coalesce((select r.record_offset from local.records r
                    where r.topic_id = in_topic_id and r.partition = in_partition
                      and r.record_offset >= head.low and r.published_at >= in_before
                    order by r.record_offset
                    limit 1), head.high) into new_low;
  new_low := least(new_low, coalesce(in_keep_from, new_low), head.low + in_limit);
  if new_low <= head.low then return 0; end if;
  delete from local.records r
   where r.topic_id = in_topic_id and r.partition = in_partition and r.record_offset < new_low;
  update local.partitions p set low = new_low
   where p.topic_id = in_topic_id and p.partition = in_partition;
  return new_low - head.low;
end
$$;

-- Looks at some records that came since the last time, and takes away whatever an equal key made obsolete. Answers how
-- many records are still to be looked at. Offsets stay as they are: what is gone leaves a hole.
create function local.compact(in_topic_id int, in_partition int, in_limit int) returns bigint
language plpgsql set search_path = '' as $$
declare
  head local.partitions;
  upto bigint;
begin
  select * into head from local.partitions p
   where p.topic_id = in_topic_id and p.partition = in_partition;
  upto := least(head.high, head.cleaned + in_limit);
  if upto <= head.cleaned then return 0; end if;
  delete from local.records old
   using (select md5(r.key) as hash, r.key, max(r.record_offset) as newest
            from local.records r
           where r.topic_id = in_topic_id and r.partition = in_partition
             and r.record_offset >= head.cleaned and r.record_offset < upto
           group by r.key) fresh
   where old.compact and old.topic_id = in_topic_id and old.partition = in_partition
     and md5(old.key) = fresh.hash and old.key = fresh.key and old.record_offset < fresh.newest;
  update local.partitions p set cleaned = upto
   where p.topic_id = in_topic_id and p.partition = in_partition;
  return head.high - upto;
end
$$;

-- Takes away tombstones older than a time whose keys hold nothing else. Answers how many it took.
create function local.bury(
  in_topic_id int,
  in_partition int,
  in_before timestamptz,
  in_keep_from bigint,
  in_limit int
) returns bigint
language plpgsql set search_path = '' as $$
declare
  taken bigint;
begin
  delete from local.records r
   where (r.topic_id, r.partition, r.record_offset) in (
           select t.topic_id, t.partition, t.record_offset
             from local.records t
             join local.partitions p on p.topic_id = t.topic_id and p.partition = t.partition
            where t.compact and t.value is null
              and t.topic_id = in_topic_id and t.partition = in_partition
              and t.record_offset < least(p.cleaned, coalesce(in_keep_from, p.cleaned))
              and t.published_at < in_before
            order by t.record_offset
            limit in_limit);
  get diagnostics taken = row_count;
  return taken;
end
$$;
