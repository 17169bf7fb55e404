import type { SynapEvent } from '@synap/contracts'
import { assertNever } from '@synap/core'
import { awaitAtCommit, type Client } from '@synap/postgres'
import {
  aggregatesOf,
  type EventEffect,
  type Foldable,
  foldEvents,
  type OwnedEntity,
  type States,
  type Sweep,
  segmentsOf,
} from './fold-events.ts'
import { foldLate, type Merge, splitLate } from './fold-late.ts'
import { type KnownOfDocuments, replaceLexemes } from './replace-lexemes.ts'
import { updateUserModels } from './sql/derived-blocks.ts'
import { replaceEntityTags, upsertTaskDetails } from './sql/details.ts'
import { findEntityStates, upsertEntities } from './sql/entities.ts'
import { findBehind, findMergedTags, replaceMergedTags } from './sql/merged-tags.ts'
import { deleteEntities, eraseUser, insertPurgedEntities } from './sql/purge.ts'
import { findRelationStates, upsertRelations } from './sql/relations.ts'
import { upsertSettings } from './sql/settings.ts'
import { findEntitiesWithTags, mergeTag, upsertTagColors, upsertTagNames } from './sql/tags.ts'

/**
 * Applies events, in their order, to the read model in the caller's transaction: states are read once, folded in memory
 * and written once per table. The caller holds the positions of all users concerned, `for update`.
 */
export async function projectEvents(
  client: Client,
  schema: string,
  events: readonly SynapEvent[],
): Promise<void> {
  for (const segment of segmentsOf(events)) {
    if ('type' in segment) await sweep(client, schema, segment)
    else await projectRun(client, schema, segment, await findBeginning(client, schema, segment))
  }
}

/**
 * Reads what these events start from, and answers how any of them are applied: as `projectEvents`, without a question in
 * between where they are one run that can be folded.
 */
export async function prepareEvents(
  client: Client,
  schema: string,
  events: readonly SynapEvent[],
): Promise<(events: readonly SynapEvent[]) => Promise<void>> {
  const [run, ...others] = segmentsOf(events)
  if (run === undefined || 'type' in run || others.length > 0)
    return (applied) => projectEvents(client, schema, applied)
  const beginning = await findBeginning(client, schema, run)
  return (applied) => projectRun(client, schema, applied as readonly Foldable[], beginning)
}

async function sweep(client: Client, schema: string, event: Sweep): Promise<void> {
  switch (event.type) {
    case 'tag.merged':
      await replaceLexemes(client, schema, await mergeTag(client, schema, event))
      break
    case 'user.erased':
      await eraseUser(client, schema, event.userId, event.sequence)
      break
    default:
      assertNever(event)
  }
}

/** What a run of events starts from. */
interface Beginning {
  before: States
  /** Of tags, by events that come after some of these. */
  merges: readonly Merge[]
}

async function findBeginning(
  client: Client,
  schema: string,
  events: readonly Foldable[],
): Promise<Beginning> {
  const ids = aggregatesOf(events)
  const hasEntities = ids.entities.length > 0
  const [entities, relations, behind] = await Promise.all([
    hasEntities ? findEntityStates(client, schema, ids.entities) : new Map(),
    ids.relations.length > 0 ? findRelationStates(client, schema, ids.relations) : new Map(),
    hasEntities
      ? findBehind(client, schema, ids.entities, firstSequencesOf(events))
      : { purged: new Set<string>(), merges: [] },
  ])
  return { before: { entities, relations, purged: behind.purged }, merges: behind.merges }
}

/** What it writes last it leaves to the commit. */
async function projectRun(
  client: Client,
  schema: string,
  events: readonly Foldable[],
  { before, merges }: Beginning,
): Promise<void> {
  const { inTime, late } = splitLate(events, merges)
  if (late.size > 0) await projectLate(client, schema, before, late, merges)
  if (inTime.length > 0) await writeEffect(client, schema, before, foldEvents(before, inTime))
}

/** Events of entities whose tags were merged before these came: rare, and dearer. */
async function projectLate(
  client: Client,
  schema: string,
  before: States,
  late: ReadonlyMap<string, readonly Foldable[]>,
  merges: readonly Merge[],
): Promise<void> {
  const merged = await findMergedTags(client, schema, [...late.keys()])
  const { entities, tagNames, merged: left } = foldLate(before, late, merges, merged)
  await writeEffect(client, schema, before, { ...nothing, entities, tagNames })
  const moved = entities.map(({ state }) => state.id)
  if (moved.length > 0) await replaceMergedTags(client, schema, moved, left)
}

