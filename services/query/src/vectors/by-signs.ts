import { vectorDimensions } from '@synap/ai'

export interface BySigns {
  /** Vectors, those with the fewest differing signs first. */
  order: Uint32Array
  /** Of each of them. */
  differences: Uint16Array
}

/** At least the `least` vectors with the fewest differing signs, all with as many as the last of them; or all there are. */
export function bySigns(differences: Uint16Array, least: number): BySigns {
  const starts = new Uint32Array(vectorDimensions + 2)
  for (let vector = 0; vector < differences.length; vector += 1) {
    const next = (differences[vector] as number) + 1
    starts[next] = (starts[next] as number) + 1
  }
  let last = 0
  while (last < vectorDimensions && (starts[last + 1] as number) + (starts[last] as number) < least) {
    last += 1
    starts[last] = (starts[last] as number) + (starts[last - 1] as number)
  }
  const count = (starts[last + 1] as number) + (starts[last] as number)
  const order = new Uint32Array(count)
  const sorted = new Uint16Array(count)
  for (let vector = 0; vector < differences.length; vector += 1) {
    const difference = differences[vector] as number
    if (difference > last) continue
    const place = starts[difference] as number
    starts[difference] = place + 1
    order[place] = vector
    sorted[place] = difference
  }
  return { order, differences: sorted }
}

/** For each number of differing signs: the cosine of the angle that is so much of a half turn, less three deviations. */
const likenesses = Float64Array.from({ length: vectorDimensions + 1 }, (_, difference) => {
  const share = difference / vectorDimensions
  const deviation = Math.sqrt(vectorDimensions * share * (1 - share))
  return Math.cos((Math.PI * Math.max(0, difference - 3 * deviation)) / vectorDimensions)
})

/** How like the question a vector may be at most, as far as chance goes, when so many of its signs differ. */
export const likenessAtMost = (difference: number): number => likenesses[difference] as number
