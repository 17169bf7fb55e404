import { type Client, query } from '@synap/postgres'

/** A passage to mark the words of a question in. */
export interface Passage {
  /** Text search configuration of its language. */
  config: string
  text: string
}

/** Private-use characters around each hit: no text that a person writes holds them, and they are taken out below. */
const begin = '\u{e000}'
const end = '\u{e001}'
const markers = `StartSel=${begin}, StopSel=${end}`
/** A passage of so many characters is shown whole: a fragment would begin at its first hit. */
const shortPassage = 240

/**
 * Fragments of each passage with the question's words between U+E000 and U+E001, parted by U+E002; an empty text when a
 * passage has none of them. Computed by Postgres, so that stems are found as the search finds them; nothing is stored.
 */
export async function markWords(
  client: Client,
  schema: string,
  question: string,
  passages: readonly Passage[],
): Promise<string[]> {
  const rows = await query<{ marked: string }>(client, {
    name: `${schema}.mark_words`,
    text: `
      select coalesce(stemmed.marked, literal.marked, '') as marked
      from unnest($2::text[], $3::text[]) with ordinality as p(config, body, place)
      cross join lateral (
        select replace(${schema}.to_question($1::text, array[p.config])::text, '&', '|')::tsquery as question
      ) as loose
      cross join lateral (
        select case when length(p.body) <= $6::int then $5::text else $4::text end as options
      ) as shown
      left join lateral (
        select ts_headline(p.config::regconfig, p.body, loose.question, shown.options) as marked
        where strpos($1::text, '"') = 0 and to_tsvector(p.config::regconfig, p.body) @@ loose.question offset 0
      ) as stemmed on strpos(stemmed.marked, $7::text) > 0
      -- What is quoted is asked for without stems, and what says nothing in a language may be asked for too.
      left join lateral (
        select ts_headline('simple', p.body, loose.question, shown.options) as marked
        where stemmed.marked is null and to_tsvector('simple', p.body) @@ loose.question offset 0
      ) as literal on strpos(literal.marked, $7::text) > 0
      order by p.place`,
    values: [
      question,
      passages.map((passage) => passage.config),
      passages.map((passage) => withoutMarks(passage.text)),
      `${markers}, FragmentDelimiter=\u{e002}, MaxFragments=2, MaxWords=24, MinWords=8`,
      `${markers}, HighlightAll=true`,
      shortPassage,
      begin,
    ],
  })
  return rows.map((row) => row.marked)
}

/** Text that holds none of the three characters, nor NUL, which Postgres refuses. */
export function withoutMarks(text: string): string {
  return text.replace(/[\0\u{e000}-\u{e002}]/gu, ' ')
}
