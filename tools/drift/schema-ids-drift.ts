import { numberingDifferences } from '@synap/embedded/schema-numbers'

const command = 'node libs/embedded/src/registry/generate-schema-ids.ts'

/** Schemas without an id in the embedded log, and ids whose text is not the one they were given to; one line each. */
export function schemaIdsDrift(): readonly string[] {
  return numberingDifferences().map((line) => `${line}: new schemas get an id by ${command}`)
}
