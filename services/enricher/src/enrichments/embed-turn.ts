import { chosenModelPlace } from '@synap/contracts'
import { crashpoint, errorClass, SynapError, type UserId } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Client, Pool } from '@synap/postgres'
import { type ChosenModel, chosen } from '../chosen-model.ts'
import { inTransaction } from '../database.ts'
import type { Embedders } from '../embedders.ts'
import type { DerivedPublisher } from '../publish-derived.ts'
import { adoptEmbeddings, insertEmbedJobs } from '../sql/embed-jobs.ts'
import {
  behindAll,
  cancelItsJobs,
  countJobs,
  countOpenJobsOf,
  countOtherEmbeds,
  deletePublished,
  type Enrichment,
  endEnrichment,
  findVectorPlaces,
  holdEnrichment,
  type JobCounts,
  moveCursor,
  moveEnrichment,
  noteCounts,
  postponeEnrichment,
} from '../sql/enrichments.ts'
import { upsertPublished } from '../sql/results.ts'
import { holdUserModel, lockUserModel, updateUserModel } from '../sql/user-models.ts'

export interface TurnOptions {
  pool: Pool
  logger: Logger
  embedders: Embedders
  derived: DerivedPublisher
}

/** Open jobs of one enrichment: enough for every hand, few enough to be stopped soon. */
const window = 200
const idleMs = 250
const troubleMs = 15_000
/** Results whose tombstones go out in one turn. */
const buriedAtOnce = 500

/**
 * The next turn of a switch to another model's vectors. Every state can be taken up by any process: what a turn does is
 * either one transaction, or is sent again with the same effect.
 */
export async function takeEmbedTurn(
  options: TurnOptions,
  work: Enrichment,
  signal: AbortSignal,
): Promise<void> {
  switch (work.state) {
    case 'asked':
      return begin(options, work, signal)
    case 'building':
      return build(options, work)
    case 'switching':
      return publishChoice(options, work, signal)
    case 'cleaning':
      return clean(options, work, signal)
    case 'cancelling':
      return cancel(options, work, signal)
  }
}

/** Tries the model with one word, so that one that cannot be used is refused before an item was touched. */
async function begin({ embedders, ...options }: TurnOptions, work: Enrichment, signal: AbortSignal) {
  const { pool, derived, logger } = options
  try {
    await embedders.of(work.model).embed(['synap'], signal)
  } catch (error) {
    signal.throwIfAborted()
    const kind = errorClass(error)
    if (kind === 'bug') throw error
    const code = error instanceof SynapError ? error.code : 'unknown'
    logger.warn({ enrichmentId: work.enrichmentId, code }, 'a model was tried and cannot be used')
    await inTransaction(pool, (client) =>
      kind === 'dependency'
        ? postponeEnrichment(client, work, troubleMs, code)
        : endEnrichment(client, work, 'refused', code),
    )
    return
  }
  const target = chosen(embedders.of(work.model))
  // Said before the first new vector is there: until the switch the number of vectors decides nothing.
  const own = await inTransaction(pool, (client) => holdUserModel(client, work.userId, target))
  await tellChoice({ pool, derived }, work.userId, own, signal)
  await inTransaction(pool, (client) => moveEnrichment(client, work, 'building'))
}

