import type { z } from 'zod'
import type { EventDefinition } from '../event/define-event.ts'
import type { ValuesOf } from '../event/field.ts'

/**
 * What one type of entity has that others have not, or, as a trait, what an entity of any type may have: events of its
 * own, and what a client may set of it. `docs/how-to/add-an-entity-type.md` makes one, `add-an-event-type.md` a trait.
 */
export interface KindContract {
  /** Of the aggregate `entity`; they begin with the name of the type, those of a trait with `entity`. */
  readonly events: Readonly<Record<string, EventDefinition & { readonly aggregate: 'entity' }>>
  /** One usual delta of each. */
  readonly samples: Readonly<Record<string, unknown>>
  /** `{type: 'task', task: {…}}` in a capture and in a patch; every field may be left out. */
  readonly input: z.ZodObject
  /** True for a trait: it applies to every type. */
  readonly isTrait?: true
}

export function defineKind<const Events extends KindContract['events'], Input extends z.ZodObject>(kind: {
  readonly events: Events
  readonly samples: { readonly [T in keyof Events]: ValuesOf<Events[T]['fields']> }
  readonly input: Input
}) {
  return kind
}

export function defineTrait<const Events extends KindContract['events'], Input extends z.ZodObject>(
  trait: Parameters<typeof defineKind<Events, Input>>[0],
) {
  return { ...defineKind<Events, Input>(trait), isTrait: true } as const
}
