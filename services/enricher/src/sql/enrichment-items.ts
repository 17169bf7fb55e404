import type { EntityId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'
import type { Enrichment } from './enrichments.ts'

/**
 * Takes items that are to be asked for, and those whose asking was broken off (by a process that died), for this turn. What
 * is asked twice has one effect: the call has the same idempotency key.
 */
export async function takeItems(
  client: Client,
  { enrichmentId }: Enrichment,
  most: number,
): Promise<EntityId[]> {
  const rows = await query<{ entity_id: EntityId }>(client, {
    name: 'enrich.take_items',
    text: `update enrich.enrichment_items i set state = 'asking', updated_at = now()
           from (select entity_id from enrich.enrichment_items
                 where enrichment_id = $1::uuid and state in ('asking', 'waiting')
                 order by state, entity_id limit $2::int for update) taken
           where i.enrichment_id = $1::uuid and i.entity_id = taken.entity_id returning i.entity_id`,
    values: [enrichmentId, most],
  })
  return rows.map(({ entity_id: id }) => id)
}

/** What became of asking; an item that has its job already keeps that. */
export async function settleItem(
  client: Client,
  { enrichmentId }: Enrichment,
  entityId: EntityId,
  state: 'asked' | 'gone',
): Promise<void> {
  await execute(client, {
    name: 'enrich.settle_item',
    text: `update enrich.enrichment_items set state = $3::text, updated_at = now()
           where enrichment_id = $1::uuid and entity_id = $2::uuid and state = 'asking'`,
    values: [enrichmentId, entityId, state],
  })
}

export interface ItemCounts {
  waiting: number
  /** Asked for, and without a job yet. */
  coming: number
  gone: number
}

export async function countItems(client: Client, { enrichmentId }: Enrichment): Promise<ItemCounts> {
  const [row] = await query<ItemCounts>(client, {
    name: 'enrich.count_items',
    text: `select count(*) filter (where state = 'waiting') as waiting,
             count(*) filter (where state in ('asking', 'asked')) as coming,
             count(*) filter (where state = 'gone') as gone
           from enrich.enrichment_items where enrichment_id = $1::uuid and state <> 'made'`,
    values: [enrichmentId],
  })
  return row ?? { waiting: 0, coming: 0, gone: 0 }
}

/** Forgets what nobody has asked for yet. */
export async function dropItems(client: Client, { enrichmentId }: Enrichment): Promise<void> {
  await execute(client, {
    name: 'enrich.drop_items',
    text: `delete from enrich.enrichment_items where enrichment_id = $1::uuid and state = 'waiting'`,
    values: [enrichmentId],
  })
}

/**
 * Makes a run that an enrichment asked for a part of it: behind what was captured just now, and over at once when the
 * enrichment was cancelled meanwhile.
 *
 * @param jobId null: the content is not known here, so there is none.
 */
export async function adoptRun(client: Client, entityId: EntityId, jobId: string | null): Promise<void> {
  await execute(client, {
    name: 'enrich.adopt_run',
    text: `with item as (
             update enrich.enrichment_items i
             set state = case when $2::uuid is null then 'gone' else 'made' end, updated_at = now()
             from enrich.enrichments e
             where i.entity_id = $1::uuid and i.state in ('asking', 'asked') and e.enrichment_id = i.enrichment_id
             returning e.enrichment_id, e.state in ('cancelling', 'cancelled') as over
           )
           update enrich.jobs j set enrichment_id = item.enrichment_id, background = true,
             state = case when item.over then 'cancelled' else j.state end,
             outcome = case when item.over then 'enrichment_cancelled' else j.outcome end
           from item where j.job_id = $2::uuid and j.state = 'open'`,
    values: [entityId, jobId],
  })
}
