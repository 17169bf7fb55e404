import { uuidToBytes } from '@synap/core'
import { sent } from '@synap/postgres'
import { type ConfirmedFound, confirmFound } from './confirm-found.ts'
import { spare } from './find-by-candidates.ts'
import type { SearchRow } from './fuse-hits.ts'
import { decide, type Presumed, presumedOf, spareHits, worthALook } from './presumed-hits.ts'
import type { Place } from './read-model.ts'
import { type Asker, type ByBoth, depthOf, isFiltered } from './search-question.ts'
import { findUncheckedMatches, type Match, type UncheckedMatches } from './sql/find-matches.ts'
import { findKnownNeighbours, mostAdded } from './sql/known-neighbours.ts'
import type { FoundCandidates } from './vectors/vector-cache.ts'

/**
 * The best hits by words and by meaning, where the user's vectors are in memory and nothing filters. Where memory has exactly the
 * vectors that the read model has, what is near is confirmed while words are looked for; else only those are looked up that
 * would be the best if all were there that the words find and that memory has. Undefined where this leaves a doubt.
 */
export async function findTogether(
  place: Place,
  question: ByBoth,
  asker: Asker,
): Promise<SearchRow[] | undefined> {
  const of = { schema: place.schema, userId: asker.userId, model: question.vector.model }
  if (isFiltered(question) || !asker.cache.holds(of)) return undefined
  const [words, near] = await Promise.all([
    findUncheckedMatches(place.client, place.schema, question, {
      depth: depthOf(question),
      checked: question.limit + spareHits,
    }),
    findNear(place, question, asker),
  ])
  if (near === undefined) return undefined
  const { found, presumed, confirmed } = near
  if (confirmed === undefined)
    return lookUp(place, question, asker, { matches: words.matches, found, presumed })
  const rows = decideConfirmed(words, presumed, confirmed, question)
  if (rows === undefined) return undefined
  asker.cache.count('cached')
  asker.cache.told(of, { vectors: asker.vectors, added: 0 })
  return rows
}

interface Near {
  found: FoundCandidates
  presumed: Presumed
  /** Undefined: memory has other vectors than the read model. */
  confirmed: ConfirmedFound | undefined
}

/** What is near as memory has it, looked for while the database looks for words, and confirmed behind these. */
async function findNear(
  place: Place,
  question: ByBoth,
  { userId, vectors, cache }: Asker,
): Promise<Near | undefined> {
  const { vector, leastLikeness } = question
  const of = { schema: place.schema, userId, model: vector.model }
  const depth = depthOf(question)
  await sent()
  const { values } = vector
  const found = cache.find(of, { values, wanted: depth + spare, sure: depth + 2, leastLikeness })
  if (found === undefined) return undefined
  const presumed = presumedOf(found)
  if (!found.isLevel || found.count !== vectors) return { found, presumed, confirmed: undefined }
  const enough = presumed.neighbours.length
  const confirmed = await confirmFound(place, question, { userId, cache, found, enough })
  return { found, presumed, confirmed }
}

/** The same decision as of those that were looked up: all that is near was, and the first of those that words found. */
function decideConfirmed(
  { matches, there }: UncheckedMatches,
  presumed: Presumed,
  confirmed: ConfirmedFound,
  question: ByBoth,
): SearchRow[] | undefined {
  const checked = matches.slice(0, question.limit + spareHits)
  return decide(
    {
      matches,
      presumed,
      asked: new Set([...presumed.neighbours, ...checked].map(({ entity_id }) => entity_id)),
      looked: {
        neighbours: confirmed.neighbours,
        there: new Set([...confirmed.there.map(({ entity_id }) => entity_id), ...there]),
      },
    },
    question,
  )
}

/** Looks up those that may be shown, and with them what came since. */
async function lookUp(
  { client, schema }: Place,
  question: ByBoth,
  { userId, vectors, cache }: Asker,
  { matches, found, presumed }: Pick<Near, 'found' | 'presumed'> & { matches: readonly Match[] },
): Promise<SearchRow[] | undefined> {
  const { vector } = question
  const asked = worthALook(matches, presumed, question.limit)
  const ids = Buffer.concat(asked.map(uuidToBytes))
  const known = { vector, ids, since: found.since, filter: undefined, enough: asked.length }
  const looked = await findKnownNeighbours(client, schema, known)
  if (looked.added > mostAdded) return undefined
  const rows = decide({ matches, presumed, asked: new Set(asked), looked }, question)
  if (rows === undefined) return undefined
  cache.count('cached')
  cache.told({ schema, userId, model: vector.model }, { vectors, added: looked.added })
  return rows
}
