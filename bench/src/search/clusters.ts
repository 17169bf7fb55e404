import { vectorDimensions } from '@synap/ai'

/** Points that lie in clusters, as what a person writes lies in topics: vectors drawn evenly would mislead. */
export interface Clusters {
  /** A point of length 1 near one of the centres. */
  draw(): Float32Array
}

/** How far a point lies from its centre, as a share of the length of both: cosine within a cluster is about 0.6. */
const spread = 0.8

export function createClusters(count: number, random: () => number): Clusters {
  const direction = () =>
    unit(Float32Array.from({ length: vectorDimensions }, () => random() + random() + random() - 1.5))
  const centres = Array.from({ length: count }, direction)
  // Noise is picked from a pool and turned round at a random place: drawing each anew would take minutes.
  const pool = Array.from({ length: 512 }, direction)
  const pick = (list: readonly Float32Array[]) => list[Math.floor(random() * list.length)] as Float32Array
  return {
    draw() {
      const [centre, first, second] = [pick(centres), pick(pool), pick(pool)]
      const shift = Math.floor(random() * vectorDimensions)
      const scale = spread * Math.SQRT1_2
      return unit(
        centre.map((value, place) => {
          const one = first[(place + shift) % vectorDimensions] ?? 0
          const other = second[(place * 5 + shift) % vectorDimensions] ?? 0
          return value + scale * (one + other)
        }),
      )
    },
  }
}

function unit(values: Float32Array): Float32Array {
  let square = 0
  for (const value of values) square += value * value
  const scale = 1 / Math.sqrt(square)
  return values.map((value) => value * scale)
}

/** The places of the `count` points with the greatest dot product, the greatest first: every point is looked at. */
export function nearestOf(points: readonly Float32Array[], question: Float32Array, count: number): number[] {
  const best: { place: number; likeness: number }[] = []
  for (const [place, point] of points.entries()) {
    let likeness = 0
    for (let at = 0; at < point.length; at += 1) likeness += (point[at] as number) * (question[at] as number)
    if (best.length === count && likeness <= (best.at(-1)?.likeness ?? 0)) continue
    best.push({ place, likeness })
    best.sort((a, b) => b.likeness - a.likeness)
    if (best.length > count) best.pop()
  }
  return best.map(({ place }) => place)
}
