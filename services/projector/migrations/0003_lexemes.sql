-- From text to lexemes and from a question to a tsquery. Both sides use the same configurations, so they meet.

-- The text search configuration of a language (BCP 47); `simple` for what Postgres brings no dictionary for.
create function read_v1.text_config(language text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select case lower(split_part(language, '-', 1))
    when 'ar' then 'arabic' when 'hy' then 'armenian' when 'eu' then 'basque' when 'ca' then 'catalan'
    when 'da' then 'danish' when 'nl' then 'dutch' when 'en' then 'english' when 'fi' then 'finnish'
    when 'fr' then 'french' when 'de' then 'german' when 'el' then 'greek' when 'hi' then 'hindi'
    when 'hu' then 'hungarian' when 'id' then 'indonesian' when 'ga' then 'irish' when 'it' then 'italian'
    when 'lt' then 'lithuanian' when 'ne' then 'nepali' when 'no' then 'norwegian' when 'nb' then 'norwegian'
    when 'pt' then 'portuguese' when 'ro' then 'romanian' when 'ru' then 'russian' when 'sr' then 'serbian'
    when 'es' then 'spanish' when 'sv' then 'swedish' when 'ta' then 'tamil' when 'tr' then 'turkish'
    when 'yi' then 'yiddish'
    else 'simple'
  end
$$;

-- A tsvector holds at most 1 MB. A text whose words do not fit is halved until they do, with room left for title and
-- tags: its beginning is found by words, all of it by meaning.
create function read_v1.to_lexemes(config text, body text, weight "char") returns tsvector
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  part text := coalesce(body, '');
  lexed tsvector;
begin
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

-- What was asked, unstemmed and in every given configuration; the last word also as a prefix unless the question uses
-- an operator (quotes, a minus, or), which a prefix would undo. What is quoted is meant to the letter: no stems, no
-- stop words left out. Null when nothing is left to look for.
create function read_v1.to_question(question text, configs text[]) returns tsquery
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  config text;
  asked tsquery := websearch_to_tsquery('simple', question);
  other tsquery;
begin
  if numnode(asked) = 0 then
    return null;
  end if;
  if question like '%"%' then
    return asked;
  end if;
  if question !~* '(^|\s)-|\sor\s' then
    other := plainto_tsquery('simple', question);
    if numnode(other) > 0 then
      asked := asked || (other::text || ':*')::tsquery;
    end if;
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
