-- Search by words: a question is understood word by word, what matches is found before the best of it are ranked, and a word
-- with a typing error is found in titles and tags.

-- Words of title and tags, unstemmed and stemmed, without places; and for each word the keys of `typo_keys`.
alter table read_v1.entity_lexemes add column names tsvector not null default '';

-- Keys under which a word meets those that are one typing error away, a letter too many, missing, wrong, or two swapped:
-- itself, and what is left of it without one letter (symmetric deletes, W. Garbe, "SymSpell", 2012). `~` keeps them apart
-- from words.
create function read_v1.typo_keys(word text) returns text[]
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select array_agg(distinct '~' || overlay(word placing '' from greatest(place, 1) for least(place, 1)))
  from generate_series(0, length(word)) as place
$$;

-- Words of title and tags that typing errors are forgiven in have from 4 to 24 letters and no digit.
create function read_v1.to_names(title text, tags text, configs text[]) returns tsvector
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  with words as materialized (
    select distinct lexed.word
    from unnest(array['simple'] || configs) as c(config),
      unnest(tsvector_to_array(to_tsvector(c.config::regconfig, concat_ws(' ', title, tags)))) as lexed(word)
    where lexed.word <> ''
  )
  select coalesce(array_to_tsvector(array_agg(entry)), '') from (
    select word as entry from words
    union
    select unnest(read_v1.typo_keys(word)) from words where length(word) between 4 and 24 and word !~ '[0-9[:punct:]]'
  ) as entries
$$;

-- The searchable documents of these entities: title, tags, and the text of the current content (or the preview until it
-- is extracted). Title, tags and a text that the preview holds whole are also read in English: no detector is sure of so
-- few words, and English is what is in most of them besides. (Not in the language that the user has set: a document depends
-- on its entity alone, whatever changes elsewhere and in whichever order.)
create function read_v1.make_documents(ids uuid[])
returns table (entity_id uuid, user_id uuid, config text, lexemes tsvector, names tsvector)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select e.entity_id, e.user_id, c.config,
    read_v1.to_lexemes(c.config, n.title, 'A') || read_v1.to_lexemes(c.config, g.names, 'B')
      || case when c.config = 'english' then '' else setweight(to_tsvector('english', coalesce(n.title, '')), 'A')
        || setweight(to_tsvector('english', coalesce(g.names, '')), 'B')
        || case when length(e.preview) < 200 then setweight(to_tsvector('english', e.preview), 'C') else '' end end
      || coalesce(t.lexemes, read_v1.to_lexemes(c.config, e.preview, 'C')),
    read_v1.to_names(n.title, g.names, array[c.config, 'english'])
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
  ) as n
  cross join lateral (select coalesce(t.config, read_v1.text_config(e.language)) as config) as c
  where e.entity_id = any (ids) and e.deleted_at is null
  order by e.entity_id
$$;

insert into read_v1.entity_lexemes as l (entity_id, user_id, config, lexemes, names)
select * from read_v1.make_documents((select array_agg(entities.entity_id) from read_v1.entities))
on conflict (entity_id) do update set config = excluded.config, lexemes = excluded.lexemes, names = excluded.names;

drop index read_v1.entity_lexemes_by_word;
create index entity_lexemes_by_word on read_v1.entity_lexemes using gin (user_id, lexemes, names);

-- The words of a question, each with all that it may mean: unstemmed, and its stem in every given configuration; the last
-- one also as a beginning. `stops`: the configurations in which it says nothing. Of what has hyphens the parts are asked
-- for.
create function read_v1.question_words(question text, configs text[])
returns table (place bigint, word text, asked tsquery, stops text[])
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  token record;
  stemmed tsquery;
  config text;
begin
  for token in
    select tokens.token, tokens.nth, tokens.nth = max(tokens.nth) over () as is_last
    from ts_parse('default', question) with ordinality as tokens (tokid, token, nth)
    where tokens.tokid not in (12, 13, 14, 15, 16, 17, 23) order by tokens.nth
  loop
    asked := plainto_tsquery('simple', token.token);
    continue when numnode(asked) = 0;
    if token.is_last and numnode(asked) = 1 then
      asked := (asked::text || ':*')::tsquery;
    end if;
    stops := '{}';
    foreach config in array configs loop
      continue when config = 'simple';
      stemmed := plainto_tsquery(config::regconfig, token.token);
      if numnode(stemmed) = 0 then
        stops := stops || config;
      elsif position(stemmed::text in asked::text) = 0 then
        asked := asked || stemmed;
      end if;
    end loop;
    place := token.nth;
    word := lower(token.token);
    return next;
  end loop;
