import { vectorDimensions } from '@synap/ai'

/** How many signs differ, up to which at least `least` of these are; or all. */
export function differenceOf(differences: Uint16Array, least: number): number {
  const counts = new Uint32Array(vectorDimensions + 1)
  for (let at = 0; at < differences.length; at += 1) {
    const difference = differences[at] as number
    counts[difference] = (counts[difference] as number) + 1
  }
  let [last, sum] = [0, counts[0] as number]
  while (last < vectorDimensions && sum < least) {
    last += 1
    sum += counts[last] as number
  }
  return last
}

let scratch = new Uint32Array(1_024)

/** The places of those with more differing signs than `above`, and no more than `upTo`. */
export function placesWithin(differences: Uint16Array, above: number, upTo: number): Uint32Array {
  if (scratch.length < differences.length) scratch = new Uint32Array(differences.length * 2)
  const places = scratch
  const width = upTo - above
  let count = 0
  // Each is written, and counted by a sign: a branch that nobody can foresee takes ten times as long.
  for (let at = 0; at < differences.length; at += 1) {
    const more = (differences[at] as number) - above - 1
    places[count] = at
    count += ((more - width) & ~more) >>> 31
  }
  return places.slice(0, count)
}

/** So far the number of differing signs may be off by chance: by more in one of 160 at the edge, and of the nearer fewer. */
const deviations = 2.5

/** For each number of differing signs: the cosine of the angle that is so much of a half turn, less what chance may do. */
const likenesses = Float64Array.from({ length: vectorDimensions + 1 }, (_, difference) => {
  const share = difference / vectorDimensions
  const deviation = Math.sqrt(vectorDimensions * share * (1 - share))
  return Math.cos((Math.PI * Math.max(0, difference - deviations * deviation)) / vectorDimensions)
})

/** With more differing signs than these, a vector is less like the question than so much, but for chance. */
export function differenceAt(likeness: number): number {
  let difference = vectorDimensions
  while (difference > 0 && (likenesses[difference] as number) < likeness) difference -= 1
  return difference
}
