/** Another item, by what it dwells on as this one does. `Term` is a stem, or what stands for one. */
export interface LikenessCandidate<Id, Term> {
  id: Id
  /** Terms that both dwell on. */
  shared: readonly Term[]
  /** Number of the other's terms in all. */
  size: number
}

export interface Likeness<Id, Term> {
  /** The likest first; likeness above 0, up to 1. */
  likest: { id: Id; likeness: number }[]
  /** Terms of this text that several others dwell on, and not so many that they tell nothing. */
  sharedTerms: Term[]
  /** Those that so many dwell on that they tell nothing. */
  commonTerms: Term[]
}

const leastLikeness = 0.12
const leastShared = 2
const fewestOthers = 2
/** A term of more than this share of all items is no topic. */
const commonShare = 0.1
/** With fewer items than this nothing can be called common. */
const smallCollection = 20

/**
 * How like other items are, by the terms they share. A term weighs the less the more items dwell on it; the sum of what is
 * shared is set against the geometric mean of what each of the two has. Pure: the same numbers for the same items, in
 * whatever order they come.
 *
 * @param own what this text dwells on (`keyTerms`), as stands in `candidates`.
 * @param items how many other items there are, those that share nothing included.
 */
export function likenessOf<Id extends string, Term extends string | number>(
  own: readonly Term[],
  candidates: readonly LikenessCandidate<Id, Term>[],
  items: number,
): Likeness<Id, Term> {
  const counts = new Map<Term, number>()
  for (const { shared } of candidates) {
    for (const term of shared) counts.set(term, (counts.get(term) ?? 0) + 1)
  }
  const weightOf = (term: Term) => 1 / (1 + Math.log1p(counts.get(term) ?? 0))
  const sum = (terms: readonly Term[]) => terms.reduce((total, term) => total + weightOf(term), 0)
  const whole = sum(own)
  const likest = candidates
    .filter(({ shared }) => shared.length >= Math.min(leastShared, own.length))
    .map(({ id, shared, size }) => {
      const common = sum(shared)
      return { id, likeness: common / Math.sqrt(whole * (common + size - shared.length)) }
    })
    .filter(({ likeness }) => likeness >= leastLikeness)
    .sort((a, b) => b.likeness - a.likeness || (a.id < b.id ? -1 : 1))
  const most = items < smallCollection ? items : items * commonShare
  const othersOf = (term: Term) => counts.get(term) ?? 0
  return {
    likest,
    sharedTerms: own.filter((term) => othersOf(term) >= fewestOthers && othersOf(term) <= most),
    commonTerms: own.filter((term) => othersOf(term) > most),
  }
}
