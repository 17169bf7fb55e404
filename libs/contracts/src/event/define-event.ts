import type { AggregateType } from '../vocabularies.ts'
import type { Fields } from './field.ts'

/**
 * The one definition of an event type: TypeScript type, validation, Avro schema and reference page come from it.
 *
 * `text` says what free text its delta may hold, hence which bound of size it has to keep (`sizes.test.ts`):
 * `none` ≤ 92 bytes framed, `short` ≤ 120 with a short text, `more` (references, ids, several values) none of the two.
 */
export interface EventDefinition {
  readonly aggregate: AggregateType
  readonly doc: string
  readonly text: 'none' | 'short' | 'more'
  readonly fields: Fields
}

export function defineEvents<const Definitions extends Readonly<Record<string, EventDefinition>>>(
  definitions: Definitions,
): Definitions {
  return definitions
}
