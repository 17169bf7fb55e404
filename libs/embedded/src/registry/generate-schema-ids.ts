import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { numberSchemas } from './number-schemas.ts'
import { readSchemaFolder, schemaFileName, schemaFolder } from './schema-files.ts'

/** `node libs/embedded/src/registry/generate-schema-ids.ts`: gives ids to new schemas. Commit what it writes. */
const { missing, fingerprints } = numberSchemas()
for (const schema of missing) writeFileSync(join(schemaFolder, schemaFileName(schema)), schema.text)

const names = new Map(readSchemaFolder().map(({ id, name }) => [id, name]))
const lines = fingerprints.map((fingerprint, index) => {
  const id = index + 1
  return `  '${fingerprint}', // ${id} ${names.get(id) ?? ''}`
})
writeFileSync(
  join(import.meta.dirname, 'schema-ids.ts'),
  `/**
 * SHA-256 of every schema that ever got an id in the embedded log; the first has id 1. Written by
 * \`node libs/embedded/src/registry/generate-schema-ids.ts\`, which only adds: an id stands in stored records.
 */
export const schemaFingerprints: readonly string[] = [
${lines.join('\n')}
]
`,
)
process.stdout.write(`${missing.length} ids given out, ${fingerprints.length} in all\n`)
