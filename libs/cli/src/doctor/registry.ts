import { schemaFiles, subjectOf } from '@synap/contracts'
import { SynapError } from '@synap/core'
import { createSchemaRegistry } from '@synap/kafka'
import { type Check, type Finding, failed, ok } from './check.ts'
import { serverSettings, startServers } from './context.ts'

export const registry: Check = {
  name: 'registry',
  deadlineMs: 15_000,
  otherwise: (context) => startServers(context, 'SCHEMA_REGISTRY_URL'),
  run: async (context, signal) => {
    const settings = serverSettings(context, ['SCHEMA_REGISTRY_URL'])
    if (settings === undefined) return undefined
    const client = createSchemaRegistry({ url: settings.SCHEMA_REGISTRY_URL })
    await client.ping()
    const prefix = context.environment['TOPIC_PREFIX'] ?? ''
    const files = schemaFiles()
    const missing: string[] = []
    for (const { topic, recordName, text } of files) {
      signal.throwIfAborted()
      const subject = subjectOf(`${prefix}${topic}`, recordName)
      await client.idOf({ subject, text }).catch((error: unknown) => {
        if (!(error instanceof SynapError) || error.code !== 'schema.unregistered') throw error
        missing.push(recordName)
      })
    }
    return judgeSchemas(missing, files.length)
  },
}

export function judgeSchemas(missing: readonly string[], all: number): Finding {
  const [first] = missing
  if (first === undefined) return ok(`all ${all} schemas are registered`)
  const others = missing.length === 1 ? '' : ` and ${missing.length - 1} more`
  return failed(`not registered: ${first}${others}`, './synap setup')
}
