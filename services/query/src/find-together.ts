import { uuidToBytes } from '@synap/core'
import { sent } from '@synap/postgres'
import { spare } from './find-by-candidates.ts'
import type { SearchRow } from './fuse-hits.ts'
import { decide, presumedOf, worthALook } from './presumed-hits.ts'
import type { Place } from './read-model.ts'
import { type Asker, type ByBoth, depthOf, isFiltered } from './search-question.ts'
import { findUncheckedMatches } from './sql/find-matches.ts'
import { findKnownNeighbours, mostAdded } from './sql/known-neighbours.ts'

/**
 * The best hits by words and by meaning, where the user's vectors are in memory and nothing filters: only those are looked up
 * that would be the best if all were there that the words find and that memory has. Undefined where this leaves a doubt.
 */
export async function findTogether(
  { client, schema }: Place,
  question: ByBoth,
  { userId, vectors, cache }: Asker,
): Promise<SearchRow[] | undefined> {
  const { vector, limit, leastLikeness } = question
  const of = { schema, userId, model: vector.model }
  if (isFiltered(question) || !cache.holds(of)) return undefined
  const depth = depthOf(question)
  const presume = async () => {
    await sent()
    const { values } = vector
    const found = cache.find(of, { values, wanted: depth + spare, sure: depth + 2, leastLikeness })
    return found && { ...presumedOf(found), since: found.since }
  }
  const [matches, presumed] = await Promise.all([
    findUncheckedMatches(client, schema, question, depth),
    presume(),
  ])
  if (presumed === undefined) return undefined
  const asked = worthALook(matches, presumed, limit)
  const ids = Buffer.concat(asked.map(uuidToBytes))
  const known = { vector, ids, since: presumed.since, filter: undefined, enough: asked.length }
  const looked = await findKnownNeighbours(client, schema, known)
  if (looked.added > mostAdded) return undefined
  const rows = decide({ matches, presumed, asked: new Set(asked), looked }, question)
  if (rows === undefined) return undefined
  cache.count('cached')
  cache.told(of, { vectors, added: looked.added })
  return rows
}
