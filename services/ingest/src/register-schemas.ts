import { describeError } from '@synap/core'
import { createSchemaRegistry } from '@synap/kafka'
import { createPool } from '@synap/postgres'
import { parseEnv } from '@synap/runtime'
import { environment, registerConfig } from './config.ts'
import { noteSchemas } from './note-schemas.ts'

/** `node register-schemas.ts`: registers every schema of both topics, may be repeated. One JSON line per schema. */
async function main(): Promise<void> {
  const { databaseUrl, schemaRegistryUrl, topicPrefix } = parseEnv(registerConfig, environment())
  const pool = createPool({ url: databaseUrl, applicationName: 'synap-register-schemas' })
  try {
    const registry = createSchemaRegistry({ url: schemaRegistryUrl })
    for (const { subject, id, fingerprint } of await noteSchemas(pool, registry, topicPrefix)) {
      process.stdout.write(`${JSON.stringify({ subject, id, fingerprint })}\n`)
    }
  } finally {
    await pool.end()
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`register-schemas: ${describeError(error)}\n`)
  process.exitCode = 1
})