end
$$;

-- All of these words, less those that say nothing in a configuration: for one configuration or another.
create function read_v1.all_words(words tsquery[], stops text[][], configs text[]) returns tsquery
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  config text;
  part tsquery;
  whole tsquery;
  seen text[] := '{}';
begin
  foreach config in array array['simple'] || configs loop
    part := null;
    for nth in 1 .. coalesce(cardinality(words), 0) loop
      continue when position(' ' || config || ' ' in stops[nth][1]) > 0;
      part := case when part is null then words[nth] else part && words[nth] end;
    end loop;
    continue when part is null or part::text = any (seen);
    seen := seen || part::text;
    whole := case when whole is null then part else whole || part end;
  end loop;
  return whole;
end
$$;

-- What was asked, as one tsquery: all of its words. With an operator (quotes, a minus, or) it is taken to the letter of
-- that operator, and what is quoted without stems. Null when nothing is left to look for.
create or replace function read_v1.to_question(question text, configs text[]) returns tsquery
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  config text;
  asked tsquery;
  other tsquery;
begin
  if question !~* '"|(^|\s)-|\sor\s' then
    return (
      select read_v1.all_words(
        array_agg(w.asked order by w.place),
        array_agg(array[' ' || array_to_string(w.stops, ' ') || ' '] order by w.place), configs)
      from read_v1.question_words(question, configs) as w
    );
  end if;
  asked := websearch_to_tsquery('simple', question);
  if numnode(asked) = 0 then
    return null;
  end if;
  if question like '%"%' then
    return asked;
  end if;
  foreach config in array configs loop
    if config <> 'simple' then
      other := websearch_to_tsquery(config::regconfig, question);
      if numnode(other) > 0 and other::text <> asked::text then
        asked := asked || other;
      end if;
    end if;
  end loop;
  return asked;
end
$$;

