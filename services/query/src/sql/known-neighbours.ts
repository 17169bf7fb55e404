import { type Client, query, toHalfvec, toUuids } from '@synap/postgres'
import type { Seen } from './added-vectors.ts'
import type { Neighbour } from './find-neighbours.ts'
import type { CommonFilter } from './list-entities.ts'
import { isLiving } from './look-up.ts'
import { passes, valuesOf } from './passes.ts'
import { writtenOnce } from './written-once.ts'

/** Vectors that came since candidates were chosen are all compared, when there are no more than so many. */
export const mostAdded = 1_000

export interface KnownCandidates {
  vector: { values: Float32Array; model: string }
  /** Entities that may be near, 16 bytes each, in the order in which they are looked at. */
  ids: Uint8Array
  /** What had been seen when they were chosen. */
  since: Seen
  /** Undefined: all are wanted. */
  filter: CommonFilter | undefined
  /** So many that are there and pass the filter end the look at the candidates. */
  enough: number
}

export interface KnownNeighbours {
  /** The nearest first; of two as near, the newer. */
  neighbours: Neighbour[]
  /** Vectors that came after the candidates were chosen, and were compared besides; at most one more than `mostAdded`. */
  added: number
  /** Candidates that were looked at, the first so many, and those among them that are there and pass the filter. */
  checked: number
  kept: number
  /** Entities that are there and pass the filter, with a vector or without. */
  there: ReadonlySet<string>
}

/**
 * The nearest of some entities, and of those with vectors that came since. Each is looked up: its current content, whether it is
 * there and the filter keeps it, and only then the distance. One plan fits all values, and all filters: nothing but the
 * candidates is ever looked at.
 */
export async function findKnownNeighbours(
  client: Client,
  schema: string,
  known: KnownCandidates,
): Promise<KnownNeighbours> {
  const { vector, ids, since, filter, enough } = known
  const isRunning = since.running.length > 0
  const values = [
    toHalfvec(vector.values),
    vector.model,
    toUuids(ids),
    enough,
    since.next,
    ...(isRunning ? [since.running] : []),
    ...(filter === undefined ? [] : valuesOf(filter)),
  ]
  const name = `${schema}.find_known${isRunning ? '_running' : ''}${filter === undefined ? '' : '_filtered'}`
  const text = writtenOnce(name, () => writeText({ schema, isRunning, isFiltered: filter !== undefined }))
  const rows = await query<KnownRow>(client, { name, text, values })
  return summed(rows, { given: ids.length / 16, enough })
}

export interface KnownRow {
  /** Place among the candidates, from 1; null: its vector came since. */
  place: number | null
  /** An entity whose vectors came since, and how many. */
  added_id: string | null
  added: number | null
  /** Null: not there, or not wanted. */
  entity_id: string | null
  /** Null: its current content has no vector. */
  chunk: number | null
  distance: number | null
}

interface Shape {
  schema: string
  isRunning: boolean
  isFiltered: boolean
}

/** One by one, in the order of the candidates: see `lookUp`. */
function writeText({ schema, isRunning, isFiltered }: Shape): string {
  let count = 0
  const parameter = (type: string) => `$${(count += 1)}::${type}`
  const distance = `v.embedding operator(public.<=>) ${parameter('public.halfvec')}`
  const [model, ids, enough, next] = ['text', 'uuid[]', 'int', 'xid8'].map(parameter)
  const running = isRunning ? parameter('xid8[]') : undefined
  const conditions = isFiltered ? passes(schema, parameter) : ''
  const vectors = `${schema}.entity_vectors as v where v.model = ${model}`
  // In the order of the index, from it alone: with plans for all values, reading the whole table would look cheaper.
  const cameSince = (condition: string) =>
    `(select v.entity_id from ${vectors} and ${condition} order by v.added_in limit ${mostAdded + 1})`
  const current = (of: string) => `
    left join lateral (
      select v.chunk, v.embedding from ${schema}.own_entity_vectors as v where v.model = ${model} and v.entity_id = ${of}.entity_id
        and v.content_sha256 = ${of}.subject_sha256 offset 0
    ) as v on true`
  const entity = (of: string) => `
    select e.entity_id, e.subject_sha256 from ${schema}.own_entities as e
    where e.entity_id = ${of}.entity_id and ${isLiving('e')} ${conditions} offset 0`
  return `
    select known.place::int, null as added_id, null as added, known.entity_id, v.chunk, ${distance} as distance
    from (
      select c.place, e.entity_id, e.subject_sha256
      from unnest(${ids}) with ordinality as c(entity_id, place) cross join lateral (${entity('c')}) as e
      limit ${enough}
    ) as known ${current('known')}
    union all
    select null, a.entity_id, a.added, e.entity_id, v.chunk, ${distance}
    from (
      select one.entity_id, count(*)::int as added from (
        ${cameSince(`v.added_in >= ${next}`)}
        ${running === undefined ? '' : `union all ${cameSince(`v.added_in = any (${running})`)}`}
      ) as one group by one.entity_id
    ) as a
    left join lateral (${entity('a')}) as e on true ${current('e')}`
}

/** What the rows say together. */
export function summed(
  rows: readonly KnownRow[],
  { given, enough }: { given: number; enough: number },
): KnownNeighbours {
  const best = new Map<string, Neighbour>()
  const added = new Map<string, number>()
  const there = new Set<string>()
  let [kept, checked] = [0, 0]
  let isInOrder = true
  for (const { place, entity_id, chunk, distance, ...since } of rows) {
    if (place === null) added.set(since.added_id ?? '', since.added ?? 0)
    else if (place !== checked) {
      kept += 1
      if (place < checked) isInOrder = false
      checked = place
    }
    if (entity_id !== null) there.add(entity_id)
    if (entity_id === null || chunk === null || distance === null) continue
    const other = best.get(entity_id)
    const isNearer =
      other === undefined || distance < other.distance || (distance === other.distance && chunk < other.chunk)
    if (isNearer) best.set(entity_id, { entity_id, chunk, distance })
  }
  // Not looked at in order, nothing is known of those that were left out.
  if (kept >= enough && !isInOrder) checked = 0
  return {
    neighbours: [...best.values()].sort(byDistance),
    added: [...added.values()].reduce((sum, count) => sum + count, 0),
    checked: kept < enough ? given : checked,
    kept,
    there,
  }
}

/** The nearest first; of two as near, the newer. */
export function byDistance(a: Pick<Neighbour, 'entity_id' | 'distance'>, b: typeof a): number {
  if (a.distance !== b.distance) return a.distance - b.distance
  return a.entity_id < b.entity_id ? 1 : -1
}
