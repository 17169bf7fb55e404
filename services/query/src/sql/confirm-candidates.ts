import type { UserId } from '@synap/core'
import { type Client, query, toUuids } from '@synap/postgres'
import { contentLetters } from '../vectors/packed-vectors.ts'
import type { Seen } from './added-vectors.ts'
import type { CommonFilter } from './list-entities.ts'
import { isLiving, lookUp } from './look-up.ts'
import { passes, valuesOf } from './passes.ts'
import { writtenOnce } from './written-once.ts'

export interface CandidatesToConfirm {
  userId: UserId
  model: string
  /** Entities, 16 bytes each, in the order in which they are looked at. */
  ids: Uint8Array
  /** What had been seen when they were chosen. */
  since: Seen
  /** Undefined: all are wanted. */
  filter?: CommonFilter | undefined
  /** So many that are there and pass the filter end the look at them. */
  enough: number
}

export interface Confirmed {
  /** Of those that are there and pass: their place, from 0, and the first letters of their content's hash. */
  entities: readonly { place: number; content: string }[]
  /** The user's vectors of the model; none came since when `hasMore` is false. */
  vectors: number
  hasMore: boolean
}

interface ConfirmedRow {
  /** Place from 1 and content of each, `:` between them, a comma behind each. */
  known: string | null
  vectors: number | null
  has_more: boolean
}

/**
 * Which of some entities are there and pass a filter, with what content, and whether all of the user's vectors had been seen when they were chosen.
 * Where none came since and there are as many as had been seen, these are the same, and no vector has to be looked at.
 */
export async function confirmCandidates(
  client: Client,
  schema: string,
  { userId, model, ids, since, filter, enough }: CandidatesToConfirm,
): Promise<Confirmed> {
  const isRunning = since.running.length > 0
  const values = [
    model,
    toUuids(ids),
    enough,
    since.next,
    userId,
    ...(isRunning ? [since.running] : []),
    ...(filter === undefined ? [] : valuesOf(filter)),
  ]
  const name = `${schema}.confirm_candidates${isRunning ? '_running' : ''}${filter === undefined ? '' : '_filtered'}`
  const text = writtenOnce(name, () => writeText(schema, { isRunning, isFiltered: filter !== undefined }))
  const [row] = await query<ConfirmedRow>(client, { name, text, values })
  return {
    entities: row?.known ? row.known.split(',').map(toEntity) : [],
    vectors: row?.vectors ?? 0,
    hasMore: row?.has_more !== false,
  }
}

function toEntity(known: string): Confirmed['entities'][number] {
  const colon = known.indexOf(':')
  return { place: Number(known.slice(0, colon)) - 1, content: known.slice(colon + 1) }
}

/** In the order of the index, from it alone: with plans for all values, reading the whole table would look cheaper. */
function writeText(
  schema: string,
  { isRunning, isFiltered }: Record<'isRunning' | 'isFiltered', boolean>,
): string {
  let count = isRunning ? 6 : 5
  const conditions = isFiltered ? passes(schema, (type) => `$${(count += 1)}::${type}`) : ''
  const cameSince = (condition: string) => `
    (select v.added_in from ${schema}.entity_vectors as v where v.model = $1::text and ${condition}
     order by v.added_in limit 1) is not null`
  return `
    select
      (select m.vectors from ${schema}.user_models as m where m.user_id = $5::uuid and m.model = $1::text) as vectors,
      ${cameSince('v.added_in >= $4::xid8')} ${isRunning ? `or ${cameSince('v.added_in = any ($6::xid8[])')}` : ''} as has_more,
      (select string_agg(place || ':' || coalesce(left(subject_sha256, ${contentLetters}), ''), ',') from (
        select c.place, e.subject_sha256 from unnest($2::uuid[]) with ordinality as c(entity_id, place)
        ${lookUp(schema, 'entities', 'e', `e.entity_id = c.entity_id and ${isLiving('e')} ${conditions}`, 'e.subject_sha256')}
        limit $3::int
      ) as there) as known`
}
