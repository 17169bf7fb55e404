import { awaitAtCommit, type Client } from '@synap/postgres'
import { partsOf } from './parts.ts'
import { deleteStaleLexemes, findDocumentSizes, upsertLexemes } from './sql/lexemes.ts'
import { replaceUnsearchable } from './sql/unsearchable.ts'

/**
 * Documents of one statement: the largest (1 MB of words) takes half a second in the index on words, and a tag that is
 * renamed may be on all entities of a user.
 */
const statement = { count: 500, size: 2_097_152, sizeOf: (document: { bytes: number }) => document.bytes }

/** So few that one statement ends in time, however large they are. */
const fewDocuments = 3
/** Small documents of one statement. */
const manyDocuments = 500

/** What is known of entities whose documents are made anew; without it, anything is taken for possible. */
export interface KnownOfDocuments {
  /** Have no content: their documents are a title, a preview and tags. */
  small: ReadonlySet<string>
  /** May have been taken from what is found. */
  gone: readonly string[]
  /** May be found by meaning by another content or title, or no more. */
  covered: readonly string[]
}

/**
 * Brings up to date, whatever has changed about these entities, their searchable documents and the note of what is not
 * found by meaning yet. Of small documents and a few others the transaction does it with its commit.
 */
export async function replaceLexemes(
  client: Client,
  schema: string,
  entityIds: readonly string[],
  { small, gone, covered }: KnownOfDocuments = { small: new Set(), gone: entityIds, covered: entityIds },
): Promise<void> {
  if (gone.length > 0) awaitAtCommit(client, deleteStaleLexemes(client, schema, gone))
  const others = entityIds.filter((id) => !small.has(id))
  if (others.length > fewDocuments) {
    const documents = await findDocumentSizes(client, schema, others)
    for (const part of partsOf(documents, statement)) {
      await upsertLexemes(
        client,
        schema,
        part.map((document) => document.entity_id),
      )
    }
  }
  const atOnce = others.length > fewDocuments ? entityIds.filter((id) => small.has(id)) : entityIds
  for (const part of partsOf(atOnce, { count: manyDocuments, size: manyDocuments, sizeOf: () => 1 }))
    awaitAtCommit(client, upsertLexemes(client, schema, part))
  if (covered.length > 0) awaitAtCommit(client, replaceUnsearchable(client, schema, covered))
}