async function build({ pool, logger, embedders }: TurnOptions, work: Enrichment) {
  const { enrichmentId, userId } = work
  const model = chosen(embedders.of(work.model))
  const wish = { userId, model, enrichmentId, entities: null }
  const isWorkedOff = await inTransaction(pool, async (client) => {
    if (!(await holdEnrichment(client, work))) return false
    const open = await countOpenJobsOf(client, work)
    const room = window - open
    const isMore = work.cursor !== behindAll
    if (isMore && room >= window / 2) {
      const made = await insertEmbedJobs(client, { ...wish, after: work.cursor, limit: room })
      await moveCursor(client, work, made.jobs < room ? behindAll : (made.last ?? behindAll))
    }
    if (!isMore && open === 0) return true
    await postponeEnrichment(client, work, idleMs, null)
    return false
  })
  if (!isWorkedOff) return
  crashpoint('enricher.before_switch')
  const switched = await inTransaction(pool, async (client) => {
    if (!(await holdEnrichment(client, work))) return false
    const own = await lockUserModel(client, userId)
    // Captured since: it was embedded by the old model, and has to be by the new one before that is searched.
    const { jobs } = await insertEmbedJobs(client, { ...wish, after: null, limit: window })
    if (jobs > 0) {
      await postponeEnrichment(client, work, idleMs, null)
      return false
    }
    const now = await countJobs(client, work)
    await noteCounts(client, work, now)
    if (own?.model !== model.model && hasFailed(now)) {
      await postponeEnrichment(client, work, troubleMs, 'too_many_failures')
      return false
    }
    await updateUserModel(client, userId, model)
    await adoptEmbeddings(client, { userId, model, enrichmentId })
    await moveEnrichment(client, work, 'switching')
    return true
  })
  if (switched)
    logger.info({ enrichmentId, userId, model: model.model }, 'a user is searched by another model')
}

/** More than one item in twenty, and more than one: better to be found by the old vectors than not at all. */
function hasFailed({ done, failed }: JobCounts): boolean {
  return (done === 0 && failed > 0) || (failed > 1 && failed * 20 > done + failed)
}

async function publishChoice(
  { pool, derived, embedders }: TurnOptions,
  work: Enrichment,
  signal: AbortSignal,
) {
  await tellChoice({ pool, derived }, work.userId, chosen(embedders.of(work.model)), signal)
  crashpoint('enricher.after_choice')
  await inTransaction(pool, (client) => moveEnrichment(client, work, 'cleaning'))
}

/** On the user's partition, so it comes after every vector it is about. */
async function tellChoice(
  { pool, derived }: Pick<TurnOptions, 'pool' | 'derived'>,
  userId: UserId,
  { model }: ChosenModel,
  signal: AbortSignal,
) {
  const place = chosenModelPlace(userId)
  await inTransaction(pool, (client) => upsertPublished(client, place, 1))
  await derived.publish([{ type: 'synap.derived.ModelChosen', ...place, blockCount: 1, model }], signal)
}

async function clean({ pool, derived, embedders }: TurnOptions, work: Enrichment, signal: AbortSignal) {
  const { model, producer } = chosen(embedders.of(work.model))
  const more = await bury({ pool, derived }, work, { producer, isKept: true }, signal)
  await inTransaction(pool, async (client) => {
    if (more) return postponeEnrichment(client, work, 0, null)
    if ((await countOtherEmbeds(client, work.userId, model)) > 0) {
      return postponeEnrichment(client, work, idleMs, null)
    }
    return endEnrichment(client, work, 'done', null)
  })
}

/** Takes back what was made so far; paid vectors are kept by the enricher, so another try does not pay for them again. */
async function cancel({ pool, derived, embedders }: TurnOptions, work: Enrichment, signal: AbortSignal) {
  const { producer } = chosen(embedders.of(work.model))
  const { left, isOwn } = await inTransaction(pool, async (client) => ({
    left: await cancelItsJobs(client, work),
    isOwn: (await lockUserModel(client, work.userId))?.producer === producer,
  }))
  const more = !isOwn && (await bury({ pool, derived }, work, { producer, isKept: false }, signal))
  await inTransaction(pool, async (client) => {
    if (more || left > 0) return postponeEnrichment(client, work, more ? 0 : idleMs, null)
    await noteCounts(client, work, await countJobs(client, work))
    return endEnrichment(client, work, 'cancelled', null)
  })
}

async function bury(
  { pool, derived }: Pick<TurnOptions, 'pool' | 'derived'>,
  { userId }: Enrichment,
  which: { producer: string; isKept: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  const find = (client: Client) => findVectorPlaces(client, userId, { ...which, most: buriedAtOnce })
  const places = await inTransaction(pool, find)
  if (places.length === 0) return false
  await derived.bury(places, signal)
  crashpoint('enricher.after_burial')
  await inTransaction(pool, (client) => deletePublished(client, places))
  return true
}
