import { type DerivedType, derivedTypes, schemaFileOf, subjectOf } from '@synap/contracts'
import type { SchemaRegistry } from '@synap/messaging'

/** Registry ids of what is written to the derived topic (its name in use). Rejects with `schema.unregistered` (configuration). */
export async function findSchemaIds(
  registry: Pick<SchemaRegistry, 'idOf'>,
  topic: string,
): Promise<ReadonlyMap<DerivedType, number>> {
  const ids = new Map<DerivedType, number>()
  for (const type of derivedTypes) {
    ids.set(type, await registry.idOf({ subject: subjectOf(topic, type), text: schemaFileOf(type).text }))
  }
  return ids
}
