import type { DerivedPlace } from '@synap/contracts'
import { chosenModelProducer } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'

/** Work on many items that a person asked for and that is not over. */
export interface Enrichment {
  enrichmentId: string
  userId: UserId
  kind: 'embed' | 'analyse'
  model: string
  state: 'asked' | 'building' | 'switching' | 'cleaning' | 'cancelling'
  /** Items up to here have their jobs; null: from the first. */
  cursor: string | null
}

export type EndState = 'done' | 'cancelled' | 'refused'

const over = `('done', 'cancelled', 'refused')`

/** One whose next turn is due, taken for `leaseMs`; undefined when there is none. */
export async function takeEnrichment(client: Client, leaseMs: number): Promise<Enrichment | undefined> {
  const [row] = await query<Enrichment>(client, {
    name: 'enrich.take_enrichment',
    text: `update enrich.enrichments e set due_at = now() + $1::float8 * interval '1 millisecond'
           from (select enrichment_id from enrich.enrichments where state not in ${over} and due_at <= now()
                 order by due_at limit 1 for update skip locked) due
           where e.enrichment_id = due.enrichment_id
           returning e.enrichment_id as "enrichmentId", e.user_id as "userId", e.kind, e.model, e.state, e.cursor`,
    values: [leaseMs],
  })
  return row
}

/** Holds it until the end of the transaction; undefined when it is in another state by now. */
export async function holdEnrichment(client: Client, { enrichmentId, state }: Enrichment): Promise<boolean> {
  const rows = await query(client, {
    name: 'enrich.hold_enrichment',
    text: 'select 1 from enrich.enrichments where enrichment_id = $1::uuid and state = $2::text for update',
    values: [enrichmentId, state],
  })
  return rows.length === 1
}

/** Goes on to another state, whose first turn is due at once. */
export async function moveEnrichment(
  client: Client,
  { enrichmentId, state }: Enrichment,
  to: Enrichment['state'],
): Promise<void> {
  await execute(client, {
    name: 'enrich.move_enrichment',
    text: `update enrich.enrichments set state = $3::text, reason = null, due_at = now(),
             started_at = case when $3::text = 'building' then now() else started_at end,
             switched_at = case when $3::text = 'cleaning' then now() else switched_at end
           where enrichment_id = $1::uuid and state = $2::text`,
    values: [enrichmentId, state, to],
  })
}

/** Leaves it where it is, for the reason given, until the next turn. */
export async function postponeEnrichment(
  client: Client,
  { enrichmentId, state }: Enrichment,
  delayMs: number,
  reason: string | null,
): Promise<void> {
  await execute(client, {
    name: 'enrich.postpone_enrichment',
    text: `update enrich.enrichments set reason = $3::text, due_at = now() + $4::float8 * interval '1 millisecond'
           where enrichment_id = $1::uuid and state = $2::text`,
    values: [enrichmentId, state, reason, delayMs],
  })
}

/** Ends it; what it came to is kept with it. */
export async function endEnrichment(
  client: Client,
  { enrichmentId, state }: Enrichment,
  to: EndState,
  reason: string | null,
): Promise<void> {
  await execute(client, {
    name: 'enrich.end_enrichment',
    text: `update enrich.enrichments set state = $3::text, reason = $4::text, finished_at = now()
           where enrichment_id = $1::uuid and state = $2::text`,
    values: [enrichmentId, state, to, reason],
  })
}

export interface JobCounts {
  open: number
  done: number
  failed: number
}

export async function countJobs(client: Client, { enrichmentId }: Enrichment): Promise<JobCounts> {
  const [row] = await query<JobCounts>(client, {
    name: 'enrich.count_jobs_of_enrichment',
    text: `select count(*) filter (where state = 'open') as open, count(*) filter (where state = 'done') as done,
             count(*) filter (where state = 'failed') as failed
           from enrich.jobs where enrichment_id = $1::uuid`,
    values: [enrichmentId],
  })
  return row ?? { open: 0, done: 0, failed: 0 }
}

