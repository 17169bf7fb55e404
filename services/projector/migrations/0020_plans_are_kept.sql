-- The same, by plans that a connection keeps: a function in SQL that cannot be a part of its statement is planned at each call. Of
-- one title planning its document took four times as long as making it, more than all other statements of its transaction;
-- and each read with a position planned two functions.

create or replace function read_v1.make_documents(ids uuid[])
returns table (entity_id uuid, user_id uuid, config text, lexemes tsvector, names tsvector)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
  select e.entity_id, e.user_id, c.config,
    setweight(w.title, 'A') || setweight(w.tags, 'B') || setweight(w.english_title, 'A') || setweight(w.english_tags, 'B')
      || case when c.config <> 'english' and length(e.preview) < 200 then setweight(to_tsvector('english', e.preview), 'C') else '' end
      || case
        when t.lexemes is not null then t.lexemes
        when e.preview is null or e.preview = '' then ''
        -- So few characters cannot come to too many bytes.
        when length(e.preview) > 20000 then read_v1.to_lexemes(c.config, e.preview, 'C')
        when c.config = 'simple' then setweight(to_tsvector('simple', e.preview), 'C')
        else setweight(to_tsvector('simple', e.preview) || to_tsvector(c.dictionary, e.preview), 'C')
      end,
    case
      -- Only markup is a word over a blank: it might begin in the title and end in the tags.
      when strpos(n.title, '<') > 0 then read_v1.to_names(n.title, g.names, array[c.config, 'english'])
      else array_to_tsvector(array(
        select words.word from unnest(w.names) as words(word) where words.word <> ''
        union all
        select '~' || overlay(words.word placing '' from greatest(place, 1) for least(place, 1))
        from unnest(w.names) as words(word) cross join lateral generate_series(0, length(words.word)) as place
        where length(words.word) between 4 and 24 and words.word !~ '[0-9[:punct:]]'
      ))
    end
  from read_v1.entities as e
  left join lateral (
    select texts.config, texts.lexemes from read_v1.entity_texts as texts
    where texts.entity_id = e.entity_id and texts.content_sha256 = e.subject_sha256
      and texts.user_id = e.user_id and texts.block = 0
    -- of two extractions that of the newer program counts, whichever came first: any order of records gives the same
    order by substring(texts.producer from '@([0-9]{1,9})$')::int desc nulls last, texts.producer desc limit 1
  ) as t on true
  left join lateral (
    select string_agg(tags.name, ' ' order by tags.name) as names
    from read_v1.entity_tags join read_v1.tags using (tag_id) where entity_tags.entity_id = e.entity_id
  ) as g on true
  -- To the parser a file name is one word: its parts are words too.
  cross join lateral (
    select concat_ws(' ', e.title, case when e.title ~ '\w[._/-]\w' then translate(e.title, '._/-', '    ') end) as title
    offset 0
  ) as n
  cross join lateral (
    select named.config, named.config::regconfig as dictionary
    from (select coalesce(t.config, read_v1.text_config(e.language)) as config offset 0) as named
    offset 0
  ) as c
  -- Each text is parsed once for each configuration: the words of a name are those of its title and tags.
  cross join lateral (
    select l.*, tsvector_to_array(l.title || l.tags || l.english_title || l.english_tags) as names
    from (
      select
        case when c.config = 'simple' then to_tsvector('simple', n.title)
          else to_tsvector('simple', n.title) || to_tsvector(c.dictionary, n.title) end as title,
        case when g.names is null then '' when c.config = 'simple' then to_tsvector('simple', g.names)
          else to_tsvector('simple', g.names) || to_tsvector(c.dictionary, g.names) end as tags,
        case when c.config = 'english' then '' else to_tsvector('english', n.title) end as english_title,
        case when c.config = 'english' or g.names is null then '' else to_tsvector('english', g.names) end as english_tags
      offset 0
    ) as l
    offset 0
  ) as w
  where e.entity_id = any (ids) and e.deleted_at is null
  order by e.entity_id;
end
$$;

-- What makes it one plan for any users is said here: one that knows how many there are looks cheaper each time.
create or replace function read_v1.positions_of(users uuid[])
returns table (user_id uuid, seen bigint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query select p.user_id, p.seen from read_v1.user_positions p where p.user_id = any (users);
end
$$;

create or replace function read_v1.parked_of_user()
returns table (sequence bigint, aggregate_id uuid, reason text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
  select parked.sequence, parked.aggregate_id, parked.reason from read_v1.parked
  where parked.user_id = nullif(current_setting('synap.user_id', true), '')::uuid and parked.slot
    and parked.state in ('open', 'retry')
  order by parked.sequence;
end
$$;
