import type { UserId } from '@synap/core'
import { confirmFound } from './confirm-found.ts'
import type { Place } from './read-model.ts'
import { type Asker, type ByMeaning, depthOf, isFiltered, type SearchQuestion } from './search-question.ts'
import { findAllowedIds } from './sql/allowed-entities.ts'
import type { Neighbour } from './sql/find-neighbours.ts'
import { stateOf } from './sql/find-position.ts'
import { findKnownNeighbours, type KnownNeighbours, mostAdded } from './sql/known-neighbours.ts'
import type { Chosen } from './vectors/chosen.ts'
import { closeError } from './vectors/find-candidates.ts'
import type { VectorsOf } from './vectors/load-vectors.ts'
import { isWorthReading, mostKept } from './vectors/pass-shares.ts'
import { likenessError } from './vectors/rank.ts'
import type { CacheOutcome, FoundCandidates, VectorCache } from './vectors/vector-cache.ts'

/** Candidates besides those that are wanted, for some may be gone or of old content. */
export const spare = 10
/** Share of a filter's candidates before which none is left out: the others are to be had by the way. */
const sureShare = 0.6
/** Candidates that a filter is tried on at most: when more would be needed, those that pass are asked for. */
const mostCandidates = 2_000
/** Entities that pass a filter and are chosen among at most. */
const mostAllowed = 20_000
/** When fewer pass, they are sooner asked for than tried; unless they are many all the same. */
const smallShare = 0.2
const fewAllowed = 4_000
/** Of a filter that nothing is known of. */
const usualShare = 0.25

/** How one look at candidates ended; a word: it could not be, or left a doubt. */
type Tried = { neighbours: Neighbour[]; added: number } | Exclude<CacheOutcome, 'cached'>
/** Of all of the user's vectors, or of some whose entities all pass. */
type Try = (wanted: number, among?: Chosen) => Promise<Tried>

/** The nearest, from candidates in memory; undefined where these leave a doubt. */
export async function findByCandidates(
  place: Place,
  question: ByMeaning,
  asker: Asker,
): Promise<Neighbour[] | undefined> {
  const { client, schema } = place
  const { userId, vectors, cache } = asker
  const { values, model } = question.vector
  const of = { schema, userId, model }
  const filtered = isFiltered(question)
  const filter = filtered ? question.filter : undefined
  const leastLikeness = filtered ? null : question.leastLikeness
  const asked = filtered ? `${schema}/${userId}/${JSON.stringify(question.filter)}` : ''
  const tryOn: Try = async (wanted, among) => {
    const isNarrowed = filtered && among === undefined
    const sure = isNarrowed ? Math.ceil(wanted * sureShare) : wanted - spare + 2
    const found = cache.find(of, { values, wanted, sure, leastLikeness, among })
    if (found === undefined) return 'missing'
    const noteShare = ({ kept, checked }: Pick<KnownNeighbours, 'kept' | 'checked'>) => {
      if (isNarrowed) cache.shares.set(asked, (kept + 0.5) / (checked + 1))
    }
    if (found.isLevel && found.count === vectors) {
      const confirmed = await findConfirmed(place, question, { userId, cache, found, isNarrowed, noteShare })
      if (confirmed !== undefined) return confirmed
    }
    const known = { vector: question.vector, ids: found.ids, since: found.since, filter }
    const enough = enoughOf(question, found, isNarrowed)
    const looked = await findKnownNeighbours(client, schema, { ...known, enough })
    if (looked.added > mostAdded) return 'behind'
    noteShare(looked)
    if (!isCertain(looked, found, { limit: question.limit, enough })) return 'too few'
    return { neighbours: looked.neighbours.slice(0, depthOf(question)), added: looked.added }
  }
  const depth = depthOf(question)
  const passing = createPassing(place, question, { of, asked, cache, vectors })
  const tried = filtered
    ? await findFiltered(tryOn, { depth, vectors, shareOf: () => cache.shares.get(asked), passing })
    : await findAmong(tryOn, depth)
  const isFound = typeof tried !== 'string'
  cache.count(isFound ? 'cached' : tried)
  cache.told(of, { vectors, added: isFound ? tried.added : tried === 'behind' ? mostAdded : 0 })
  return isFound ? tried.neighbours : undefined
}

interface Confirming {
  userId: UserId
  cache: VectorCache
  found: FoundCandidates
  /** The filter has to be tried on them; else all pass, or the answer does not count. */
  isNarrowed: boolean
  noteShare: (looked: { kept: number; checked: number }) => void
}

/**
 * The nearest as memory tells, where it has exactly the vectors that the database has: of these nothing is looked at. Undefined: memory
 * has others.
 */
async function findConfirmed(
  place: Place,
  question: ByMeaning,
  { isNarrowed, noteShare, ...asker }: Confirming,
): Promise<Tried | undefined> {
  const { found } = asker
  const enough = enoughOf(question, found, isNarrowed)
  const filter = isNarrowed ? question.filter : undefined
  const confirmed = await confirmFound(place, question, { ...asker, filter, enough })
  if (confirmed === undefined) return undefined
  const { there, neighbours } = confirmed
  const kept = there.length
  const given = found.likenesses.length
  const looked = { neighbours, kept, checked: kept < enough ? given : (there.at(-1)?.place ?? -1) + 1 }
  noteShare(looked)
  if (!isCertain(looked, found, { limit: question.limit, enough })) return 'too few'
  return { neighbours: neighbours.slice(0, depthOf(question)), added: 0 }
}

