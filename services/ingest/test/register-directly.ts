import { eventTypes, recordNameOf, schemaFileOf } from '@synap/contracts'
import type { Pool } from '@synap/postgres'
import { inTransaction } from '../src/database.ts'
import { upsertSchema } from '../src/sql/schemas.ts'

/** What the register command notes, with ids 1, 2, … and without a registry. */
export async function registerDirectly(pool: Pool): Promise<void> {
  await inTransaction(pool, async (client) => {
    for (const [index, type] of eventTypes.entries()) {
      const { text, subject, fingerprint } = schemaFileOf(type)
      await upsertSchema(client, {
        fingerprint: fingerprint.toString('hex'),
        record_name: recordNameOf(type),
        subject,
        schema: text,
        registry_id: index + 1,
      })
    }
  })
}
