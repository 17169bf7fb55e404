import type { EntityState, Provenance, ProvenanceField } from '../state.ts'
import type { EntityEvent } from './evolve-entity.ts'

/** A program that acts for a person (sync, import) decides like that person; only a model is AI. */
export function authorOf({ id, actor }: Pick<EntityEvent, 'id' | 'actor'>): Provenance {
  return { by: actor.kind === 'ai' ? 'ai' : 'user', eventId: id }
}

/** The provenance after an event has set this field. */
export function setBy(
  state: Pick<EntityState, 'provenance'>,
  event: Pick<EntityEvent, 'id' | 'actor'>,
  field: ProvenanceField,
): EntityState['provenance'] {
  return { ...state.provenance, [field]: authorOf(event) }
}
