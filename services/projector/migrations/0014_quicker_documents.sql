-- The same documents for a third of the work: a rebuild makes one for every item there is.

-- In the form whose body is read once, so that the planner can put it in its caller's place.
create or replace function read_v1.text_config(language text) returns text
language sql immutable parallel safe return case lower(split_part(language, '-', 1))
  when 'ar' then 'arabic' when 'hy' then 'armenian' when 'eu' then 'basque' when 'ca' then 'catalan'
  when 'da' then 'danish' when 'nl' then 'dutch' when 'en' then 'english' when 'fi' then 'finnish'
  when 'fr' then 'french' when 'de' then 'german' when 'el' then 'greek' when 'hi' then 'hindi'
  when 'hu' then 'hungarian' when 'id' then 'indonesian' when 'ga' then 'irish' when 'it' then 'italian'
  when 'lt' then 'lithuanian' when 'ne' then 'nepali' when 'no' then 'norwegian' when 'nb' then 'norwegian'
  when 'pt' then 'portuguese' when 'ro' then 'romanian' when 'ru' then 'russian' when 'sr' then 'serbian'
  when 'es' then 'spanish' when 'sv' then 'swedish' when 'ta' then 'tamil' when 'tr' then 'turkish'
  when 'yi' then 'yiddish'
  else 'simple'
end;

-- A text unstemmed and stemmed; of one that is too long for a tsvector the beginning.
create or replace function read_v1.to_lexemes(config text, body text, weight "char") returns tsvector
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  part text := coalesce(body, '');
  lexed tsvector;
begin
  if part = '' then
    return '';
  end if;
  -- So few characters cannot come to too many bytes: no savepoint for them.
  if length(part) <= 20000 then
    if config = 'simple' then
      return setweight(to_tsvector('simple', part), weight);
    end if;
    return setweight(to_tsvector('simple', part) || to_tsvector(config::regconfig, part), weight);
  end if;
  loop
    begin
      lexed := setweight(to_tsvector('simple', part), weight);
      if config <> 'simple' then
        lexed := lexed || setweight(to_tsvector(config::regconfig, part), weight);
      end if;
      if pg_column_size(lexed) <= 900000 then
        return lexed;
      end if;
    exception when program_limit_exceeded then
      null;
    end;
    part := left(part, length(part) / 2);
  end loop;
end
$$;

-- Words of title and tags, and for each of those that typing errors are forgiven in the keys of `typo_keys`.
create or replace function read_v1.to_names(title text, tags text, configs text[]) returns tsvector
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  body text := concat_ws(' ', title, tags);
  lexed tsvector;
  config text;
  done text := 'simple';
begin
  if body = '' then
    return '';
  end if;
  lexed := to_tsvector('simple', body);
  foreach config in array configs loop
    continue when config in ('simple', done);
    lexed := lexed || to_tsvector(config::regconfig, body);
    done := config;
  end loop;
  return array_to_tsvector(array(
    select words.word from unnest(tsvector_to_array(lexed)) as words(word) where words.word <> ''
    union all
    select '~' || overlay(words.word placing '' from greatest(place, 1) for least(place, 1))
    from unnest(tsvector_to_array(lexed)) as words(word) cross join lateral generate_series(0, length(words.word)) as place
    where length(words.word) between 4 and 24 and words.word !~ '[0-9[:punct:]]'
  ));
end
$$;

-- As before; `offset 0` lets title and configuration be worked out once for each, not once for each time they are named.
create or replace function read_v1.make_documents(ids uuid[])
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
    offset 0
  ) as n
  cross join lateral (select coalesce(t.config, read_v1.text_config(e.language)) as config offset 0) as c
  where e.entity_id = any (ids) and e.deleted_at is null
  order by e.entity_id
$$;