/** Keeps what the jobs came to. */
export async function noteCounts(
  client: Client,
  { enrichmentId }: Enrichment,
  { done, failed }: JobCounts,
): Promise<void> {
  await execute(client, {
    name: 'enrich.note_counts',
    text: 'update enrich.enrichments set done = $2::int, failed = $3::int where enrichment_id = $1::uuid',
    values: [enrichmentId, done, failed],
  })
}

/** Ends its jobs that nobody works on just now; answers how many are left. */
export async function cancelItsJobs(client: Client, { enrichmentId }: Enrichment): Promise<number> {
  await execute(client, {
    name: 'enrich.cancel_its_jobs',
    text: `update enrich.jobs set state = 'cancelled', outcome = 'enrichment_cancelled', finished_at = now()
           where enrichment_id = $1::uuid and state = 'open' and (lease_until is null or lease_until <= now())`,
    values: [enrichmentId],
  })
  return countOpenJobsOf(client, { enrichmentId })
}

/** Its jobs that are not over. */
export async function countOpenJobsOf(
  client: Client,
  { enrichmentId }: Pick<Enrichment, 'enrichmentId'>,
): Promise<number> {
  const [row] = await query<{ open: number }>(client, {
    name: 'enrich.count_open_of_enrichment',
    text: `select count(*) as open from enrich.jobs where enrichment_id = $1::uuid and state = 'open'`,
    values: [enrichmentId],
  })
  return row?.open ?? 0
}

/** A user's keys of vectors by every model but one, or by that one alone; at most `most` results with all their blocks. */
export async function findVectorPlaces(
  client: Client,
  userId: UserId,
  { producer, isKept, most }: { producer: string; isKept: boolean; most: number },
): Promise<DerivedPlace[]> {
  return query<DerivedPlace>(client, {
    name: `enrich.find_vector_places_${isKept}`,
    text: `select p.user_id as "userId", p.entity_id as "entityId", p.content_hash as "contentHash", p.producer, b.block
           from (select * from enrich.published
                 where user_id = $1::uuid and producer not like 'extract@%' and producer <> $3::text
                   and (producer = $2::text) <> ${isKept} order by entity_id limit $4::int) p
           cross join lateral generate_series(0, p.block_count - 1) as b (block)`,
    values: [userId, producer, chosenModelProducer, most],
  })
}

/** Forgets keys whose tombstones were sent. */
export async function deletePublished(client: Client, places: readonly DerivedPlace[]): Promise<void> {
  await execute(client, {
    name: 'enrich.delete_published_places',
    text: `delete from enrich.published p
           using unnest($1::uuid[], $2::text[], $3::text[]) as g (entity_id, content_hash, producer)
           where p.entity_id = g.entity_id and p.content_hash = g.content_hash and p.producer = g.producer`,
    values: [
      places.map(({ entityId }) => entityId),
      places.map(({ contentHash }) => contentHash),
      places.map(({ producer }) => producer),
    ],
  })
}

/** Open jobs of a user that make vectors of other models than this. */
export async function countOtherEmbeds(client: Client, userId: UserId, model: string): Promise<number> {
  const [row] = await query<{ jobs: number }>(client, {
    name: 'enrich.count_other_embeds',
    text: `select count(*) as jobs from enrich.jobs where user_id = $1::uuid and state = 'open' and embed_model <> $2::text`,
    values: [userId, model],
  })
  return row?.jobs ?? 0
}

/** Behind every id: there is nothing more to go through. */
export const behindAll = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

export async function moveCursor(
  client: Client,
  { enrichmentId }: Enrichment,
  cursor: string,
): Promise<void> {
  await execute(client, {
    name: 'enrich.move_cursor',
    text: 'update enrich.enrichments set cursor = $2::uuid where enrichment_id = $1::uuid',
    values: [enrichmentId, cursor],
  })
}
