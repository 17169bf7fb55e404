import { type SchemaFile, schemaFiles, subjectOf } from '@synap/contracts'
import { describeError } from '@synap/core'
import { createSchemaRegistry } from '@synap/kafka'
import { createPool } from '@synap/postgres'
import { parseEnv } from '@synap/runtime'
import { environment, registerConfig } from './config.ts'
import { inTransaction } from './database.ts'
import { upsertSchema } from './sql/schemas.ts'

/**
 * `node register-schemas.ts`: registers every schema of both topics and notes their ids in `write.schemas`, where the
 * relay takes them from. May be repeated. One JSON line per schema.
 */
async function main(): Promise<void> {
  const { databaseUrl, schemaRegistryUrl, topicPrefix } = parseEnv(registerConfig, environment())
  const files = schemaFiles().map((file) => ({ ...file, subject: prefixed(file, topicPrefix) }))
  const registered = await createSchemaRegistry({ url: schemaRegistryUrl }).register(files)
  const pool = createPool({ url: databaseUrl, applicationName: 'synap-register-schemas' })
  try {
    await inTransaction(pool, async (client) => {
      for (const [index, { subject, id, fingerprint }] of registered.entries()) {
        const { recordName = '', text = '' } = files[index] ?? {}
        const row = { fingerprint, subject, record_name: recordName, schema: text, registry_id: id }
        await upsertSchema(client, row)
        process.stdout.write(`${JSON.stringify({ subject, id, fingerprint })}\n`)
      }
    })
  } finally {
    await pool.end()
  }
}

const prefixed = ({ topic, recordName }: SchemaFile, prefix: string) =>
  subjectOf(`${prefix}${topic}`, recordName)

main().catch((error: unknown) => {
  process.stderr.write(`register-schemas: ${describeError(error)}\n`)
  process.exitCode = 1
})
