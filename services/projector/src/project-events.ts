import type { SynapEvent } from '@synap/contracts'
import { assertNever } from '@synap/core'
import type { Client } from '@synap/postgres'
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
import { replaceLexemes } from './replace-lexemes.ts'
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
    else await projectRun(client, schema, segment)
  }
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

async function projectRun(client: Client, schema: string, events: readonly Foldable[]): Promise<void> {
  const ids = aggregatesOf(events)
  const behind =
    ids.entities.length === 0
      ? { purged: new Set<string>(), merges: [] }
      : await findBehind(client, schema, ids.entities, firstSequencesOf(events))
  const before: States = {
    entities: ids.entities.length === 0 ? new Map() : await findEntityStates(client, schema, ids.entities),
    relations:
      ids.relations.length === 0 ? new Map() : await findRelationStates(client, schema, ids.relations),
    purged: behind.purged,
  }
  const { inTime, late } = splitLate(events, behind.merges)
  if (late.size > 0) await projectLate(client, schema, before, late, behind.merges)
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
  if (effect.tagColors.length > 0) await upsertTagColors(client, schema, effect.tagColors)
  if (effect.settings.length > 0) await upsertSettings(client, schema, effect.settings)
  if (effect.relations.length > 0) await upsertRelations(client, schema, effect.relations)
  const changed = await writeEntities(client, schema, before, effect.entities)
  const tagged = renamed.length > 0 ? await findEntitiesWithTags(client, schema, renamed) : []
  const stale = [...new Set([...changed, ...tagged])].sort()
  if (stale.length > 0) await replaceLexemes(client, schema, stale)
}

/** Writes new states; answers the entities whose searchable document may be another one now. */
async function writeEntities(
  client: Client,
  schema: string,
  before: States,
  entities: readonly OwnedEntity[],
): Promise<string[]> {
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
  const ids = await upsertEntities(client, schema, living)
  const written = living.filter(({ state }) => ids.has(state.id))
  // Folding keeps what it does not change, so another object means another value.
  const old = (entity: OwnedEntity) => before.entities.get(entity.state.id)?.state
  const withTask = written.filter((entity) => {
    const was = old(entity)
    const { task } = entity.state.particulars
    return task !== undefined && task !== was?.particulars.task
  })
  if (withTask.length > 0) await upsertTaskDetails(client, schema, withTask)
  const withTags = written.filter((entity) => {
    const was = old(entity)
    return was === undefined ? entity.state.tags.length > 0 : was.tags !== entity.state.tags
  })
  if (withTags.length > 0) await replaceEntityTags(client, schema, withTags)
  return written.filter((entity) => isDocumentChanged(old(entity), entity.state)).map(({ state }) => state.id)
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