/** Those that are wanted are among the nearest, but for some that are gone or of old content. */
async function findAmong(tryOn: Try, depth: number, among?: Chosen): Promise<Tried> {
  const tried = await tryOn(depth + spare, among)
  return tried === 'too few' ? tryOn((depth + spare) * 8, among) : tried
}

/** The user's vectors that a filter lets pass. */
interface Passing {
  /** As they were at some position, and whether that is where the read model is in this snapshot. */
  kept(): { vectors: Chosen; isCurrent: () => Promise<boolean> } | undefined
  /** Asks for them, and keeps them; undefined: they are too many, or not in memory. */
  find(): Promise<Chosen | undefined>
  /**
   * Asks where the read model is; what it answers counts the question there, once the filter has a share, and has them read behind it
   * where that has come to pay.
   */
  countQuestion(): Promise<() => void>
}

function createPassing(
  { client, schema, position }: Place,
  { filter }: ByMeaning,
  { of, asked, cache, vectors }: { of: VectorsOf; asked: string; cache: VectorCache; vectors: number },
): Passing {
  return {
    kept() {
      const choice = cache.choice(of, asked)
      if (choice === undefined || position === undefined) return undefined
      const isCurrent = async () => {
        const isSame = stateOf(await position()) === choice.position
        if (isSame) return true
        cache.dropChoice(asked)
        cache.shares.noteState(asked, undefined)
        return false
      }
      return { vectors: choice.vectors, isCurrent }
    },
    async find() {
      const [ids, at] = await Promise.all([findAllowedIds(client, schema, filter, mostAllowed), position?.()])
      if (ids === undefined) return undefined
      cache.shares.set(asked, ids.length / 16 / Math.max(1, vectors))
      return cache.choose(of, asked, { ids, position: at && stateOf(at) })
    },
    async countQuestion() {
      const at = await position?.()
      return () => {
        cache.shares.noteState(asked, at && stateOf(at))
        const passing = (cache.shares.get(asked) ?? 1) * vectors
        if (!isWorthReading(passing, cache.shares.timesIn(asked))) return
        cache.wantChoice(of, asked, { filter, most: mostKept })
        // What comes of it may be nothing, or soon be of other vectors: the next reading has to pay anew.
        cache.shares.noteState(asked, undefined)
      }
    },
  }
}

interface Filtered {
  depth: number
  /** Of the user. */
  vectors: number
  /** Share of the candidates that pass, as far as is known. */
  shareOf: () => number | undefined
  passing: Passing
}

/**
 * The nearest of those that are known to pass. Else tries the filter on the nearest of all, as many as it takes as far as is known;
 * where few pass, these are asked for, and the nearest chosen among them: far from the question all are about as near, and it
 * would take very many to find those that pass.
 */
async function findFiltered(tryOn: Try, { depth, vectors, shareOf, passing }: Filtered): Promise<Tried> {
  const kept = passing.kept()
  if (kept !== undefined) {
    // Asked in one message: what was found counts if both are of one position.
    const [tried, isCurrent] = await Promise.all([findAmong(tryOn, depth, kept.vectors), kept.isCurrent()])
    if (isCurrent) return tried
  }
  const share = () => shareOf() ?? usualShare
  const wanted = () => Math.ceil(((depth + spare) / share()) * 1.3)
  const isTried = () =>
    wanted() <= mostCandidates && (share() >= smallShare || share() * vectors > fewAllowed)
  for (let before = 0; isTried() && wanted() > before; ) {
    const isFirst = before === 0
    before = wanted()
    const [tried, note] = await Promise.all([tryOn(before), isFirst ? passing.countQuestion() : undefined])
    note?.()
    if (tried !== 'too few') return tried
  }
  const among = await passing.find()
  return among === undefined ? tryOn(mostCandidates) : findAmong(tryOn, depth, among)
}

/** Places that the look ends behind: where what follows is too unlike to come before the last that is wanted. */
function enoughOf(
  { text, limit }: SearchQuestion,
  { likenesses }: FoundCandidates,
  isNarrowed: boolean,
): number {
  if (text !== null) return depthOf({ text, limit })
  if (isNarrowed) return limit + 2
  const last = likenesses[limit - 1] ?? -Infinity
  let enough = limit + 2
  while (enough < limit + spare && (likenesses[enough] ?? -Infinity) > last - 2 * closeError) enough += 1
  return enough
}

/** True: nothing that was not looked at belongs into the answer's places by meaning. */
function isCertain(
  { neighbours, kept, checked }: Pick<KnownNeighbours, 'neighbours' | 'kept' | 'checked'>,
  found: FoundCandidates,
  { limit, enough }: { limit: number; enough: number },
): boolean {
  const { likenesses, beyond } = found
  const next = kept < enough ? beyond : (likenesses[checked] ?? beyond)
  return isNothingMissed(neighbours, { ...found, next }, limit)
}

/**
 * The same of an order, the nearest first: `next` is as like the question as anything can be that is not in it; null: nothing is
 * left.
 */
export function isNothingMissed(
  neighbours: readonly Pick<Neighbour, 'distance'>[],
  { likenesses, isCut, next }: Pick<FoundCandidates, 'likenesses' | 'isCut'> & { next: number | null },
  limit: number,
): boolean {
  if (next === null) return true
  const last = neighbours[limit - 1]
  if (last !== undefined) return 1 - last.distance >= next - likenessError
  if (!isCut) return false
  // Nothing in memory is like enough, and what came since was compared.
  if (likenesses.length === 0) return true
  // Fewer than are wanted are like enough; unless what they were held against is gone.
  const least = neighbours[0]?.distance
  return least !== undefined && 1 - least >= (likenesses[0] ?? 0) - likenessError
}
