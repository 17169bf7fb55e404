import type { z } from 'zod'
import type { EventDefinition } from '../event/define-event.ts'
import type { ValuesOf } from '../event/field.ts'

/**
 * What one type of entity has that others have not: events of its own, and what a client may set of it.
 * `docs/how-to/add-an-entity-type.md` makes one.
 */
export interface KindContract {
  /** Of the aggregate `entity`; they begin with the name of the type. */
  readonly events: Readonly<Record<string, EventDefinition & { readonly aggregate: 'entity' }>>
  /** One usual delta of each. */
  readonly samples: Readonly<Record<string, unknown>>
  /** `{type: 'task', task: {…}}` in a capture and in a patch; every field may be left out. */
  readonly input: z.ZodObject
}

export function defineKind<const Events extends KindContract['events'], Input extends z.ZodObject>(kind: {
  readonly events: Events
  readonly samples: { readonly [T in keyof Events]: ValuesOf<Events[T]['fields']> }
  readonly input: Input
}) {
  return kind
}