create function read_v1.quote_lexeme(lexeme text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select '''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || ''''
$$;

-- Words of the user's titles and tags that are one typing error away, eight at most. Each turn looks for a document that
-- has such a word and none of those found, so that very many documents with one of them hide no other.
create function read_v1.near_words(word text) returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  keys text[] := read_v1.typo_keys(word);
  asked tsquery;
  held tsvector;
  more text[];
  near text[] := '{}';
begin
  if length(word) not between 3 and 25 or word ~ '[0-9[:punct:]]' then
    return near;
  end if;
  asked := (select string_agg(read_v1.quote_lexeme(key), ' | ') from unnest(keys) as key)::tsquery;
  while cardinality(near) < 8 loop
    held := (select l.names from read_v1.entity_lexemes as l where l.user_id = me and l.names @@ asked limit 1);
    more := (
      select array_agg(w) from unnest(tsvector_to_array(held)) as w
      where w not like '~%' and length(w) >= 4 and read_v1.typo_keys(w) && keys
    );
    exit when more is null;
    near := near || more;
    asked := asked && !! (select string_agg(read_v1.quote_lexeme(w), ' | ') from unnest(more) as w)::tsquery;
  end loop;
  return near;
end
$$;

-- Documents that match one tsquery, the best first by `ts_rank_cd`. `allowed`: among these entities only, null = all. Of
-- more than `cap` matches those with the words in title or tags are ranked, and of the others the newest (ids are UUIDv7):
-- ranking reads every word of a document.
create function read_v1.rank_matches(me uuid, asked tsquery, allowed uuid[], cap integer)
returns table (entity_id uuid, rank real)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with matches as materialized (
    select l.entity_id, l.names @@ asked as named
    from read_v1.entity_lexemes as l where l.user_id = me and l.lexemes @@ asked
  ), kept as materialized (
    select m.* from matches as m where allowed is null
    union all
    select m.* from unnest(allowed) as a (id) join matches as m on m.entity_id = a.id
  ), chosen as materialized (
    select k.entity_id from kept as k order by k.named desc, k.entity_id desc limit cap
  )
  select c.entity_id, ts_rank_cd('{0.1, 0.2, 0.6, 1.0}', l.lexemes, asked, 1)
  from chosen as c join read_v1.entity_lexemes as l using (entity_id)
$$;

-- The same for documents with some of the words: each word counts the more, the fewer documents have it, and who has less
-- than half of what the best has is left out.
create function read_v1.rank_some_words(me uuid, words tsquery[], allowed uuid[], cap integer)
returns table (entity_id uuid, rank real)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with hits as materialized (
    select w.nth, l.entity_id
    from unnest(words) with ordinality as w (asked, nth)
    join read_v1.entity_lexemes as l on l.user_id = me and l.lexemes @@ w.asked
  ), worth as (
    select h.nth, ln(1 + (select count(distinct hits.entity_id) from hits)::float8 / count(*)) as weight
    from hits as h group by h.nth
  ), kept as (
    select h.entity_id, sum(worth.weight) as total from hits as h join worth using (nth)
    where allowed is null or h.entity_id in (select unnest(allowed)) group by h.entity_id
  ), best as (
    select k.*, max(k.total) over () as most from kept as k
  )
  select b.entity_id, b.total::real from best as b where b.total >= b.most / 2
  order by b.total desc, b.entity_id desc limit cap
$$;

-- The documents of the user that answer a question by words, ranked: those with all words; where there is none, with
-- unknown words read as the words of titles and tags that are one typing error away (`corrected` names these); where there
-- is none either, those with some of the words. `@@` is not leakproof, so under row security the index on words could never
-- serve it; here the filter on the user stands inside.
create function read_v1.match_words(question text, configs text[], allowed uuid[], cap integer)
returns table (entity_id uuid, rank real, corrected text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  me uuid := nullif(current_setting('synap.user_id', true), '')::uuid;
  top integer := least(greatest(cap, 0), 5000);
  asked tsquery := read_v1.to_question(question, configs);
  words tsquery[];
  stops text[][];
  telling tsquery[];
  near text[];
  all_near text[] := '{}';
  one record;
begin
  if asked is null then
    return;
  end if;
  return query select m.entity_id, m.rank, null::text from read_v1.rank_matches(me, asked, allowed, top) as m;
  if found or question ~* '"|(^|\s)-|\sor\s' then
    return;
  end if;
  for one in select * from read_v1.question_words(question, configs) loop
    if one.stops = '{}' and not exists (
      select from read_v1.entity_lexemes as l where l.user_id = me and l.lexemes @@ one.asked
    ) then
      near := read_v1.near_words(one.word);
      all_near := all_near || near;
      if near <> '{}' then
        one.asked := (select string_agg(read_v1.quote_lexeme(w), ' | ') from unnest(near) as w)::tsquery;
      end if;
    end if;
    words := array_append(words, one.asked);
    stops := stops || array[array[' ' || array_to_string(one.stops, ' ') || ' ']];
    if one.stops = '{}' then
      telling := array_append(telling, one.asked);
    end if;
  end loop;
  if all_near <> '{}' then
    return query select m.entity_id, m.rank, array_to_string(all_near, ' ')
      from read_v1.rank_matches(me, read_v1.all_words(words, stops, configs), allowed, top) as m;
    if found then
      return;
    end if;
  end if;
  return query select m.entity_id, m.rank, nullif(array_to_string(all_near, ' '), '')
    from read_v1.rank_some_words(me, telling, allowed, top) as m;
end
$$;

drop function read_v1.match_text(tsquery, integer);

revoke all on function read_v1.typo_keys(text), read_v1.to_names(text, text, text[]),
  read_v1.make_documents(uuid[]), read_v1.question_words(text, text[]), read_v1.all_words(tsquery[], text[], text[]),
  read_v1.quote_lexeme(text), read_v1.near_words(text), read_v1.rank_matches(uuid, tsquery, uuid[], integer),
  read_v1.rank_some_words(uuid, tsquery[], uuid[], integer), read_v1.match_words(text, text[], uuid[], integer)
from public;
grant execute on function read_v1.question_words(text, text[]), read_v1.all_words(tsquery[], text[], text[]),
  read_v1.match_words(text, text[], uuid[], integer)
to synap_query;
