import { migrations as enricher } from '@synap/enricher'
import { migrations as eventsWriter } from '@synap/events-writer'
import { migrations as ingest } from '@synap/ingest'
import { noteSchemas } from '@synap/ingest/note-schemas'
import { declaredTopics, type MessageLog, type SchemaRegistry } from '@synap/messaging'
import {
  execute,
  findGenerations,
  migrate,
  ownership,
  type Pool,
  type SchemaOwner,
  transaction,
} from '@synap/postgres'
import { migrations as projector } from '@synap/projector'

const directories: Record<SchemaOwner, string> = {
  ingest,
  'events-writer': eventsWriter,
  projector,
  enricher,
}

/** Brings the schemas of all services to the newest migration, one after the other, less one index. */
export async function migrateAll(pool: Pool, signal: AbortSignal): Promise<void> {
  for (const [service, { role, schemas, extensions }] of Object.entries(ownership)) {
    const directory = directories[service as SchemaOwner]
    await migrate(pool, { service, schema: schemas, role, extensions, directory, signal })
  }
  await dropVectorIndex(pool)
}

/**
 * Here each vector costs the index over all of them some 20 ms of the one connection, which is most of an import, and
 * keeps HTTP waiting for seconds. Search reads the vectors of one user without it anyhow, up to 20,000 of them.
 */
async function dropVectorIndex(pool: Pool): Promise<void> {
  const { role, schemas } = ownership.projector
  const names = [...(await findGenerations(pool, schemas)).values()].flat()
  await transaction(pool, { role }, async (client) => {
    for (const name of names)
      await execute(client, { text: `drop index if exists ${name}.entity_vectors_hnsw` })
  })
}

/** Makes what the services expect to find besides their schemas. The same on every start. */
export async function prepareLog(
  pool: Pool,
  log: Pick<MessageLog, 'createTopics'>,
  registry: Pick<SchemaRegistry, 'register'>,
  signal: AbortSignal,
): Promise<void> {
  await log.createTopics(declaredTopics(), signal)
  await noteSchemas(pool, registry)
}
