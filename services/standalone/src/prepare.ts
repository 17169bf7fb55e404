import { migrations as enricher } from '@synap/enricher'
import { migrations as eventsWriter } from '@synap/events-writer'
import { migrations as ingest } from '@synap/ingest'
import { noteSchemas } from '@synap/ingest/note-schemas'
import { declaredTopics, type MessageLog, type SchemaRegistry } from '@synap/messaging'
import { migrate, ownership, type Pool, type SchemaOwner } from '@synap/postgres'
import { migrations as projector } from '@synap/projector'

const directories: Record<SchemaOwner, string> = {
  ingest,
  'events-writer': eventsWriter,
  projector,
  enricher,
}

/** Brings the schemas of all services to the newest migration, one after the other. */
export async function migrateAll(pool: Pool, signal: AbortSignal): Promise<void> {
  for (const [service, { role, schemas, extensions }] of Object.entries(ownership)) {
    const directory = directories[service as SchemaOwner]
    await migrate(pool, { service, schema: schemas, role, extensions, directory, signal })
  }
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
