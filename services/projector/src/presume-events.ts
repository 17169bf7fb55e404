import type { SynapEvent } from '@synap/contracts'
import { awaitAtCommit, type Client } from '@synap/postgres'
import { aggregatesOf, type Foldable, foldEvents, type OwnedEntity } from './fold-events.ts'
import { replaceEntityTags, upsertTaskDetails } from './sql/details.ts'
import { upsertEntities } from './sql/entities.ts'
import { insertLexemes } from './sql/lexemes.ts'
import { refuseBehind } from './sql/merged-tags.ts'
import { insertUnsearchable } from './sql/unsearchable.ts'

/** So few texts that one statement makes the documents of all in time, however large they are. */
const fewTexts = 3

/**
 * How events are applied that begin entities, each of which is new: without a look at what there is. Undefined for any others. The
 * transaction fails when there is an entity already, or something has happened to it behind these events.
 */
export function presumeEvents(
  schema: string,
  events: readonly SynapEvent[],
): ((client: Client) => Promise<void>) | undefined {
  const begins = events.every(
    (event): event is Foldable => event.type === 'entity.created' && event.version === 1,
  )
  if (!begins) return undefined
  const ids = aggregatesOf(events).entities
  const { entities } = foldEvents({ entities: new Map(), relations: new Map(), purged: new Set() }, events)
  const texts = entities.filter(({ state }) => state.content !== null)
  if (ids.length !== events.length || texts.length > fewTexts) return undefined
  return async (client) => {
    awaitAtCommit(client, refuseBehind(client, schema, ids, events))
    writeNew(client, schema, entities)
  }
}

function writeNew(client: Client, schema: string, entities: readonly OwnedEntity[]): void {
  const idOf = ({ state }: OwnedEntity) => state.id
  const withTask = entities.filter(({ state }) => state.particulars.task !== undefined)
  const withTags = entities.filter(({ state }) => state.tags.length > 0)
  const covered = entities.filter(({ state }) => state.content !== null || state.title !== null)
  awaitAtCommit(client, upsertEntities(client, schema, entities))
  if (withTask.length > 0) awaitAtCommit(client, upsertTaskDetails(client, schema, withTask))
  if (withTags.length > 0) awaitAtCommit(client, replaceEntityTags(client, schema, withTags))
  awaitAtCommit(client, insertLexemes(client, schema, entities.map(idOf)))
  if (covered.length > 0) awaitAtCommit(client, insertUnsearchable(client, schema, covered.map(idOf)))
}
