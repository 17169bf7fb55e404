import { type Client, query } from '@synap/postgres'
import { idsOf } from '../ids-of.ts'
import { type ByBoth, depthOf, type SearchQuestion } from '../search-question.ts'
import { allowedEntities } from './allowed-entities.ts'
import { conditionsOf, type Parameter } from './list-entities.ts'
import { isLiving, lookUp } from './look-up.ts'
import { queryPlannedAnew } from './planned-anew.ts'

/** An entity that the words of a question are in. */
export interface Match {
  entity_id: string
  /** Place in the order by words, from 1. */
  place: number
  /** Words that were looked for in place of unknown ones, between spaces. */
  corrected: string | null
}

/** Matches by words that are ranked. */
const rankedMatches = 250

/**
 * The best matches by words, in order; none when nobody asked for words. The owner's function finds and ranks them, so that the
 * index on words serves under row security. A filter narrows them before anything is cut off.
 */
export async function findMatches(
  client: Client,
  schema: string,
  question: SearchQuestion,
): Promise<Match[]> {
  if (question.text === null) return []
  const values: unknown[] = []
  const parameter: Parameter = (value, type) => `$${values.push(value)}::${type}`
  const text = parameter(question.text, 'text')
  const configs = parameter(question.configs, 'text[]')
  const depth = parameter(depthOf(question), 'int')
  const limit = parameter(question.vector === null ? question.limit : depthOf(question), 'int')
  const conditions = conditionsOf(schema, question.filter, parameter)
  const filtered = conditions.length > 0
  const allowed = filtered ? `(select coalesce(array_agg(entity_id), '{}') from allowed)` : 'null'
  return (filtered ? queryPlannedAnew<Match> : query<Match>)(client, {
    ...(filtered ? {} : { name: `${schema}.find_matches` }),
    text: `
      with ${filtered ? `allowed as materialized (${allowedEntities(schema, conditions)}),` : ''}
      matches as materialized (
        select m.entity_id, m.corrected, row_number() over (order by m.rank desc, m.entity_id desc)::int as place
        from ${schema}.match_words(${text}, ${configs}, ${allowed}, ${rankedMatches}) as m
        order by place limit ${depth}
      )
      select t.entity_id, t.place, t.corrected from matches as t 
      ${lookUp(schema, 'entities', 'there', `there.entity_id = t.entity_id and ${isLiving('there')}`)}
      order by t.place limit ${limit}`,
    values,
  })
}

/** Matches of which only the first were looked up. */
export interface UncheckedMatches {
  matches: Match[]
  /** Those that were looked up and are there. */
  there: ReadonlySet<string>
}

/**
 * The same with no filter, and with a look at the first `checked` only: to look at each takes a good part of the time, and of the others
 * some may be deleted. Who asks looks up those of them that he shows.
 */
export async function findUncheckedMatches(
  client: Client,
  schema: string,
  { text, configs }: Pick<ByBoth, 'text' | 'configs'>,
  { depth, checked }: { depth: number; checked: number },
): Promise<UncheckedMatches> {
  const [found] = await query<{ ids: Buffer | null; corrected: string | null; there: string | null }>(
    client,
    {
      name: `${schema}.find_unchecked_matches`,
      text: `
      select string_agg(uuid_send(m.entity_id), '' order by m.place) as ids, max(m.corrected) as corrected,
        string_agg(case when e.is_there then '1' else '0' end, '' order by m.place) as there
      from (
        select m.entity_id, m.corrected, row_number() over (order by m.rank desc, m.entity_id desc)::int as place
        from ${schema}.match_words($1::text, $2::text[], null, ${rankedMatches}) as m
        order by place limit $3::int
      ) as m
      left ${lookUp(schema, 'entities', 'e', `m.place <= $4::int and e.entity_id = m.entity_id and ${isLiving('e')}`, 'true as is_there')}`,
      values: [text, configs, depth, checked],
    },
  )
  const ids = idsOf(found?.ids ?? Buffer.alloc(0))
  const corrected = found?.corrected ?? null
  return {
    matches: ids.map((entity_id, at) => ({ entity_id, place: at + 1, corrected })),
    there: new Set(ids.slice(0, checked).filter((_, at) => found?.there?.[at] === '1')),
  }
}
