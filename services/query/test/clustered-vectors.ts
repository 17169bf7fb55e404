import { type UserId, uuidv7 } from '@synap/core'
import { type CopyColumn, copyBinary, type Pool, transaction } from '@synap/postgres'

const dimensions = 1_536
const atOnce = 200
const columns: readonly CopyColumn[] = [
  { name: 'entity_id', type: 'uuid' },
  { name: 'content_sha256', type: 'text' },
  { name: 'producer', type: 'text' },
  { name: 'block', type: 'int4' },
  { name: 'chunk', type: 'int4' },
  { name: 'user_id', type: 'uuid' },
  { name: 'model', type: 'text' },
  { name: 'char_start', type: 'int4' },
  { name: 'char_end', type: 'int4' },
  { name: 'embedding', type: 'halfvec' },
]

/** Draws points of length 1 that lie in clusters, the same ones each time; vectors drawn evenly would mislead. */
export function createPoints(clusters: number): () => Float32Array {
  let state = 1
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32 - 0.5
  }
  const noise = () => Float32Array.from({ length: dimensions }, () => random() + random())
  const centres = Array.from({ length: clusters }, noise)
  let drawn = 0
  return () => {
    const centre = centres[drawn++ % clusters] as Float32Array
    const point = noise().map((value, place) => 0.8 * value + (centre[place] as number))
    const length = Math.hypot(...point)
    return new Float32Array(new Float16Array(point.map((value) => value / length)))
  }
}

/** A user's entities with one vector each, as the projector writes them; their ids, in the order of the points. */
export async function seedPoints(
  pool: Pool,
  userId: UserId,
  model: string,
  points: readonly Float32Array[],
): Promise<string[]> {
  const ids = points.map(() => uuidv7())
  // Each has to be linked into the index, and a statement has its time: on a machine with other work as well.
  for (let from = 0; from < points.length; from += atOnce) {
    const rows = points
      .slice(from, from + atOnce)
      .map((point, place) => [ids[from + place], 'h', 'p', 0, 0, userId, model, 0, 1, point])
    await transaction(pool, { role: 'synap_projector' }, (client) =>
      copyBinary(client, 'read_v1.entity_vectors', columns, rows),
    )
  }
  return ids
}

/** The places of the nearest, the nearest first: every point is looked at. */
export function nearestPoints(
  points: readonly Float32Array[],
  question: Float32Array,
  count: number,
): number[] {
  const likenesses = points.map((point, place) => {
    let likeness = 0
    for (let at = 0; at < dimensions; at += 1) likeness += (point[at] as number) * (question[at] as number)
    return { place, likeness }
  })
  return likenesses
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, count)
    .map(({ place }) => place)
}
