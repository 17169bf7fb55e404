import type { Client } from '@synap/postgres'
import { type DerivedChange, foldDerived } from './fold-derived.ts'
import { partsOf } from './parts.ts'
import { replaceLexemes } from './replace-lexemes.ts'
import { replaceChosenModels } from './sql/chosen-models.ts'
import {
  deleteTextBlocks,
  deleteVectorBlocks,
  insertTextBlocks,
  insertVectors,
  updateUserModels,
  vectorRowsOf,
} from './sql/derived-blocks.ts'
import { deleteLinkBlocks, insertLinks, linkRowsOf } from './sql/links.ts'
import { findPurged, shareUserPositions } from './sql/purge.ts'

/** A record of the derived topic with the text that its words are taken from. */
export interface ReadDerived {
  change: DerivedChange
  /** Null when there is none to read. */
  body: string | null
}

/**
 * Applies derived records, in their order, to the read model in the caller's transaction. Holds the positions of their
 * users `for share`, so that a purge comes either before, and is seen here, or after, and removes what is written here.
 * Needs no entity to be there: derived data may come first.
 */
export async function projectDerived(
  client: Client,
  schema: string,
  records: readonly ReadDerived[],
): Promise<void> {
  const places = records.map(({ change }) => placeOf(change))
  const users = [...new Set(places.map((place) => place.userId))].sort()
  await shareUserPositions(client, schema, users)
  const purged = await findPurged(client, schema, [
    ...users,
    ...new Set(places.map((place) => place.entityId)),
  ])
  const current = records.filter(({ change }) => {
    const { userId, entityId } = placeOf(change)
    return !purged.has(userId) && !purged.has(entityId)
  })
  if (current.length === 0) return

  const { removals, texts, vectors, chosen } = foldDerived(current.map(({ change }) => change))
  const bodies = new Map<object, string | null>()
  for (const { change, body } of current) if (change.kind === 'record') bodies.set(change.record, body)
  const counts = await deleteVectorBlocks(client, schema, removals)
  await deleteTextBlocks(client, schema, removals)
  await deleteLinkBlocks(client, schema, removals)
  const reads = texts.map((block) => ({ block, body: bodies.get(block) ?? null }))
  for (const part of partsOf(reads, textsPerStatement)) await insertTextBlocks(client, schema, part)
  for (const part of partsOf(linkRowsOf(texts), linksPerStatement)) await insertLinks(client, schema, part)
  for (const part of partsOf(vectorRowsOf(vectors), vectorsPerStatement)) {
    counts.push(...(await insertVectors(client, schema, part)))
  }
  if (counts.length > 0) await updateUserModels(client, schema, counts)
  if (chosen.size > 0) await replaceChosenModels(client, schema, chosen)
  const entities = [...new Set(removals.map((removal) => removal.entityId))].sort()
  await replaceLexemes(client, schema, entities)
}

/** Taking the words of a megabyte of text takes about a third of a second. */
const textsPerStatement = {
  count: 50,
  size: 2_097_152,
  sizeOf: (text: { body: string | null }) => text.body?.length ?? 0,
}
/** A row is small; a batch of pages full of links has fifty thousand. */
const linksPerStatement = { count: 5_000, size: 5_000, sizeOf: () => 1 }
/** Each vector takes some milliseconds in the index on vectors. */
const vectorsPerStatement = { count: 128, size: 128, sizeOf: () => 1 }

function placeOf(change: DerivedChange) {
  return change.kind === 'tombstone' ? change.place : change.record
}
