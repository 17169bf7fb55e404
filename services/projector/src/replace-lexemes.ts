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

/**
 * Brings up to date, whatever has changed about these entities, their searchable documents and the note of what is not
 * found by meaning yet. Of a few entities the transaction does it with its commit.
 */
export async function replaceLexemes(
  client: Client,
  schema: string,
  entityIds: readonly string[],
): Promise<void> {
  if (entityIds.length <= fewDocuments) {
    awaitAtCommit(client, deleteStaleLexemes(client, schema, entityIds))
    awaitAtCommit(client, upsertLexemes(client, schema, entityIds))
    awaitAtCommit(client, replaceUnsearchable(client, schema, entityIds))
    return
  }
  await deleteStaleLexemes(client, schema, entityIds)
  const documents = await findDocumentSizes(client, schema, entityIds)
  for (const part of partsOf(documents, statement)) {
    await upsertLexemes(
      client,
      schema,
      part.map((document) => document.entity_id),
    )
  }
  await replaceUnsearchable(client, schema, entityIds)
}
