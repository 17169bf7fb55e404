import { type Pool, toTimestamptz } from '@synap/postgres'
import { run } from './run.ts'

export interface UpkeepPlace {
  topic_id: number
  topic: string
  partition: number
  config: Record<string, string>
}

/** Every partition, with the settings of its topic. */
export function findUpkeepPlaces(pool: Pool, signal: AbortSignal): Promise<UpkeepPlace[]> {
  const text = `
    select t.id as topic_id, t.name as topic, p.partition, t.config
      from local.topics t
      join local.partitions p on p.topic_id = t.id
     order by t.id, p.partition`
  return run(pool, 'find topics', { text, values: [] }, signal)
}

/** What a call of the deleting functions may take: `before` in milliseconds since 1970, `keepFrom` an offset. */
export interface Removal {
  before: number
  /** Records from here on are still wanted; null = nobody reads. */
  keepFrom: bigint | null
  limit: number
}

/** How many records it took. */
export async function expireRecords(
  pool: Pool,
  place: UpkeepPlace,
  removal: Removal,
  signal: AbortSignal,
): Promise<number> {
  const text = `select local.expire($1::int, $2::int, $3::timestamptz, $4::bigint, $5::int) as count`
  return await count(pool, 'expire records', text, removalValues(place, removal), signal)
}

/** How many records it has still to look at. */
export async function compactRecords(
  pool: Pool,
  place: UpkeepPlace,
  limit: number,
  signal: AbortSignal,
): Promise<number> {
  const text = `select local.compact($1::int, $2::int, $3::int) as count`
  return await count(pool, 'compact records', text, [place.topic_id, place.partition, limit], signal)
}

/** How many tombstones it took. */
export async function buryTombstones(
  pool: Pool,
  place: UpkeepPlace,
  removal: Removal,
  signal: AbortSignal,
): Promise<number> {
  const text = `select local.bury($1::int, $2::int, $3::timestamptz, $4::bigint, $5::int) as count`
  return await count(pool, 'bury tombstones', text, removalValues(place, removal), signal)
}

function removalValues(place: UpkeepPlace, { before, keepFrom, limit }: Removal) {
  return [place.topic_id, place.partition, toTimestamptz(before), keepFrom?.toString() ?? null, limit]
}

async function count(
  pool: Pool,
  doing: string,
  text: string,
  values: readonly (string | number | null)[],
  signal: AbortSignal,
): Promise<number> {
  const [row] = await run<{ count: number }>(pool, doing, { text, values }, signal)
  return row?.count ?? 0
}