const nothing: EventEffect = { entities: [], relations: [], tagNames: [], tagColors: [], settings: [] }

/** Where each user's events in a run begin. */
function firstSequencesOf(events: readonly Foldable[]): Map<string, number> {
  const firsts = new Map<string, number>()
  for (const { userId, sequence } of events) {
    firsts.set(userId, Math.min(sequence, firsts.get(userId) ?? sequence))
  }
  return firsts
}

async function writeEffect(
  client: Client,
  schema: string,
  before: States,
  effect: EventEffect,
): Promise<void> {
  const renamed = effect.tagNames.length > 0 ? await upsertTagNames(client, schema, effect.tagNames) : []
  if (effect.tagColors.length > 0) awaitAtCommit(client, upsertTagColors(client, schema, effect.tagColors))
  if (effect.settings.length > 0) awaitAtCommit(client, upsertSettings(client, schema, effect.settings))
  if (effect.relations.length > 0) awaitAtCommit(client, upsertRelations(client, schema, effect.relations))
  const changed = await writeEntities(client, schema, before, effect.entities)
  const tagged = renamed.length > 0 ? await findEntitiesWithTags(client, schema, renamed) : []
  const stale = [...new Set([...changed.map(({ state }) => state.id), ...tagged])].sort()
  if (stale.length > 0) await replaceLexemes(client, schema, stale, knownOf(before, changed))
}

/** Tags of an entity change neither whether it is found nor what it holds. */
function knownOf(before: States, changed: readonly OwnedEntity[]): KnownOfDocuments {
  const idOf = ({ state }: OwnedEntity) => state.id
  return {
    small: new Set(changed.filter(({ state }) => state.content === null).map(idOf)),
    gone: changed.filter(({ state }) => state.deleted).map(idOf),
    covered: changed
      .filter(({ state }) => isCoverageChanged(before.entities.get(state.id)?.state, state))
      .map(idOf),
  }
}

/** Writes new states; answers those of entities whose searchable document may be another one now. */
async function writeEntities(
  client: Client,
  schema: string,
  before: States,
  entities: readonly OwnedEntity[],
): Promise<OwnedEntity[]> {
  const purged = entities.filter(({ state }) => state.purged)
  if (purged.length > 0) {
    await insertPurgedEntities(client, schema, purged)
    const lost = await deleteEntities(
      client,
      schema,
      purged.map(({ state }) => state.id),
    )
    if (lost.length > 0) await updateUserModels(client, schema, lost)
  }
  const living = entities.filter(({ state }) => !state.purged)
  if (living.length === 0) return []
  // One that the store keeps as it is (somebody else's) keeps its particulars too: the statements look for themselves.
  awaitAtCommit(client, upsertEntities(client, schema, living))
  // Folding keeps what it does not change, so another object means another value.
  const old = (entity: OwnedEntity) => before.entities.get(entity.state.id)?.state
  const withTask = living.filter((entity) => {
    const was = old(entity)
    const { task } = entity.state.particulars
    return task !== undefined && task !== was?.particulars.task
  })
  if (withTask.length > 0) awaitAtCommit(client, upsertTaskDetails(client, schema, withTask))
  const withTags = living.filter((entity) => {
    const was = old(entity)
    return was === undefined ? entity.state.tags.length > 0 : was.tags !== entity.state.tags
  })
  if (withTags.length > 0) awaitAtCommit(client, replaceEntityTags(client, schema, withTags))
  return living.filter((entity) => isDocumentChanged(old(entity), entity.state))
}

type Document = Pick<OwnedEntity['state'], 'title' | 'preview' | 'language' | 'tags' | 'content' | 'deleted'>

function isDocumentChanged(old: Document | undefined, now: Document): boolean {
  if (old === undefined) return true
  return (
    old.title !== now.title ||
    old.preview !== now.preview ||
    old.language !== now.language ||
    old.tags !== now.tags ||
    old.deleted !== now.deleted ||
    old.content?.sha256 !== now.content?.sha256
  )
}

/** What is found by meaning may have become another, or be found no more. */
function isCoverageChanged(old: Document | undefined, now: Document): boolean {
  if (old === undefined) return now.content !== null || now.title !== null
  if (old.deleted !== now.deleted || old.content?.sha256 !== now.content?.sha256) return true
  // Without content it is its title that is found by meaning.
  return now.content === null && old.title !== now.title
}
