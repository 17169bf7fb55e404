import { schemaFiles } from '@synap/contracts'
import { sha256Hex } from '@synap/core'
import { type NumberedSchema, readSchemaFolder, schemaFileName } from './schema-files.ts'
import { schemaFingerprints } from './schema-ids.ts'

/** What the numbering should be, given what has been numbered and what the contracts say today. */
export interface Numbering {
  /** Schemas that have no id yet, under the next free ones. */
  missing: readonly NumberedSchema[]
  /** Every fingerprint, in the order of the ids. */
  fingerprints: readonly string[]
}

/** Gives the next ids to schemas that have none. Ids that were given out stay as they are. */
export function numberSchemas(known: readonly string[] = schemaFingerprints): Numbering {
  const fingerprints = [...known]
  const missing: NumberedSchema[] = []
  for (const { fileName, text } of schemaFiles()) {
    const fingerprint = sha256Hex(text)
    if (fingerprints.includes(fingerprint)) continue
    fingerprints.push(fingerprint)
    missing.push({ id: fingerprints.length, name: fileName.replace(/\.avsc$/, ''), text })
  }
  return { missing, fingerprints }
}

/** What is wrong with the numbered files, one line each; empty when every schema of today has its id. */
export function numberingDifferences(
  known: readonly string[] = schemaFingerprints,
  files: readonly NumberedSchema[] = readSchemaFolder(),
): string[] {
  const unnumbered = numberSchemas(known).missing.map(({ name }) => `${name} has no id yet`)
  const strangers = files
    .filter(({ id, text }) => known[id - 1] !== sha256Hex(text))
    .map((file) => `${schemaFileName(file)} is not the text that got this id: ids and texts never change`)
  const lost = known
    .map((_, index) => index + 1)
    .filter((id) => files.filter((file) => file.id === id).length !== 1)
    .map((id) => `id ${id} does not have exactly one file`)
  return [...unnumbered, ...strangers, ...lost]
}
