import { type SchemaFile, schemaFiles, subjectOf } from '@synap/contracts'
import type { RegisteredSchema, SchemaRegistry } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { upsertSchema } from './sql/schemas.ts'

/**
 * Registers every schema of both topics and notes their ids in `write.schemas`, where the relay takes them from. May be
 * repeated. Rejects as `SchemaRegistry.register` does.
 */
export async function noteSchemas(
  pool: Pool,
  registry: Pick<SchemaRegistry, 'register'>,
  topicPrefix = '',
): Promise<RegisteredSchema[]> {
  const files = schemaFiles().map((file) => ({ ...file, subject: prefixed(file, topicPrefix) }))
  const registered = await registry.register(files)
  await inTransaction(pool, async (client) => {
    for (const [index, { subject, id, fingerprint }] of registered.entries()) {
      const { recordName = '', text = '' } = files[index] ?? {}
      const row = { fingerprint, subject, record_name: recordName, schema: text, registry_id: id }
      await upsertSchema(client, row)
    }
  })
  return registered
}

const prefixed = ({ topic, recordName }: SchemaFile, prefix: string) =>
  subjectOf(`${prefix}${topic}`, recordName)
